using System.Diagnostics;
using UNetGen.Files;
using UNetGen.Runtime.Tests.Native;

namespace UNetGen.Runtime.Tests.Files;

public sealed class WriterLockTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private string Run => folder.File("run");

    public void Dispose() => folder.Dispose();

    [Fact]
    public void One_at_a_time_holds_a_folder_and_the_other_is_told_who()
    {
        using (WriterLock.OfFolder(Run))
        {
            var error = Assert.Throws<LockedException>(() => WriterLock.OfFolder(Run));
            Assert.Equal("this process", error.Holder);
            Assert.Equal(
                $"{Run} is being written by this process already, and only one call at a time may write it. Wait until that one has ended.",
                error.Message);
        }
        using var next = WriterLock.OfFolder(Run);
        Assert.True(next.IsEnforced);
    }

    [LinuxFact]
    public void It_follows_its_folder_and_takes_its_file_away_where_that_is_now()
    {
        var held = WriterLock.OfFolder(Run);
        Assert.Equal(Run, held.Folder);
        Directory.CreateDirectory(folder.File("moved"));
        Directory.Move(Run, folder.File("moved/run"));
        Directory.Move(folder.File("moved"), folder.File("again"));
        Assert.Equal(folder.File("again/run"), held.Folder);
        File.WriteAllText(folder.File("again/run/result"), "");
        // What another has begun under the old name is his.
        using var other = WriterLock.OfFile(Path.Combine(Run, "result"));

        held.Dispose();

        Assert.Equal([folder.File("again/run/result")], Directory.GetFiles(folder.File("again/run")));
        Assert.Equal(Run, other.Folder);
    }

    [Fact]
    public void Where_its_file_alone_was_deleted_the_folder_is_where_it_was()
    {
        using var held = WriterLock.OfFolder(Run);
        File.Delete(Path.Combine(Run, WriterLock.FileName));
        Assert.Equal(Run, held.Folder);
    }

    [LinuxFact]
    public void A_folder_that_has_gone_is_told()
    {
        using var held = WriterLock.OfFolder(Run);
        Directory.Delete(Run, recursive: true);
        Assert.Equal(
            $"The folder {Run} isn't there any more: it was moved or deleted meanwhile.",
            Assert.Throws<IOException>(() => held.Folder).Message);
    }

    [LinuxFact]
    public void What_stands_in_the_place_of_its_file_and_is_none_stays_as_it_is()
    {
        Directory.CreateDirectory(Run);
        var place = Path.Combine(Run, WriterLock.FileName);
        folder.Write("picture.png", [1, 2, 3]);
        File.CreateSymbolicLink(place, folder.File("picture.png"));
        Assert.Equal(
            $"{Run} can't be written: {place}, the file of its lock, is a link to {folder.File("picture.png")}; take it away.", Refusal());
        Assert.Equal([1, 2, 3], File.ReadAllBytes(folder.File("picture.png")));

        File.Delete(place);
        File.WriteAllText(place, "my notes");
        Assert.Equal($"{Run} can't be written: {place}, the file of its lock, is something else; take it away.", Refusal());
        Assert.Equal("my notes", File.ReadAllText(place));

        File.Delete(place);
        Process.Start("mkfifo", [place]).WaitForExit();
        Assert.Equal(
            $"{Run} can't be written: {place}, the file of its lock, is a named pipe, no regular file; take it away.", Refusal());

        File.Delete(place);
        Directory.CreateDirectory(place);
        Assert.Equal(
            $"{Run} can't be written: {place}, the file of its lock, is a folder, no regular file; take it away.", Refusal());

        Directory.Delete(place);
        foreach (var left in new[] { "", "\0\0\0", "process 1 on " })
        {
            File.WriteAllText(place, left);
            WriterLock.OfFolder(Run).Dispose();
        }

        string Refusal() => Assert.Throws<IOException>(() => WriterLock.OfFolder(Run)).Message;
    }

    [LinuxFact]
    public void A_name_that_has_lost_bytes_is_refused_and_one_that_has_that_sign_in_truth_is_none()
    {
        const string fault = "it has a name that isn't UTF-8, by which it can't be opened (\uFFFD stands for what isn't): rename it.";
        var lost = folder.File("o\uFFFD");
        Assert.Equal($"{lost} can't be written: {fault}", Assert.Throws<IOException>(() => WriterLock.OfFolder(lost)).Message);
        var picture = Path.Combine(lost, "a.png");
        Assert.Equal($"{picture} can't be written: {fault}", Assert.Throws<IOException>(() => WriterLock.OfFile(picture)).Message);
        Assert.Equal($"{picture} can't be written: {fault}", Assert.Throws<IOException>(() => AtomicFile.Write(picture, _ => { })).Message);
        Assert.Empty(Directory.EnumerateFileSystemEntries(folder.Path));

        Directory.CreateDirectory(lost);
        WriterLock.OfFolder(lost).Dispose();
        WriterLock.OfFile(picture).Dispose();
        AtomicFile.Write(picture, _ => { });
        Assert.Equal([picture], Directory.EnumerateFileSystemEntries(lost));
    }

    [Fact]
    public async Task Who_waits_has_it_when_it_is_given_up()
    {
        var alone = WriterLock.OfFolder(Run);
        var next = Task.Run(() => WriterLock.OfFolder(Run, wait: TimeSpan.MaxValue));
        Assert.False(next.IsCompleted);
        alone.Dispose();
        (await next).Dispose();
    }

    [LinuxFact]
    public void Another_name_of_the_folder_is_the_same_folder()
    {
        using var alone = WriterLock.OfFolder(Run);
        Directory.CreateSymbolicLink(folder.File("link"), Run);
        Assert.Throws<LockedException>(() => WriterLock.OfFolder(folder.File("link")));
    }

    [Fact]
    public void A_folder_that_was_made_for_it_goes_again_if_nothing_was_put_in_and_others_stay()
    {
        WriterLock.OfFolder(Run).Dispose();
        Assert.False(Directory.Exists(Run));

        Directory.CreateDirectory(Run);
        WriterLock.OfFolder(Run).Dispose();
        Assert.Empty(Directory.GetFileSystemEntries(Run));

        using (WriterLock.OfFolder(folder.File("filled")))
            folder.Write("filled/log.jsonl", [1]);
        Assert.Equal([folder.File("filled/log.jsonl")], Directory.GetFileSystemEntries(folder.File("filled")));
    }

    [LinuxFact]
    public void A_folder_that_was_made_and_renamed_goes_under_its_new_name_and_another_s_under_the_old_one_stays()
    {
        using (WriterLock.OfFolder(Run))
        {
            Directory.Move(Run, folder.File("renamed"));
            Directory.CreateDirectory(Run);
        }
        Assert.Equal([Run], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void A_file_is_read_and_replaced_while_it_is_held_and_another_beside_it_is_free()
    {
        var file = folder.Write("log.jsonl", [1]);
        using (WriterLock.OfFile(file))
        {
            Assert.Throws<LockedException>(() => WriterLock.OfFile(file));
            WriterLock.OfFile(folder.File("other.jsonl")).Dispose();
            AtomicFile.Write(file, stream => stream.Write([2]));
            Assert.Throws<LockedException>(() => WriterLock.OfFile(file));
            Assert.Equal([2], File.ReadAllBytes(file));
        }
        Assert.Equal([file], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void What_can_t_be_written_to_is_told_by_its_own_name()
    {
        var file = folder.Write("file", [1]);
        var run = Path.Combine(file, "run");
        Assert.StartsWith($"{run} can't be written: ", Assert.Throws<IOException>(() => WriterLock.OfFolder(run)).Message);
    }

    [Fact]
    public void Another_process_is_named_and_killed_it_locks_nobody_out()
    {
        var command = TorchProcess.Command("lock", "hold", Run);
        using var other = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        try
        {
            Assert.Equal(LockingProcess.Taken, other.StandardOutput.ReadLine());
            var error = Assert.Throws<LockedException>(() => WriterLock.OfFolder(Run));
            Assert.StartsWith($"process {other.Id} on {Environment.MachineName}, since ", error.Holder);
            Assert.Matches(@"since \d{4}-\d\d-\d\d \d\d:\d\d:\d\d [+-]\d\d:\d\d$", error.Holder);
            Assert.StartsWith($"{Run} is being written by {error.Holder}, and only one at a time may write it. Wait until ", error.Message);
        }
        finally
        {
            other.Kill();
            other.WaitForExit();
        }

        Assert.True(File.Exists(Path.Combine(Run, WriterLock.FileName)));
        using (WriterLock.OfFolder(Run))
            Assert.Throws<LockedException>(() => WriterLock.OfFolder(Run));
        Assert.Empty(Directory.GetFileSystemEntries(Run));
    }

    [Fact]
    public void A_lock_s_file_that_is_gone_is_told_from_one_that_can_t_be_read() =>
        // Who took the first for the second would ask again whether it is there, and take another's for his own.
        Assert.Throws<FileNotFoundException>(() => FileLock.Read(folder.File("gone")));

    [Fact]
    public async Task Processes_that_take_it_in_turns_never_hold_it_together()
    {
        // Each giving up takes the lock's file away, and the folder where it is empty: the next may just be opening it.
        const int processes = 4;
        const int times = 100;
        var number = folder.Write("number", "0"u8.ToArray());

        var results = await Task.WhenAll(
            Enumerable.Range(0, processes).Select(_ => TorchProcess.Run(["lock", "count", Run, number, $"{times}"])));

        Assert.All(results, result => Assert.True(result.ExitCode == 0, result.Output));
        Assert.Equal($"{processes * times}", File.ReadAllText(number));
        Assert.Equal([number], Directory.GetFiles(folder.Path, "*", SearchOption.AllDirectories));
    }
}
