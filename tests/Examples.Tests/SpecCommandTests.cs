using System.Diagnostics;
using System.Text.RegularExpressions;
using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Commands about specs: files that no build has seen, the program's own networks, and those of checkpoints.</summary>
public sealed class SpecCommandTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public SpecCommandTests()
    {
        Write("base", "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\nnorm: group\n");
        Write("tiny", "extends: base.unet.yaml\nnum_classes: 4\n");
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void Check_tells_what_a_build_would_in_its_form_and_fails_where_it_would()
    {
        Assert.Equal("2 specs: 0 errors, 0 warnings\n", program.Succeed("check"));

        Write("folder/bad", "extends: ../base.unet.yaml\ndimm: 16\n");
        Write("obj/left/out", "dim");
        var all = program.Run("check");
        Assert.Equal(1, all.ExitCode);
        Assert.Equal(
            "folder/bad.unet.yaml(2,1): error UNG0004: unknown key 'dimm'; did you mean 'dim'?\n3 specs: 1 error, 0 warnings\n",
            all.Output);

        Assert.Equal("1 spec: 0 errors, 0 warnings\n", program.Succeed("check", "tiny.unet.yaml"));
        Assert.Contains("There is no spec in runs: its file would end in .unet.yaml", Refused("runs", "check", "runs"));
        Assert.Contains("There is no file or folder nowhere, seen from ", program.Fail(1, "check", "nowhere"));
    }

    [LinuxFact]
    public void Check_looks_where_a_build_does_behind_links_and_in_what_is_called_bin_elsewhere_than_in_a_project()
    {
        Write("app/sub/bin/bad", "extends: ../../../base.unet.yaml\ndimm: 16\n");
        Write("app/bin/left/out", "dim");
        File.WriteAllText(program.File("app/App.csproj"), "");
        Write("elsewhere/far", "preset: lucidrains\nimage_size: 16\nchannels: 3\ndim: 16\ndimm: 16\nchannel_multipliers: [1, 2]\n");
        Directory.CreateSymbolicLink(program.File("app/link"), program.File("elsewhere"));
        Directory.CreateSymbolicLink(program.File("app/link/round"), program.File("app"));

        var found = program.Run("check", "app").Output.Split('\n');
        Assert.Equal("2 specs: 2 errors, 0 warnings", found[^2]);
        Assert.Contains(found, line => line.StartsWith("app/link/far.unet.yaml(5,1): error UNG0004", StringComparison.Ordinal));
        Assert.Contains(found, line => line.StartsWith("app/sub/bin/bad.unet.yaml(2,1): error UNG0004", StringComparison.Ordinal));
    }

    [LinuxFact]
    public void Check_enters_no_folder_twice_whatever_links_it_has_come_through()
    {
        Write("lib/one", "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\nnorm: group\n");
        Directory.CreateSymbolicLink(program.File("lib/latest"), ".");
        Directory.CreateSymbolicLink(program.File("lib/again"), "latest/../latest");
        Directory.CreateDirectory(program.File("project"));
        Directory.CreateSymbolicLink(program.File("project/specs"), "../lib");
        Directory.CreateSymbolicLink(program.File("whole"), "project");

        foreach (var folder in (string[])["lib", "project", "whole", "project/specs/latest"])
            Assert.EndsWith("1 spec: 0 errors, 0 warnings\n", program.Succeed("check", folder));

        Directory.CreateSymbolicLink(program.File("project/up"), "..");
        Assert.EndsWith("3 specs: 0 errors, 0 warnings\n", program.Succeed("check", "project"));
    }

    [Fact]
    public void Check_of_a_folder_tells_of_a_base_elsewhere_that_a_project_there_has_to_list()
    {
        Write("project/wide", "extends: ../base.unet.yaml\ndim: 16\n");
        Write("project/inner/flat", "extends: ../../base.unet.yaml\nimage_size: 4\n");

        const string told = "info: It builds on base.unet.yaml, which isn't among the specs of project. A project there has to list it: "
            + "<AdditionalFiles Include=\"../base.unet.yaml\" />\n";
        Assert.Equal($"project/inner/flat.unet.yaml: {told}2 specs: 0 errors, 0 warnings\n", program.Succeed("check", "project"));
        Assert.Equal("4 specs: 0 errors, 0 warnings\n", program.Succeed("check"));
        Assert.Equal("3 specs: 0 errors, 0 warnings\n", program.Succeed("check", "project", "base.unet.yaml", "--warnings-as-errors"));
        Assert.Equal("1 spec: 0 errors, 0 warnings\n", program.Succeed("check", "project/wide.unet.yaml"));
    }

    [Fact]
    public void A_file_that_is_not_called_as_a_spec_is_told_how_it_must_be()
    {
        Directory.Move(program.File("tiny.unet.yaml"), program.File("tiny.unet.yml"));

        Assert.Equal(
            "tiny.unet.yml: warning UNG0105: The name of a spec ends in .unet.yaml, so this file is not read: rename it.\n"
                + "1 spec: 0 errors, 1 warning\n",
            program.Succeed("check"));
        foreach (var command in (string[][])[["explain", "tiny.unet.yml"], ["train", "--spec", "tiny.unet.yml", "--steps", "1"]])
            Assert.Contains("A spec's file is called NAME.unet.yaml, and tiny.unet.yml isn't: rename it.", program.Fail(1, command));
    }

    [Fact]
    public void A_folder_without_a_spec_fails_and_the_YAML_in_it_is_named()
    {
        Directory.CreateDirectory(program.File("nets/inner"));
        File.Move(program.File("tiny.unet.yaml"), program.File("nets/tiny.unet.yml"));
        const string none = "error: There is no spec in nets: its file would end in .unet.yaml, and nets/tiny.unet.yml ";
        Assert.Equal($"{none}doesn't. Rename it, if it is one.\n", program.Fail(1, "check", "nets").Replace('\\', '/'));

        File.WriteAllText(program.File("nets/compose.yaml"), "services: {}");
        File.WriteAllText(program.File("nets/inner/tiny.YML"), "");
        Assert.Equal(
            $"{none}and 2 other YAML files don't. Rename those that are specs.\n", program.Fail(1, "check", "nets").Replace('\\', '/'));
    }

    [Fact]
    public void A_run_s_file_is_told_from_a_spec_with_what_it_is_for()
    {
        Directory.CreateDirectory(program.File("runs/a"));
        File.WriteAllText(program.File("runs/a/run.yaml"), "steps: 3\n");
        foreach (var command in (string[][])[
            ["explain"], ["check"], ["generate"], ["diff", "tiny.unet.yaml"], ["train", "--steps", "1", "--spec"]])
            Assert.Equal(
                "error: runs/a/run.yaml holds a run's options, and is no spec. The run's network: explain runs/a. To repeat the run: "
                    + "train --run runs/a/run.yaml\n",
                program.Fail(1, [.. command, "runs/a/run.yaml"]));
    }

    [Fact]
    public void A_run_in_the_place_of_a_spec_and_what_lies_in_a_run_in_the_place_of_the_run_are_told_with_what_to_name()
    {
        Directory.CreateDirectory(program.File("runs/a/checkpoints"));
        File.WriteAllText(program.File("runs/a/run.yaml"), "steps: 2\n");

        Assert.Equal(
            "error: runs/a is a run, no spec. To repeat it: train --run runs/a/run.yaml\n",
            program.Fail(1, "train", "--steps", "1", "--spec", "runs/a"));
        foreach (var command in (string[][])[["report"], ["train", "--steps", "3", "--resume"]])
        {
            foreach (var inside in (string[])["run.yaml", "checkpoints", "checkpoints/step-00000002"])
                Assert.EndsWith("Did you mean 'runs/a'?\n", program.Fail(1, [.. command, $"runs/a/{inside}"]));
        }
    }

    [Fact]
    public void A_spec_that_isn_t_there_is_said_not_to_be_there()
    {
        foreach (var command in (string[][])[["explain"], ["diff", "tiny.unet.yaml"], ["train", "--steps", "1", "--spec"]])
            Assert.Contains(
                "There is no spec nothere.unet.yaml, seen from ", program.Fail(1, [.. command, "nothere.unet.yaml"]).ReplaceLineEndings(" "));
        Assert.Contains("nothere.unet.yaml.\n", program.Fail(1, "generate", "nothere.unet.yaml"));
        Assert.Contains("nothere; a spec's file is called NAME.unet.yaml.", program.Fail(1, "generate", "nothere"));
        Assert.Contains("is a folder, no spec: name a NAME.unet.yaml in it.", program.Fail(1, "generate", "."));
        Assert.EndsWith("If a spec is meant, name its file: ./base.unet.yaml\n", program.Fail(1, "explain", "."));
    }

    [Fact]
    public void A_spec_that_is_misspelt_is_answered_with_the_one_beside_it()
    {
        File.Copy(program.File("tiny.unet.yaml"), program.File("other-name.unet.yaml"));
        foreach (var misspelt in (string[])["tiny.unet.yml", "tniy.unet.yaml", "tiny.yaml"])
        {
            foreach (var command in (string[][])[["explain"], ["generate"], ["train", "--steps", "1", "--spec"]])
                Assert.EndsWith("Did you mean 'tiny.unet.yaml'?\n", Plain(program.Fail(1, [.. command, misspelt])));
            Assert.EndsWith("Did you mean './tiny.unet.yaml'?\n", Plain(program.Fail(1, "generate", $"./{misspelt}")));
        }
        Assert.DoesNotContain("Did you mean", program.Fail(1, "generate", "unlike-any-of-them.unet.yaml"));

        // What stands at the end may be on a line of its own.
        static string Plain(string error) => error.TrimEnd() + "\n";
    }

    [LinuxFact]
    public void A_spec_that_is_no_file_is_refused_and_never_waited_for()
    {
        Process.Start("mkfifo", [program.File("pipe.unet.yaml")]).WaitForExit();
        Directory.CreateDirectory(program.File("folder.unet.yaml"));
        Write("on-pipe", "extends: pipe.unet.yaml\n");
        foreach (var command in (string[][])[["generate", "pipe.unet.yaml"], ["explain", "pipe.unet.yaml"],
            ["diff", "tiny.unet.yaml", "pipe.unet.yaml"], ["train", "--spec", "pipe.unet.yaml", "--steps", "1"],
            ["generate", "on-pipe.unet.yaml"]])
            Assert.EndsWith("pipe.unet.yaml' is a named pipe, no regular file.\n", program.Fail(1, command));
        Assert.EndsWith("folder.unet.yaml' is a folder, no regular file.\n", program.Fail(1, "generate", "folder.unet.yaml"));
        Assert.Contains(
            "folder.unet.yaml is a folder, no spec: name a file in it.", program.Fail(1, "train", "--spec", "folder.unet.yaml"));
    }

    [LinuxFact]
    public void Check_names_what_can_t_be_read_and_judges_the_others()
    {
        Process.Start("mkfifo", [program.File("pipe.unet.yaml")]).WaitForExit();
        File.CreateSymbolicLink(program.File("dangling.unet.yaml"), "gone");
        Write("bad", "extends: ../nowhere/pipe.unet.yaml\ndimm: 16\n");
        Write("folder/on-pipe", "extends: ../pipe.unet.yaml\n");
        Sh("cp tiny.unet.yaml $(printf 'n\\376.unet.yaml'); mkdir $(printf 'd\\377')");

        var all = program.Run("check");
        Assert.Equal(1, all.ExitCode);
        Assert.Contains("bad.unet.yaml(2,1): error UNG0004: unknown key 'dimm'", all.Output);
        Assert.Contains("dangling.unet.yaml: error: It is a link to gone, which isn't there.\n", all.Output);
        Assert.Contains(
            $"pipe.unet.yaml: error: It can't be read: '{program.File("pipe.unet.yaml")}' is a named pipe, no regular file.\n", all.Output);
        foreach (var name in (string[])["n\uFFFD.unet.yaml", "d\uFFFD"])
            Assert.Contains($"\n{name}: error: It has a name that isn't UTF-8, by which it can't be opened", all.Output);
        Assert.Contains("\n4 specs: ", all.Output);

        // A base that lies elsewhere keeps nobody from the others either.
        var inner = program.Run("check", "folder");
        Assert.Equal(1, inner.ExitCode);
        Assert.Contains("\npipe.unet.yaml: error: The spec ", inner.Output);
        Assert.Contains("\n1 spec: ", inner.Output);
        // Nor can .NET delete them.
        Sh("rm -r n*.unet.yaml d?");
    }

    [Fact]
    public void Check_fails_for_warnings_where_that_is_asked_for()
    {
        Write("tiny", "extends: base.unet.yaml\ndim: 2048\nchannel_multipliers: [1, 8]\n");

        Assert.EndsWith(" 0 errors, 1 warning\n", program.Succeed("check", "tiny.unet.yaml"));

        Assert.Equal(1, program.Run("check", "tiny.unet.yaml", "--warnings-as-errors").ExitCode);
    }

    [Fact]
    public void Generate_writes_the_class_and_nothing_else_to_standard_output()
    {
        var source = program.Succeed("generate", "tiny.unet.yaml", "--namespace", "Birds");

        Assert.StartsWith("// <auto-generated>\n//   From tiny.unet.yaml (", source);
        Assert.Contains("\nnamespace Birds;\n", source);
        Assert.Contains("\npublic sealed partial class TinyUNet : global::UNetGen.Networks.NoisePredictor\n", source);

        Write("tiny", "dim: x\n");
        var refused = program.Run("generate", "tiny.unet.yaml");
        Assert.Equal((1, ""), (refused.ExitCode, refused.Output));
        Assert.Contains("tiny.unet.yaml(1,6): error UNG", refused.Error);
    }

    [Fact]
    public void Explain_shows_the_U_the_levels_and_what_a_spec_has_from_others()
    {
        var said = program.Succeed("explain", "tiny.unet.yaml", "--batch-size", "4");

        Assert.StartsWith("TinyUNet from tiny.unet.yaml: images 1 x 8 x 8, predicts the noise in them\n", said);
        Assert.Contains("\nmid        └─", said);
        Assert.Contains("Training with batch 4 takes about ", said);
        Assert.Contains(
            "From base.unet.yaml: preset: lucidrains, image_size: 8, channels: 1, dim: 8, channel_multipliers: [1, 2], norm: group", said);
    }

    [Fact]
    public void Explain_shows_the_same_of_a_spec_and_of_the_weights_that_were_trained_with_it()
    {
        program.Succeed("train", "--spec", "base.unet.yaml", "--steps", "1", "--count", "1", "--sample-steps", "1", "--batch-size", "1",
            "--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--format", "safetensors", "--out", "alone.safetensors");

        var ofSpec = WithoutOrigin(program.Succeed("explain", "base.unet.yaml"));
        Assert.Equal(ofSpec, WithoutOrigin(program.Succeed("explain", "run")));
        Assert.Equal(ofSpec, WithoutOrigin(program.Succeed("explain", "alone.safetensors")));

        static string WithoutOrigin(string text) => Regex.Replace(text, "^BaseUNet from .*: images", "images");
    }

    [Fact]
    public void Diff_names_what_differs_and_whether_weights_load()
    {
        var classes = program.Run("diff", "base.unet.yaml", "tiny.unet.yaml");
        Assert.Equal(1, classes.ExitCode);
        Assert.Matches(@"num_classes +null +4 ", classes.Output);
        Assert.Contains("All tensors but label_emb.weight are the same: `train --init-from` begins with these weights.", classes.Output);

        Write("large", "extends: base.unet.yaml\nimage_size: 16\n");
        Assert.Contains(
            "tensors have the same keys and shapes: `train --init-from` begins with these weights.",
            program.Run("diff", "base.unet.yaml", "large.unet.yaml").Output);

        Write("wide", "extends: base.unet.yaml\ndim: 16\n");
        var other = program.Run("diff", "base.unet.yaml", "wide.unet.yaml").Output;
        Assert.Matches(@"dim +8 +16 ", other);
        Assert.Contains("Weights don't load: ", other);
        Assert.Contains("init_conv.weight", other);

        Write("same", "name: Another\nextends: base.unet.yaml\n# dim: 16\n");
        Assert.Contains(
            "base.unet.yaml and same.unet.yaml are the same network", program.Succeed("diff", "base.unet.yaml", "same.unet.yaml"));
        Write("own", "extends: base.unet.yaml\nblocks: { resnet: Own.Block }\n");
        Assert.Matches(
            @"the same network \([1-9][0-9,]+ parameters beside blocks of your own\)",
            program.Succeed("diff", "own.unet.yaml", "own.unet.yaml"));
        Assert.Contains("dim", program.Run("diff", "base.unet.yaml", "shapes").Output);
        foreach (var missing in (string[])["gone.safetensors", "gone/run"])
            Assert.Contains($"There is no file or folder {missing}, seen from ", program.Fail(1, "diff", "base.unet.yaml", missing));
    }

    [Fact]
    public void Diff_of_checkpoints_names_tensors_with_other_numbers()
    {
        foreach (var seed in (string[])["1", "2"])
            program.Succeed(
                "train", "--spec", "base.unet.yaml", "--seed", seed, "--steps", "1", "--count", "1", "--sample-steps", "1", "--batch-size",
                "1", "--out", seed);

        Assert.Contains("are the same network", program.Succeed("diff", "1", "1"));
        var others = program.Run("diff", "1", "2");
        Assert.Equal(1, others.ExitCode);
        Assert.Contains("Other values: init_conv.weight, ", others.Output);
    }

    [Theory]
    [InlineData("No network 'tiny'", "tiny")]
    [InlineData("There is no spec folder/tiny.unet.yaml, seen from ", "folder/tiny.unet.yaml")]
    [InlineData("this program has Cifar10UNet, MnistUNet, ShapesUNet. Did you mean 'shapes'?", "shaps")]
    public void What_there_is_not_is_told_with_what_there_is(string error, string name)
    {
        foreach (var command in (string[][])[["explain", name], ["train", "--spec", name], ["diff", "shapes", name]])
            Assert.Contains(error, program.Fail(1, command));
    }

    [Fact]
    public void Errors_of_a_spec_s_file_are_told_with_their_places_by_whatever_command_is_to_use_it()
    {
        Write("tiny", "extends: base.unet.yaml\ndim: 16\ndimm: 16\n");
        foreach (var command in (string[][])[["explain", "tiny.unet.yaml"], ["train", "--spec", "tiny.unet.yaml", "--steps", "1"]])
            Assert.Contains("tiny.unet.yaml(3,1): error UNG0004: unknown key 'dimm'", program.Fail(1, command));
        Assert.False(Directory.Exists(program.File("runs")));
    }

    private string Refused(string folder, params string[] command)
    {
        Directory.CreateDirectory(program.File(folder));
        return program.Fail(1, command);
    }

    private void Sh(string script)
    {
        using var shell = Process.Start(new ProcessStartInfo("sh", ["-c", script]) { WorkingDirectory = program.Folder })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private void Write(string name, string text)
    {
        var path = program.File($"{name}.unet.yaml");
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text);
    }
}
