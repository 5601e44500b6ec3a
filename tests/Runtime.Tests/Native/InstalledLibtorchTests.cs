using UNetGen.Native;

namespace UNetGen.Runtime.Tests.Native;

/// <summary>A libtorch that is already on the machine: UNETGEN_LIBTORCH.</summary>
public sealed class InstalledLibtorchTests
{
    private static readonly string Beside = AppContext.BaseDirectory;

    [LinuxFact]
    public async Task A_program_that_brings_none_loads_the_one_that_the_environment_names()
    {
        using var program = new TemporaryFolder();
        using var installed = new TemporaryFolder();
        var libraries = Directory.CreateDirectory(Path.Combine(installed.Path, "torch", "lib")).FullName;
        foreach (var file in Directory.EnumerateFiles(Beside))
        {
            var name = Path.GetFileName(file);
            var isLibtorch = name.StartsWith("libtorch", StringComparison.Ordinal) || name.StartsWith("libc10", StringComparison.Ordinal)
                || name.StartsWith("libgomp", StringComparison.Ordinal);
            // The host looks where the program truly lies; and without the list of what it brings it takes what is there.
            if (name is "UNetGen.Runtime.Tests.dll" or "UNetGen.Runtime.Tests.runtimeconfig.json")
                File.Copy(file, Path.Combine(program.Path, name));
            else if (name != "UNetGen.Runtime.Tests.deps.json")
                File.CreateSymbolicLink(Path.Combine(isLibtorch ? libraries : program.Path, name), file);
        }
        string[] command = ["dotnet", "exec", Path.Combine(program.Path, "UNetGen.Runtime.Tests.dll"), "tensor"];

        var without = await TorchProcess.RunCommand(command, ("HOME", program.Path));
        var with = await TorchProcess.RunCommand(command, ("HOME", program.Path), ("UNETGEN_LIBTORCH", installed.Path));

        Assert.NotEqual(0, without.ExitCode);
        Assert.Equal(new TorchProcess.Result(0, "6" + Environment.NewLine), with);
    }

    [Theory]
    [InlineData("")]
    [InlineData("lib")]
    [InlineData("torch/lib")]
    public void Its_folder_may_be_given_as_that_of_the_libraries_or_one_above(string within)
    {
        using var folder = new TemporaryFolder();
        var libraries = Path.GetFullPath(Path.Combine(folder.Path, within));
        Directory.CreateDirectory(libraries);
        File.WriteAllBytes(Path.Combine(libraries, Platform.FileName("torch_cpu")), []);
        Assert.Equal(libraries, Path.TrimEndingDirectorySeparator(new InstalledLibtorch(folder.Path).Folder));
    }

    [Theory]
    [InlineData("version.py", "__version__ = '2.10.1+cu128'\n", "2.10.1+cu128", null)]
    [InlineData("version.py", "from typing import X\n__version__ = \"2.11.0+cu130\"\n", "2.11.0+cu130", "libtorch 2.11.0+cu130 in")]
    [InlineData("build-version", "2.10.0+cpu\n", "2.10.0+cpu", null)]
    [InlineData("build-version", "2.1.0\n", "2.1.0", "TorchSharp 0.107.0 was made for 2.10")]
    [InlineData("other.txt", "2.10.0", null, "a libtorch of unknown version")]
    public void Another_version_than_TorchSharp_was_made_for_is_said(string file, string content, string? version, string? doubt)
    {
        using var folder = new TemporaryFolder();
        Directory.CreateDirectory(Path.Combine(folder.Path, "lib"));
        File.WriteAllBytes(Path.Combine(folder.Path, "lib", Platform.FileName("torch_cpu")), []);
        File.WriteAllText(Path.Combine(folder.Path, file), content);
        var installed = new InstalledLibtorch(folder.Path);
        Assert.Equal(version, installed.Version);
        if (doubt is null)
            Assert.Null(installed.Doubt);
        else
            Assert.Contains(doubt, installed.Doubt);
    }

    [Fact]
    public void What_is_missing_is_named_and_where_to_find_it()
    {
        using var folder = new TemporaryFolder();
        var message = Failure(folder.Path);
        Assert.StartsWith($"UNETGEN_LIBTORCH is {folder.Path}, but {Platform.FileName("c10")} isn't there.", message);
        Assert.Contains("python3 -c \"import torch; print(torch.__path__[0])\"", message);
        Assert.Contains("nor is the folder", Failure(Path.Combine(folder.Path, "elsewhere")));

        string Failure(string given) => Assert.Throws<LibtorchException>(
            () => new LibtorchFiles([Beside], [], installed: new InstalledLibtorch(given)).Load()).Message;
    }

    [LinuxFact]
    public void A_folder_that_can_t_be_reached_is_told_as_that()
    {
        using var folder = new TemporaryFolder();
        File.CreateSymbolicLink(folder.File("loop"), folder.File("loop"));
        var given = folder.File("loop/lib");
        Assert.StartsWith(
            $"UNETGEN_LIBTORCH is {given}, and {Platform.FileName("c10")} can't be reached there: ",
            Assert.Throws<LibtorchException>(
                () => new LibtorchFiles([Beside], [], installed: new InstalledLibtorch(given)).Load()).Message);
    }

    [LinuxFact]
    public void A_library_of_it_that_was_cut_short_is_to_be_installed_anew()
    {
        using var folder = new TemporaryFolder();
        var library = File.ReadAllBytes(Path.Combine(Beside, "libc10.so"));
        var cut = folder.Write("libc10.so", library[..(library.Length / 2)]);
        var files = new LibtorchFiles([Beside], [], installed: new InstalledLibtorch(folder.Path));
        var message = Assert.Throws<LibtorchException>(files.CheckComplete).Message;
        Assert.StartsWith($"{cut} is damaged", message);
        Assert.EndsWith("Install the libtorch, or the PyTorch that it belongs to, anew.", message);
    }

    [Fact]
    public void A_program_with_a_libtorch_of_its_own_refuses_a_second_one()
    {
        using var folder = new TemporaryFolder();
        var files = new LibtorchFiles([Beside], [], installed: new InstalledLibtorch(folder.Path));
        var message = Assert.Throws<LibtorchException>(files.CheckAlone).Message;
        Assert.Contains($"this program brings a libtorch of its own, in {Beside}", message);
        Assert.Contains("TorchBackend=none", message);
        new LibtorchFiles([folder.Path], [], installed: new InstalledLibtorch(folder.Path)).CheckAlone();
    }
}
