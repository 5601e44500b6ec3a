using UNetGen.Package.Tests.Harness;

namespace UNetGen.Package.Tests;

/// <summary>The command unetgen, installed and typed in a folder without a project.</summary>
[Collection(nameof(PackedTree))]
public sealed class ToolTests(PackedTree packages)
{
    private const string Spec = "preset: lucidrains\nimage_size: 16\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2, 2]\n";

    [Fact]
    public void The_tool_works_without_libtorch_where_none_is_needed_and_else_finds_one_or_says_how_to_get_it()
    {
        var folder = new ConsumerProject(packages.NewFolder("Pictures"), packages);
        string none = folder.PathOf("none"), checkpoint = packages.Quickstart.PathOf(Quickstart.FirstRun);
        Dotnet.Succeed(folder.Folder, "tool", "install", "UNetGen.Tool", "--version", packages.Version, "--tool-path", "tools");
        folder.Write("tiny.unet.yaml", Spec);
        folder.Write("wrong.unet.yaml", Spec.Replace("32", "33", StringComparison.Ordinal));

        Assert.Contains("unetgen [command] [options]", Succeed(none));
        Assert.Contains("1 spec: 0 errors", Succeed(none, "check", "tiny.unet.yaml"));
        Assert.Contains("1,412,867", Succeed(none, "explain", "tiny.unet.yaml"));
        Assert.Equal(File.ReadAllText(Tree.PathOf("src/Templates/unetgen/tiny.verified.cs")), Succeed(none, "generate", "tiny.unet.yaml"));
        Assert.Contains("Weights of one load into the other.", Succeed(none, "diff", checkpoint, "tiny.unet.yaml"));
        Assert.Contains(
            "TinyUNet in tiny.onnx, ",
            Succeed(none, "export", "--checkpoint", checkpoint, "--format", "onnx", "--with-sampler", "dpm++", "--out", "tiny.onnx"));
        var wrong = Run(none, "check", ".");
        Assert.Equal(1, wrong.ExitCode);
        Assert.Contains("wrong.unet.yaml(4,6): error UNG0014: dim 33", wrong.Output);

        string[] sample = ["sample", "--checkpoint", checkpoint, "--steps", "1", "--count", "1", "--out", "drawn.png"];
        string package = $"libtorch-cpu-{Tree.Platform}";
        Assert.All(
            [
                sample, ["train", "--spec", "tiny.unet.yaml"], ["export", "--checkpoint", checkpoint, "--out", "exported"],
                ["classifier", "--data", Tree.PathOf("tests/Data/mnist"), "--spec", "tiny.unet.yaml", "--out", "classifier.safetensors"],
            ],
            command =>
            {
                var without = Run(none, command);
                Assert.Equal(1, without.ExitCode);
                string error = Assert.Single(
                    without.Output.TrimEnd().Split('\n'), line => !line.StartsWith("warning: ", StringComparison.Ordinal)).TrimEnd();
                Assert.StartsWith(
                    $"error: This needs a libtorch, and there is none in {Path.Combine(none, package, Tree.LibtorchVersion)}", error);
                Assert.Contains($"`dotnet package download {package}@{Tree.LibtorchVersion} --output {none}`", error);
                Assert.Contains("UNETGEN_LIBTORCH", error);
            });

        Succeed(Tree.PackageCache, sample);
        Assert.True(new FileInfo(folder.PathOf("drawn.png")).Length > 0);

        string Succeed(string packagesFolder, params string[] arguments)
        {
            var result = Run(packagesFolder, arguments);
            Assert.True(result.ExitCode == 0, $"unetgen {string.Join(' ', arguments)}: exit code {result.ExitCode}\n{result.Output}");
            return result.Output;
        }

        Dotnet.Result Run(string packagesFolder, params string[] arguments) => Dotnet.RunProgram(
            folder.PathOf(OperatingSystem.IsWindows() ? "tools/unetgen.exe" : "tools/unetgen"), folder.Folder,
            [("NUGET_PACKAGES", packagesFolder), ("UNETGEN_LIBTORCH", "")], arguments);
    }
}
