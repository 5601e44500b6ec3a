using System.Text;
using TorchSharp;
using UNetGen.Native;

namespace UNetGen.Runtime.Tests.Native;

public class LibtorchTests
{
    private static readonly string Beside = AppContext.BaseDirectory;

    [Fact]
    public void Loading_twice_is_loading_once()
    {
        Libtorch.Install();
        Libtorch.Load();
        Libtorch.Load();
        using var ones = torch.ones(2, 3);
        Assert.Equal(6, ones.sum().item<float>());
    }

    [Fact]
    public async Task Several_programs_that_start_at_once_and_call_TorchSharp_first_each_get_their_tensor()
    {
        using var temporary = new TemporaryFolder();
        string[] before = Directory.GetDirectories(Beside);
        // LD_BIND_NOW: a symbol that is missing, and would otherwise end the process at its first call, fails the load.
        var programs = Enumerable.Range(0, 3).Select(_ => TorchProcess.Run(["tensor"], ("LD_BIND_NOW", "1"), ("TMPDIR", temporary.Path)));
        foreach (var result in await Task.WhenAll(programs))
            Assert.Equal(new TorchProcess.Result(0, "6" + Environment.NewLine), result);
        Assert.DoesNotContain(
            Directory.GetDirectories(temporary.Path), folder => Path.GetFileName(folder).StartsWith("unetgen", StringComparison.Ordinal));
        // Where its first load fails, TorchSharp copies all of libtorch into a folder beside the program.
        Assert.Equal(before, Directory.GetDirectories(Beside));
    }

    [LinuxFact]
    public async Task A_library_that_asks_for_a_version_no_host_has_loads_from_the_first_place_that_can_be_written()
    {
        using var folder = new TemporaryFolder();
        using var writable = new TemporaryFolder();
        AskFor("GLIBCXX_3.4.99", insteadOf: "GLIBCXX_3.4.32", folder);

        var result = await TorchProcess.Run(["files", "GLIBCXX_3.4.99", $"{folder.Path}:{Beside}", $"/dev/null/nowhere:{writable.Path}"]);

        Assert.Equal(new TorchProcess.Result(0, ""), result);
        Assert.Empty(Directory.GetFileSystemEntries(writable.Path));
    }

    [LinuxFact]
    public void Where_no_place_can_be_written_the_message_says_which_were_tried_and_what_to_do()
    {
        using var folder = new TemporaryFolder();
        AskFor("GLIBCXX_3.4.99", insteadOf: "GLIBCXX_3.4.32", folder);
        string message = Failure(new LibtorchFiles([folder.Path, Beside], ["/dev/null/a", "/dev/null/b"], "GLIBCXX_3.4.99"));
        Assert.Contains("/dev/null/a", message);
        Assert.Contains("/dev/null/b", message);
        Assert.Contains("TMPDIR", message);
    }

    [LinuxFact]
    public void On_a_host_that_is_too_old_the_message_says_what_it_lacks()
    {
        using var folder = new TemporaryFolder();
        AskFor("GLIBC_9.34", insteadOf: "GLIBC_2.34", folder);
        string message = Failure(new LibtorchFiles([folder.Path, Beside], []));
        Assert.StartsWith("This Linux is too old for libtorch: libLibTorchSharp.so needs GLIBC_9.34.", message);
    }

    [Fact]
    public void Where_libtorch_is_missing_the_message_says_where_it_was_looked_for_and_how_to_bring_it_along()
    {
        using var folder = new TemporaryFolder();
        string message = Failure(new LibtorchFiles([folder.Path], []));
        Assert.Contains(folder.Path, message);
        Assert.Contains("<PackageReference Include=\"TorchSharp-cpu\" Version=\"0.107.0\" />", message);
        Assert.Contains("TorchBackend=auto|cpu|cuda", message);
    }

    [LinuxFact]
    public void A_cut_file_is_refused_before_it_can_end_the_process()
    {
        using var folder = new TemporaryFolder();
        byte[] library = File.ReadAllBytes(Path.Combine(Beside, "libc10.so"));
        string cut = folder.Write("libc10.so", library[..(library.Length / 2)]);
        string message = Assert.Throws<LibtorchException>(new LibtorchFiles([folder.Path, Beside], []).CheckComplete).Message;
        Assert.StartsWith($"{cut} is damaged", message);
    }

    [LinuxFact]
    public void A_file_that_the_loader_refuses_is_named_with_the_loaders_reason()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Write("libc10.so", "not a library, but long enough to be looked at by the dynamic loader"u8.ToArray());
        Assert.Matches($"{path}: .*ELF", Failure(new LibtorchFiles([folder.Path, Beside], [])));
    }

    [Fact]
    public void The_files_that_this_program_runs_with_are_complete() => LibtorchFiles.OfThisProgram().CheckComplete();

    [Theory]
    [InlineData("linux-arm64")]
    [InlineData("linux-musl-x64")]
    [InlineData("osx-x64")]
    public void A_platform_without_libtorch_is_named(string rid) =>
        Assert.Contains(
            $"no libtorch for {rid}, only for linux-x64", Assert.Throws<LibtorchException>(() => Platform.CheckSupported(rid)).Message);

    [Fact]
    public void This_platform_has_a_libtorch() => Platform.CheckSupported();

    private static string Failure(LibtorchFiles files) => Assert.Throws<LibtorchException>(() => files.Load()).Message;

    /// <summary>A LibTorchSharp in <paramref name="folder"/> that is linked against another version.</summary>
    private static void AskFor(string version, string insteadOf, TemporaryFolder folder)
    {
        byte[] library = File.ReadAllBytes(Path.Combine(Beside, "libLibTorchSharp.so"));
        int at = library.AsSpan().IndexOf(Encoding.ASCII.GetBytes(insteadOf + '\0'));
        Encoding.ASCII.GetBytes(version + '\0').CopyTo(library, at);
        folder.Write("libLibTorchSharp.so", library);
    }
}
