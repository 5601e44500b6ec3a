namespace UNetGen.Examples.Tests;

/// <summary>The commands export and import, with a trained network of the program's.</summary>
public sealed class ExchangeTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_trained_network_is_exported_as_tensors_and_drawn_from_again()
    {
        program.Succeed("train", "--spec", "shapes", "--steps", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        Assert.Contains(
            "ShapesUNet in weights.safetensors",
            program.Succeed("export", "--format", "safetensors", "--checkpoint", "run", "--out", "weights.safetensors"));
        program.Succeed("sample", "--checkpoint", "weights.safetensors", "--steps", "1", "--count", "1", "--out", "picture.png");
        Assert.True(File.Exists(program.File("picture.png")));

        Assert.Contains(
            "is there already",
            program.Fail(1, "export", "--format", "safetensors", "--checkpoint", "run", "--out", "weights.safetensors"));
        Assert.Contains("preset: ", program.Fail(1, "export", "--checkpoint", "run", "--out", "folder"));
        Assert.False(Directory.Exists(program.File("folder")));
    }

    /// <summary>As SIGKILL leaves it: the lock, and what wasn't whole yet.</summary>
    [Fact]
    public void What_a_killed_command_has_left_beside_its_output_goes_with_the_next()
    {
        const string temporary = "0123456789abcdef0123456789abcdef.tmp";
        program.Succeed("train", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1", "--out", "run");
        WriteTheirs();
        Directory.CreateDirectory(program.File($"out/.folder.{temporary}/unet"));
        File.WriteAllText(program.File($"out/.folder.{temporary}/unet/config.json"), "{}");
        foreach (var name in (string[])[".folder", ".w.safetensors", ".n.unet.yaml"])
            File.WriteAllText(program.File($"out/{name}.lock"), "process 1 on node3, since 2026-11-26 14:03:11 +00:00\nabc\n");
        foreach (var name in (string[])[".w.safetensors", ".n.unet.yaml"])
            File.WriteAllText(program.File($"out/{name}.{temporary}"), "half");

        // A preset that diffusers hasn't: refused after the folder's name is taken.
        program.Fail(1, "export", "--checkpoint", "run", "--out", "out/folder");
        program.Succeed("export", "--format", "safetensors", "--checkpoint", "run", "--out", "out/w.safetensors");
        program.Succeed("import", "theirs", "--out", "out/n.unet.yaml");

        Assert.Equal(
            ["n.unet.yaml", "w.safetensors"],
            Directory.EnumerateFileSystemEntries(program.File("out")).Select(Path.GetFileName).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void A_spec_is_imported_from_a_folder_and_its_weights_only_into_the_same_network()
    {
        WriteTheirs();

        Assert.Contains("The spec is in theirs.unet.yaml", program.Succeed("import", "theirs", "--out", "theirs.unet.yaml"));
        Assert.Contains("\ndim: 32\nchannel_multipliers: [1, 2]\n", File.ReadAllText(program.File("theirs.unet.yaml")));

        Assert.Contains("is there already", program.Fail(1, "import", "theirs", "--out", "theirs.unet.yaml"));
        Assert.Contains(
            "has no diffusion_pytorch_model.safetensors",
            program.Fail(1, "import", "theirs", "--spec", "theirs.unet.yaml", "--checkpoint", "theirs.safetensors"));
        Assert.Contains(
            "Cifar10UNet isn't the network in theirs:\n  sample_size: 16 in the folder, but 32 in the network",
            program.Fail(1, "import", "theirs", "--spec", "cifar10", "--checkpoint", "theirs.safetensors"));
        Assert.Contains(
            "ShapesUNet isn't the network in theirs, nor any of diffusers':\n  preset: ",
            program.Fail(1, "import", "theirs", "--spec", "shapes", "--checkpoint", "theirs.safetensors"));
    }

    [Fact]
    public void A_folder_is_taken_over_in_one_step_spec_and_weights_and_drawn_with()
    {
        File.WriteAllText(
            program.File("own.unet.yaml"),
            "preset: ddpm\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\ngroups: 4\n");
        program.Succeed("train", "--spec", "own.unet.yaml", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1",
            "--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--out", "birds");

        Assert.EndsWith(
            "and its weights fit. Take it over:\n  import birds --checkpoint NAME.safetensors --out NAME.unet.yaml\n",
            program.Succeed("import", "birds"));
        Assert.EndsWith(
            "\n  import birds --spec own.unet.yaml --convert --checkpoint NAME.safetensors\n",
            program.Succeed("import", "birds", "--spec", "own.unet.yaml", "--convert"));
        var taken = program.Succeed("import", "birds", "--checkpoint", "taken.safetensors", "--out", "theirs.unet.yaml");

        Assert.Contains("The weights of TheirsUNet are in taken.safetensors", taken);
        Assert.Contains("The spec is in theirs.unet.yaml", taken);
        Assert.Contains("are the same network", program.Run("diff", "theirs.unet.yaml", "taken.safetensors").Output);
        Assert.DoesNotContain("Other values", program.Run("diff", "run", "taken.safetensors").Output);

        // What hooks of a class have added no spec knows, but a checkpoint without them does.
        File.Copy(program.File("taken.safetensors"), program.File("hooked.safetensors"));
        TensorFile.AddOfHooks(program.File("hooked.safetensors"), "head.weight", "OnForwarded");
        Assert.Contains(
            "Weights of one load into the other. What blocks and hooks of your own hold is in no spec, and not compared.",
            program.Succeed("diff", "hooked.safetensors", "theirs.unet.yaml").ReplaceLineEndings(" "));
        Assert.Contains(
            "hooked.safetensors has code of its own (OnForwarded), and the network that is made of its spec here hasn't",
            program.Fail(1, "sample", "--checkpoint", "hooked.safetensors"));
        var different = program.Run("diff", "hooked.safetensors", "run");
        Assert.Equal(1, different.ExitCode);
        Assert.Contains("head.weight", different.Output);
        program.Succeed("sample", "--checkpoint", "taken.safetensors", "--steps", "1", "--count", "1", "--out", "drawn.png");
    }

    [Fact]
    public void A_configuration_of_30_MB_is_refused_by_its_size_and_a_long_value_is_not_shown_whole()
    {
        Directory.CreateDirectory(program.File("theirs"));
        File.WriteAllText(program.File("theirs/scheduler_config.json"), """{"_class_name": "DDPMScheduler"}""");
        File.WriteAllText(program.File("theirs/config.json"), $$"""{"_class_name": "{{new string('x', 30_000_000)}}"}""");
        Assert.Contains(
            "has 30,000,019 bytes, but files of its kind have at most 16,777,216",
            program.Fail(1, "import", "theirs", "--out", "a.unet.yaml"));

        File.WriteAllText(program.File("theirs/config.json"), $$"""{"_class_name": "{{new string('x', 3_000_000)}}"}""");
        Assert.InRange(program.Fail(1, "import", "theirs", "--out", "a.unet.yaml").Length, 100, 2000);
    }

    [Theory]
    [InlineData("import", "folder", "--out", "a.unet.yaml", "--convert")]
    [InlineData("import", "folder", "--out", "a.unet.yaml", "--spec", "cifar10")]
    [InlineData("export", "--checkpoint", "run")]
    [InlineData("export", "--checkpoint", "run", "--out", "x", "--format", "pickle")]
    public void Half_a_step_is_a_usage_error(params string[] arguments) => program.Fail(2, arguments);

    [Fact]
    public void A_folder_that_is_none_is_told() =>
        Assert.Contains("nowhere is no folder of diffusers", program.Fail(1, "import", "nowhere", "--out", "a.unet.yaml"));

    [Fact]
    public void A_network_beyond_the_language_s_limits_is_refused_before_a_spec_is_written()
    {
        WriteTheirs(", \"layers_per_block\": 100000");
        Assert.Contains(
            "layers_per_block: 100000: it should be a number from 1 to 64",
            program.Fail(1, "import", "theirs", "--out", "specs/theirs.unet.yaml"));
        Assert.False(Path.Exists(program.File("specs")));
    }

    private void WriteTheirs(string more = "")
    {
        Directory.CreateDirectory(program.File("theirs"));
        File.WriteAllText(program.File("theirs/config.json"), $$"""
            {
              "_class_name": "UNet2DModel", "sample_size": 16, "block_out_channels": [32, 64], "norm_num_groups": 8, "norm_eps": 1e-06, "attention_head_dim": null, "downsample_padding": 0,
              "flip_sin_to_cos": false, "freq_shift": 1, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]{{more}}
            }
            """);
        File.WriteAllText(program.File("theirs/scheduler_config.json"), """{"_class_name": "DDPMScheduler"}""");
    }
}
