using System.Diagnostics;
using System.Runtime.Versioning;
using System.Text;
using UNetGen.Files;

namespace UNetGen.Runtime.Tests.Files;

public sealed class AtomicFileTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_file_is_written_into_a_new_folder_and_replaced_as_a_whole()
    {
        var path = Path.Combine(folder.Path, "new", "file");
        AtomicFile.Write(path, stream => stream.Write("a long first text"u8));
        AtomicFile.Write(path, stream => stream.Write("second"u8));
        Assert.Equal("second", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
    }

    [Fact]
    public async Task Who_tries_a_file_takes_nothing_from_one_who_is_writing_it()
    {
        var path = folder.File("file");
        await using (new Meanwhile(() => AtomicFile.Try(path)))
        {
            for (var i = 0; i < 500; i++)
                AtomicFile.Write(path, stream => stream.Write(BitConverter.GetBytes(i)));
        }

        Assert.Equal(499, BitConverter.ToInt32(File.ReadAllBytes(path)));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Who_tidies_up_takes_no_folder_from_one_who_is_filling_it_and_those_of_killed_processes_go()
    {
        var path = folder.File("target");
        var abandoned = Path.Combine(folder.Path, $".target.{Guid.NewGuid():N}.tmp");
        AtomicFolder.Write(path, unfinished =>
        {
            Directory.CreateDirectory(abandoned);
            AtomicFile.DeleteUnfinished(path);
            File.WriteAllText(Path.Combine(unfinished, "file"), "whole");
        });
        Assert.Equal("whole", File.ReadAllText(Path.Combine(path, "file")));

        AtomicFile.DeleteUnfinished(path);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public async Task A_file_that_another_deletes_meanwhile_is_written_all_the_same()
    {
        var path = folder.File("file");
        await using var deleting = new Meanwhile(() => File.Delete(path));

        for (var i = 0; i < 500; i++)
            AtomicFile.Write(path, stream => stream.WriteByte(1));
    }

    [Fact]
    public void Of_two_who_fill_a_folder_at_once_the_second_is_told_that_it_is_there()
    {
        var path = folder.File("target");
        AtomicFolder.RequireFree(path);

        var error = Assert.Throws<UNetGenException>(() => AtomicFolder.Write(
            path, _ => AtomicFolder.Write(path, other => File.WriteAllText(Path.Combine(other, "file"), "first"))));

        Assert.Equal($"{path} is there already, and not an empty folder; name another.", error.Message);
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
        Assert.Equal("first", File.ReadAllText(Path.Combine(path, "file")));
    }

    [LinuxFact]
    public void A_named_pipe_stays_one_and_a_link_leads_to_what_is_written()
    {
        var pipe = folder.File("pipe");
        using (var made = Process.Start("mkfifo", [pipe]))
            made.WaitForExit();
        foreach (var write in (Action[])[() => AtomicFile.Write(pipe, stream => stream.Write("lost"u8)), () => AtomicFile.Try(pipe)])
            Assert.Equal($"{pipe} can't be written: a named pipe is there.", Assert.Throws<IOException>(write).Message);
        Assert.Equal("a named pipe", RegularFile.OtherKind(pipe));

        var (link, target) = (folder.File("link"), folder.File("elsewhere/target"));
        Directory.CreateDirectory(folder.File("elsewhere"));
        File.CreateSymbolicLink(link, target);
        foreach (var text in (string[])["new", "newer"])
        {
            AtomicFile.Write(link, stream => stream.Write(Encoding.UTF8.GetBytes(text)));
            Assert.Equal(text, File.ReadAllText(target));
            Assert.Equal(target, new FileInfo(link).LinkTarget);
        }
        Assert.Equal([target], Directory.GetFiles(folder.File("elsewhere")));
    }

    [LinuxFact]
    [SupportedOSPlatform("linux")]
    public void Who_may_read_the_file_that_is_replaced_may_read_the_new_one()
    {
        var path = folder.Write("file", "old"u8.ToArray());
        foreach (var mode in (UnixFileMode[])[
            UnixFileMode.UserRead | UnixFileMode.UserWrite, UnixFileMode.UserRead,
            UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.GroupRead | UnixFileMode.OtherRead])
        {
            File.SetUnixFileMode(path, mode);
            AtomicFile.Write(path, stream => stream.Write("new"u8));
            Assert.Equal(mode, File.GetUnixFileMode(path));
        }
    }

    [Fact]
    public void When_writing_fails_the_old_file_stays_and_nothing_lies_beside_it()
    {
        var path = folder.Write("file", "old"u8.ToArray());
        Assert.Throws<InvalidOperationException>(() => AtomicFile.Write(path, stream =>
        {
            stream.Write("half"u8);
            throw new InvalidOperationException();
        }));
        Assert.Equal("old", File.ReadAllText(path));
        Assert.Equal([path], Directory.GetFiles(folder.Path));
    }

    [Fact]
    public void Trying_leaves_what_is_there_and_nothing_beside_it()
    {
        var path = folder.Write("file", "old"u8.ToArray());
        AtomicFile.Try(path);
        Assert.Equal("old", File.ReadAllText(path));
        AtomicFile.Try(folder.File("new"));
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void Trying_takes_away_what_killed_processes_have_left_of_that_file_alone()
    {
        const string left = ".0123456789abcdef0123456789abcdef.tmp";
        folder.Write($".file{left}", "half"u8.ToArray());
        var others = folder.Write($".file2{left}", "half"u8.ToArray());
        var notOurs = folder.Write(".file.mine.tmp", "whole"u8.ToArray());
        var path = folder.File("file");
        AtomicFile.Write(path, stream =>
        {
            stream.Write("whole"u8);
            // Another command is to write the same file, while this one does.
            AtomicFile.Try(path);
        });
        Assert.Equal([notOurs, others, path], Directory.GetFileSystemEntries(folder.Path).Order(StringComparer.Ordinal));
        Assert.Equal("whole", File.ReadAllText(path));
    }

    [Fact]
    public void What_can_t_be_written_is_told_by_trying_as_by_writing()
    {
        var path = folder.Write("file", []);
        Action<string>[] ways = [AtomicFile.Try, target => AtomicFile.Write(target, _ => { })];
        foreach (var way in ways)
        {
            Assert.Equal(
                $"{path}/below can't be written: {path} is a file, not a folder.",
                Assert.Throws<IOException>(() => way($"{path}/below")).Message);
            Assert.StartsWith($"{folder.Path} can't be written: ", Assert.Throws<IOException>(() => way(folder.Path)).Message);
            Assert.StartsWith("/ can't be written: ", Assert.Throws<IOException>(() => way("/")).Message);
            var longName = folder.File(new string('n', 300));
            Assert.StartsWith($"{longName} can't be written: ", Assert.Throws<IOException>(() => way(longName)).Message);
        }
        Assert.Equal([path], Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void What_can_t_be_written_is_named_and_not_its_temporary_file()
    {
        var path = folder.File("full.txt");
        var error = Assert.Throws<IOException>(
            () => AtomicFile.Write(path, stream => throw new IOException($"No space left on device : '{((FileStream)stream).Name}'")));
        Assert.Equal($"{path} can't be written: No space left on device.", error.Message);

        error = Assert.Throws<IOException>(
            () => AtomicFile.Write(
                path, stream => throw new UnauthorizedAccessException($"Access to the path '{((FileStream)stream).Name}' is denied.")));
        Assert.Equal($"{path} can't be written: Access to the path '{path}' is denied.", error.Message);
    }
}
