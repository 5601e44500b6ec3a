using System.Diagnostics;
using System.Net.Sockets;
using SkiaSharp;
using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Logging;
using UNetGen.Runtime.Tests.Native;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What is wrong with a file is told from what passes; nothing hangs.</summary>
public sealed class PatientFileTests : IDisposable
{
    private static readonly byte[] Grey = ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Gray);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [LinuxFact]
    public void Named_pipes_sockets_and_devices_among_the_pictures_are_broken_files_and_never_opened()
    {
        folder.Write("z.png", Grey);
        MakePipe("a.png");
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder.File("b.png")));
        File.CreateSymbolicLink(folder.File("c.png"), "/dev/zero");
        Directory.CreateDirectory(folder.File("d.png"));

        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);
        source.Read(0, new float[16]);

        Assert.Equal(
            [("a.png", "is a named pipe, no regular file"), ("b.png", "is a socket, no regular file"), (
                "c.png", "is a device, no regular file")],
            source.BrokenFiles.Select(file => (file.Path, file.Reason)));
        Assert.Equal(4, source.Count);
    }

    [LinuxFact]
    public void A_named_pipe_in_the_place_of_a_file_is_refused_by_every_reader()
    {
        MakePipe("train-images-idx3-ubyte");
        MakePipe("cifar/test_batch.bin");
        var pipe = folder.File("train-images-idx3-ubyte");
        Assert.Contains("is a named pipe, no regular file", Assert.Throws<DataException>(() => ImageSources.Open(pipe, 1, 4, 4)).Message);
        Assert.Contains(
            "is a named pipe, no regular file", Assert.Throws<DataException>(() => ImageSources.Open(folder.Path, 1, 4, 4)).Message);
        Assert.Contains(
            "is a named pipe, no regular file",
            Assert.Throws<DataException>(() => ImageSources.Open(folder.File("cifar"), 3, 32, 32)).Message);
        Assert.Contains("is a named pipe, no regular file", Assert.Throws<IOException>(() => SafetensorsFile.Open(pipe)).Message);
        Assert.Contains(
            "is a named pipe, no regular file", Assert.Throws<EvaluationException>(() => TorchScriptFeatures.Load(pipe)).Message);
    }

    [Fact]
    public void A_folder_in_the_place_of_a_file_is_refused_as_a_folder()
    {
        Directory.CreateDirectory(folder.File("a.safetensors"));
        Directory.CreateDirectory(folder.File("log.jsonl"));

        var (weights, log) = (folder.File("a.safetensors"), folder.File("log.jsonl"));
        Assert.Equal(
            $"'{weights}' is a folder, no regular file.", Assert.Throws<IOException>(() => SafetensorsFile.Open(weights)).Message);
        Assert.Equal($"'{log}' is a folder, no regular file.", Assert.Throws<IOException>(() => TrainingLog.Open(log)).Message);
        Assert.Equal($"'{log}' is a folder, no regular file.", Assert.Throws<IOException>(() => TrainingLog.Read(log)).Message);
        Assert.Equal(
            $"{log} can't be written: a folder is there.", Assert.Throws<IOException>(() => AtomicFile.Write(log, _ => { })).Message);
    }

    [LinuxFact]
    public void Labels_that_are_a_named_pipe_are_refused_too()
    {
        folder.Write("train-images-idx3-ubyte", IdxSourceTests.Idx(1, 2, 2, 1, 2, 3, 4));
        MakePipe("train-labels-idx1-ubyte");
        Assert.Contains(
            "is a named pipe, no regular file", Assert.Throws<DataException>(() => ImageSources.Open(folder.Path, 1, 2, 2)).Message);
    }

    [Fact]
    public async Task What_another_holds_for_a_moment_is_waited_for_and_no_broken_file()
    {
        var path = folder.Write("a.png", Grey);
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);
        var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        var read = Task.Run(() => source.Read(0, new float[16]));
        await Assert.ThrowsAsync<TimeoutException>(() => read.WaitAsync(TimeSpan.FromMilliseconds(20)));
        held.Dispose();
        await read;
        Assert.Empty(source.BrokenFiles);
    }

    [Fact]
    public void What_does_not_pass_ends_the_reading_with_the_file_s_name_and_breaks_no_file()
    {
        var path = folder.Write("a.png", Grey);
        folder.Write("b.png", Grey);
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);
        using var held = new FileStream(path, FileMode.Open, FileAccess.ReadWrite, FileShare.None);
        Assert.StartsWith($"'{path}' can't be read: ", Assert.Throws<DataException>(() => source.Read(0, new float[16])).Message);
        Assert.Empty(source.BrokenFiles);
    }

    [LinuxFact]
    public async Task Too_many_open_files_are_told_as_such_and_break_no_picture()
    {
        for (var i = 0; i < 327; i++)
            folder.Write($"{i:D3}.png", Grey);
        var result = await TorchProcess.RunCommand(
            ["sh", "-c", "ulimit -n 200; exec \"$@\"", "sh", .. TorchProcess.Command("short-of-handles", folder.Path)]);
        Assert.StartsWith(
            $"'{folder.File("001.png")}' can't be read: too many files are open at once in this process or on this machine. Allow more, "
                + "with `ulimit -n 4096`",
            result.Output);
        Assert.EndsWith("327 pictures, 0 broken\n", result.Output);
    }

    private void MakePipe(string name)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(name))!);
        using var made = Process.Start("mkfifo", [folder.File(name)]);
        made.WaitForExit();
        Assert.Equal(0, made.ExitCode);
    }
}
