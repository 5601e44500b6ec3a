namespace UNetGen.Examples.Tests;

/// <summary>Latents by the program: trained on, shown, and drawn into files.</summary>
public sealed class LatentCommandTests : IDisposable
{
    private const string Tiny =
        """
        preset: lucidrains
        image_size: 8
        channels: 4
        dim: 8
        channel_multipliers: [1, 2]
        attention: none
        diffusion: { clip_sample: false }

        """;

    private readonly ExampleProgram program = new();

    public LatentCommandTests()
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), Tiny);
        TensorFile.Write(
            program.File("latents/a.safetensors"), ("latents", [6, 4, 8, 8], TensorFile.Normal(1, 6 * 256, 2)), ("ids", [1], [0]));
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void Where_pictures_are_wanted_several_latents_are_none()
    {
        var error = program.Fail(1, "classifier", "--data", "latents", "--spec", "tiny.unet.yaml", "--out", "c.safetensors");
        Assert.StartsWith("error: Pictures are wanted, with values in [-1, 1], and these are none: ", error);
        Assert.EndsWith(" latents in latents. Decode them first.\n", error);
    }

    [Fact]
    public void A_folder_of_latents_is_trained_on_and_what_is_drawn_is_latents()
    {
        var output = Train("--steps", "2", "--out", "run");
        Assert.Contains("on 6 latents in latents", output);
        Assert.Contains("not used are the tensors ids", output);
        Assert.Contains("grids show latents, divided by the largest of their values", output);
        Assert.True(File.Exists(program.File("run/samples.png")));
        program.Succeed("train", "--resume", "run", "--steps", "3");

        Assert.Contains("2 latents of 4 x 8 x 8 in", program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2"));
        var drawn = program.File("run/samples-ddim-0.safetensors");
        var (shape, values, metadata) = TensorFile.Read(drawn, "latents");
        Assert.Equal([2L, 4, 8, 8], shape);
        Assert.True(values.Max(Math.Abs) > 1, "nothing is clipped");
        Assert.Contains("\"clip\":false", metadata.GetProperty("unetgen_samples").GetString());
        // What was drawn gives way to what is drawn next.
        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2", "--seed", "1", "--out", drawn);
        Assert.NotEqual(values, TensorFile.Read(drawn, "latents").Values);
        Assert.Contains(
            "holds latents that a network has drawn, and no weights: give the checkpoint of the network",
            program.Fail(1, "sample", "--checkpoint", drawn));
        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "2", "--out", "shown.png");
        Assert.True(File.Exists(program.File("shown.png")));

        Assert.Contains("draws has 4 channels: write it as it is", program.Fail(1, "sample", "--checkpoint", "run", "--out", "folder"));
        Assert.Contains(
            "is none that UNetGen has drawn", program.Fail(1, "sample", "--checkpoint", "run", "--out", "latents/a.safetensors"));
        Assert.Contains("takes no context", program.Fail(1, "sample", "--checkpoint", "run", "--context", "latents/a.safetensors"));
    }

    [Fact]
    public void Latents_of_as_many_channels_as_pictures_are_none_also_of_weights_alone()
    {
        File.WriteAllText(program.File("tiny.unet.yaml"), Tiny.Replace("channels: 4", "channels: 3"));
        TensorFile.Write(program.File("latents/a.safetensors"), ("latents", [6, 3, 8, 8], TensorFile.Normal(1, 6 * 192, 2)));
        Train("--steps", "1", "--out", "run");
        string[] two = ["--steps", "2", "--count", "2"];

        Assert.Contains("2 latents of 3 x 8 x 8 in", program.Succeed(["sample", "--checkpoint", "run", .. two]));
        var shown = program.Succeed(["sample", "--checkpoint", "run", "--out", "shown.png", .. two]);
        Assert.Contains("2 latents in shown.png", shown);
        Assert.Contains("they are shown, divided by the largest of their values; --out FILE.safetensors writes them as they are", shown);
        Assert.Contains(
            "TinyUNet draws latents, as it was trained on: write them as they are, --out FILE.safetensors",
            program.Fail(1, ["sample", "--checkpoint", "run", "--out", "folder", .. two]));
        Assert.Contains(
            "--from takes pictures, and TinyUNet draws latents",
            program.Fail(1, ["sample", "--checkpoint", "run", "--from", "shown.png", .. two]));

        var drawing = program.Succeed(
            "export", "--checkpoint", "run", "--format", "onnx", "--with-sampler", "ddim", "--steps", "2", "--out", "draw.onnx");
        Assert.Matches(@"gives +latents +float32 \[batch, 3, 8, 8\]", drawing);
        Assert.Contains(
            "TinyUNet draws latents, which a page can't show",
            program.Fail(1, "export", "--checkpoint", "run", "--format", "web", "--out", "page"));

        program.Succeed("train", "--spec", "tiny.unet.yaml", "--data", "shapes", "--steps", "1", "--batch-size", "2", "--out", "pictures");
        Assert.Contains("2 pictures in", program.Succeed(["sample", "--checkpoint", "pictures", .. two]));
        program.Succeed("export", "--checkpoint", "pictures", "--format", "safetensors", "--out", "alone.safetensors");
        Assert.Contains("2 pictures in", program.Succeed(["sample", "--checkpoint", "alone.safetensors", .. two]));

        // As an earlier version wrote it.
        var written = File.ReadAllBytes(program.File("alone.safetensors"));
        written[written.AsSpan().IndexOf("unetgen.images"u8)] = (byte)'U';
        File.WriteAllBytes(program.File("alone.safetensors"), written);
        Assert.Contains("2 latents of 3 x 8 x 8 in", program.Succeed(["sample", "--checkpoint", "alone.safetensors", .. two]));
        Assert.Contains(
            "weights alone don't say whether TinyUNet draws pictures or latents",
            program.Succeed(["sample", "--checkpoint", "alone.safetensors", "--out", "folder", .. two]));
    }

    [Fact]
    public void A_run_goes_on_with_what_it_has_left_among_its_latents_and_names_the_file_that_is_another()
    {
        Train("--steps", "1", "--decay", "constant", "--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--format", "safetensors", "--out", "latents/w.safetensors");
        Assert.Contains(
            "left out is what UNetGen has written: w.safetensors.", program.Succeed("train", "--resume", "run", "--steps", "2"));

        var file = program.File("latents/a.safetensors");
        var bytes = File.ReadAllBytes(file);
        bytes[^20] ^= 1;
        File.WriteAllBytes(file, bytes);
        Assert.Contains(
            "the file names or contents differ; changed is a.safetensors. Put the data back as it was",
            program.Fail(1, "train", "--resume", "run", "--steps", "3"));
    }

    [Theory]
    [InlineData("{ clip_sample: false }")]
    [InlineData("{ type: flow }")]
    [InlineData("{ type: edm }")]
    public void Weights_alone_say_that_they_were_trained_on_latents(string diffusion)
    {
        File.WriteAllText(
            program.File("tiny.unet.yaml"), Tiny.Replace("channels: 4", "channels: 3").Replace("{ clip_sample: false }", diffusion));
        TensorFile.Write(program.File("latents/a.safetensors"), ("latents", [6, 3, 8, 8], TensorFile.Normal(1, 6 * 192, 2)));
        Train("--steps", "1", "--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--format", "safetensors", "--out", "alone.safetensors");
        File.Copy(
            Directory.GetFiles(program.File("run"), "ema.safetensors", SearchOption.AllDirectories).Single(),
            program.File("copied.safetensors"));

        foreach (var weights in (string[])["alone.safetensors", "copied.safetensors"])
        {
            string[] sample = ["sample", "--checkpoint", weights, "--steps", "2", "--count", "2"];
            Assert.Contains("2 latents of 3 x 8 x 8 in", program.Succeed(sample));
            Assert.Contains("they are shown, divided by the largest", program.Succeed([.. sample, "--out", "shown.png"]));
            Assert.Contains("TinyUNet draws latents, as it was trained on", program.Fail(1, [.. sample, "--out", "folder"]));
        }
    }

    [Fact]
    public void What_goes_through_a_folder_of_diffusers_still_draws_latents()
    {
        File.WriteAllText(
            program.File("tiny.unet.yaml"),
            """
            preset: ddpm
            image_size: 8
            channels: 3
            dim: 8
            channel_multipliers: [1, 2]
            groups: 4
            diffusion: { type: flow }

            """);
        TensorFile.Write(program.File("latents/a.safetensors"), ("latents", [6, 3, 8, 8], TensorFile.Normal(1, 6 * 192, 2)));
        Train("--steps", "1", "--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--format", "diffusers", "--out", "theirs");
        program.Succeed("import", "theirs", "--checkpoint", "back.safetensors");

        Assert.Contains(
            "draws latents, as it was trained on",
            program.Fail(1, "sample", "--checkpoint", "back.safetensors", "--steps", "2", "--count", "2", "--out", "folder"));
    }

    [Fact]
    public void What_latents_can_not_be_learnt_with_is_told_before_the_first_step()
    {
        Assert.EndsWith(
            "Latents are read from a folder: give the one that holds it, 'latents'.",
            program.Fail(1, "train", "--spec", "tiny.unet.yaml", "--data", "latents/a.safetensors", "--out", "refused").TrimEnd());
        Assert.Contains("`flips` can't be of 6 latents", Fails("--flips"));
        File.WriteAllText(program.File("tiny.unet.yaml"), Tiny.Replace("false", "true"));
        Assert.Contains("give the spec `diffusion: { clip_sample: false }`", Fails());
    }

    private string Train(params string[] options) =>
        program.Succeed(["train", "--spec", "tiny.unet.yaml", "--data", "latents", "--batch-size", "2", "--count", "2", "--sample-steps",
            "1", .. options]);

    private string Fails(params string[] options) =>
        program.Fail(1, ["train", "--spec", "tiny.unet.yaml", "--data", "latents", "--steps", "2", "--out", "refused", .. options]);
}
