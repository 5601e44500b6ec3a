using System.Text.Json;
using UNetGen.Package.Tests.Harness;
using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>A program is published with the libtorch of the platform that it is for, whatever the building machine is.</summary>
public sealed class PublishTests
{
    [Theory]
    [InlineData("win-x64", "cpu", "libtorch-cpu-win-x64")]
    [InlineData("win-x64", "cuda", "TorchSharp-cuda-windows")]
    [InlineData("linux-x64", "cpu", "libtorch-cpu-linux-x64")]
    [InlineData("linux-x64", "cuda", "TorchSharp-cuda-linux")]
    [InlineData("osx-arm64", "auto", "libtorch-cpu-osx-arm64")]
    public void A_platform_has_its_own_libtorch(string platform, string backend, string package)
    {
        using var answer = JsonDocument.Parse(Dotnet.Succeed(
            Publish.Root, "msbuild", "src/Examples", "-getItem:PackageReference", $"-p:RuntimeIdentifier={platform}",
            $"-p:TorchBackend={backend}"));
        var packages = answer.RootElement.GetProperty("Items").GetProperty("PackageReference").EnumerateArray()
            .Select(item => item.GetProperty("Identity").GetString()!);

        Assert.Equal([package], packages.Where(name => name.Contains("torch", StringComparison.OrdinalIgnoreCase)));
    }

    [Theory]
    [InlineData("linux-musl-x64", "cpu", "TorchSharp has no libtorch for linux-musl-x64: it has one for win-x64, linux-x64 and osx-arm64.")]
    [InlineData("osx-arm64", "cuda", "TorchBackend=cuda: TorchSharp has CUDA packages for Windows and Linux only.")]
    public void What_has_none_is_refused(string platform, string backend, string error)
    {
        var result = Dotnet.Run(
            Publish.Root, "msbuild", "src/Examples", "-t:CheckTorchBackend", $"-p:RuntimeIdentifier={platform}",
            $"-p:TorchBackend={backend}");

        Assert.NotEqual(0, result.ExitCode);
        Assert.Contains(error, result.Output);
    }

    [Fact]
    public void The_page_names_what_these_tests_set_for_Wine()
    {
        var set = string.Join(' ', Wine.Variables.Select(variable => $"{variable.Name}={variable.Value}"));

        Assert.Contains($"\nexport {set}\n", File.ReadAllText(Path.Combine(Publish.Root, "docs/windows.md")).ReplaceLineEndings("\n"));
    }

    [WineFact]
    public void What_is_published_for_Windows_has_Windows_libtorch_and_nothing_of_other_systems()
    {
        string[] files = [
            .. Directory.EnumerateFiles(Path.GetDirectoryName(WineSession.Current.Program)!, "*", SearchOption.AllDirectories)
                .Select(path => Path.GetFileName(path))];

        string[] native = ["c10.dll", "torch_cpu.dll", "LibTorchSharp.dll", "libSkiaSharp.dll", "coreclr.dll"];
        Assert.All(native, name => Assert.Contains(name, files));
        Assert.DoesNotContain(
            files, name => name.Contains(".so", StringComparison.Ordinal) || name.EndsWith(".dylib", StringComparison.Ordinal));
    }
}
