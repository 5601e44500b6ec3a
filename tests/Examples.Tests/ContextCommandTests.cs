namespace UNetGen.Examples.Tests;

/// <summary>Contexts by the program: trained on, and drawn by.</summary>
public sealed class ContextCommandTests : IDisposable
{
    /// <summary>A small network of the kind of Stable Diffusion's.</summary>
    internal const string Small =
        """
        preset: conditional
        image_size: 8
        channels: 4
        dim: 16
        channel_multipliers: [1, 2]
        groups: 8
        attention: { levels: [cross, none], heads: 2 }
        context_dim: 6
        diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, clip_sample: false }

        """;

    private readonly ExampleProgram program = new();

    public ContextCommandTests()
    {
        File.WriteAllText(program.File("small.unet.yaml"), Small);
        WriteLatents(program.File("latents"), tokens: 5, width: 6);
        TensorFile.Write(program.File("two.safetensors"), ("context", [2, 3, 6], TensorFile.Normal(8, 36)));
    }

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_network_with_a_context_is_trained_resumed_and_drawn_with()
    {
        var output = Train("--context-dropout", "0.2", "--out", "run");
        Assert.Contains("on 6 latents with contexts of 5 x 6 in latents", output);
        Assert.Contains("sample --checkpoint run --context FILE.safetensors --out FILE.safetensors writes them", output);
        Assert.Contains("More: sample --checkpoint run --context FILE.safetensors --seed 1, or", output);
        Assert.Contains("context_dropout: 0.2", File.ReadAllText(program.File("run/run.yaml")));
        Assert.True(File.Exists(program.File("run/samples.png")));
        Assert.Contains("one image, a context of 77 tokens, forward", program.Succeed("explain", "run"));
        program.Succeed("train", "--resume", "run", "--steps", "3");
        Assert.Contains("--context-dropout", program.Fail(1, "train", "--resume", "run", "--context-dropout", "0.3"));

        var plain = Sample("plain", "--context", "two.safetensors");
        var guided = Sample("guided", "--context", "two.safetensors", "--guidance", "3");
        var away = Sample("away", "--context", "two.safetensors", "--guidance", "3", "--negative-context", "latents/null.safetensors");
        Assert.NotEqual(plain, guided);
        Assert.Equal(guided, away); // what the checkpoint keeps is what the folder has
        Assert.NotEqual(guided, Sample(
            "other", "--context", "two.safetensors", "--guidance", "3", "--negative-context", "two.safetensors"));
    }

    [Fact]
    public void What_is_missing_or_of_no_use_is_told()
    {
        Train("--out", "run");
        program.Succeed("export", "--checkpoint", "run", "--format", "safetensors", "--out", "weights.safetensors");

        Assert.Contains("give them, --context FILE.safetensors", Fails("--checkpoint", "run"));
        Assert.Contains(
            "doesn't say what that was, as no weights alone do, nor a training that dropped no contexts: give it, --negative-context",
            Fails("--checkpoint", "weights.safetensors", "--context", "two.safetensors", "--guidance", "2"));
        TensorFile.Write(program.File("wide.safetensors"), ("context", [3, 7], TensorFile.Normal(8, 21)));
        string[] away = ["two.safetensors", "--guidance", "2", "--negative-context", "wide.safetensors"];
        foreach (var contexts in (string[][])[["wide.safetensors"], away])
            Assert.Contains("wide.safetensors: context has tokens of width 7, and", Fails(["--checkpoint", "run", "--context",
                .. contexts]));
        Assert.Contains(
            "has no tensor context; it has null_context", Fails("--checkpoint", "run", "--context", "latents/null.safetensors"));
        Assert.Contains(
            "--context: there is no file 'missing.safetensors', seen from ",
            Fails("--checkpoint", "run", "--context", "missing.safetensors"));
        Assert.Contains("--context: 'run' is a folder; name a .safetensors file in it.", Fails("--checkpoint", "run", "--context", "run"));
        TensorFile.Write(program.File("huge.safetensors"), ("context", [1, 6], [0, 0, 0, 1e30f, 0, 0]));
        TensorFile.Write(program.File("none.safetensors"), ("context", [1, 6], [0, 0, 0, float.NaN, 0, 0]));
        Assert.Contains(
            "--context huge.safetensors: context holds 1E+30, beyond 1,000,000, where no encoder's numbers lie",
            Fails("--checkpoint", "run", "--context", "huge.safetensors"));
        Assert.Contains(
            "--negative-context none.safetensors: context holds NaN, which is no finite number",
            Fails("--checkpoint", "run", "--context", "two.safetensors", "--guidance", "2", "--negative-context", "none.safetensors"));
        Assert.Contains(
            "at a guidance of 1 there is none",
            Fails("--checkpoint", "run", "--context", "two.safetensors", "--negative-context", "two.safetensors"));
        TensorFile.Write(
            program.File("latents/b.safetensors"), ("latents", [1, 4, 8, 8], TensorFile.Normal(1, 256)),
            ("context", [5, 6], [.. TensorFile.Normal(2, 29), float.NaN]));
        Assert.Contains("b.safetensors': 'context' holds NaN", Untrained());
        File.Delete(program.File("latents/b.safetensors"));
        WriteLatents(program.File("latents"), tokens: 5, width: 7);
        Assert.Contains("takes contexts of width 6 (context_dim), but those of the data", Untrained());
        File.Delete(program.File("latents/null.safetensors"));
        TensorFile.Write(program.File("latents/a.safetensors"), ("latents", [6, 4, 8, 8], TensorFile.Normal(1, 6 * 256)));
        Assert.Contains("is conditioned on contexts of width 6 (context_dim), but the data", Untrained());
    }

    [Fact]
    public void A_training_that_drops_every_context_is_warned_of() =>
        Assert.Contains("`context_dropout` is 1: every context is replaced by the null context", Train("--context-dropout", "1"));

    /// <summary>Six latents of 4 x 8 x 8 with contexts.</summary>
    internal static void WriteLatents(string folder, int tokens, int width)
    {
        TensorFile.Write(
            Path.Combine(folder, "a.safetensors"), ("latents", [6, 4, 8, 8], TensorFile.Normal(1, 6 * 256)),
            ("context", [6, tokens, width], TensorFile.Normal(2, 6 * tokens * width)));
        TensorFile.Write(
            Path.Combine(folder, "null.safetensors"), ("null_context", [tokens, width], TensorFile.Normal(3, tokens * width)));
    }

    private string Train(params string[] options) => program.Succeed(
        ["train", "--spec", "small.unet.yaml", "--data", "latents", "--steps", "2", "--batch-size", "2", "--count", "2", "--sample-steps",
            "1", .. options]);

    private string Untrained() =>
        program.Fail(1, "train", "--spec", "small.unet.yaml", "--data", "latents", "--steps", "2", "--out", "refused");

    private float[] Sample(string name, params string[] options)
    {
        program.Succeed(
            ["sample", "--checkpoint", "run", "--steps", "2", "--count", "3", "--out", $"{name}.safetensors", .. options]);
        return TensorFile.Read(program.File($"{name}.safetensors"), "latents").Values;
    }

    private string Fails(params string[] options) => program.Fail(1, ["sample", "--steps", "2", "--count", "2", .. options]);
}
