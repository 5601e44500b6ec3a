using System.Text.Json;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Edits through all of their steps, against Golden/repaint.json.</summary>
public sealed class GoldenEditTests
{
    private static readonly JsonElement Golden = JsonDocument.Parse(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "repaint.json"))).RootElement;

    private static readonly DiffusionOptions Scaled = new() { Timesteps = 25, Schedule = BetaSchedule.Linear, Objective = Objective.Noise };

    // Images and their pictures run to 3, float32 to 24 bits.
    private const double Tolerance = 1e-5;

    public static TheoryData<int> Three => [0, 1, 2];

    public static TheoryData<int> Two => [0, 1];

    [Theory]
    [MemberData(nameof(Three))]
    public void Inpainting_goes_through_the_papers_times(int number)
    {
        var golden = Golden.GetProperty("schedule_jump")[number];
        var steps = Int(golden, "steps");

        var walk = Painting(golden).Walk([.. Enumerable.Range(-1, steps + 1).Reverse()]);

        Assert.Equal([.. golden.GetProperty("times").EnumerateArray().Select(time => time.GetDouble())], walk);
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    public void What_is_painted_is_the_papers(int number, bool everyTimestep)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("paper")[number];
        var steps = Int(golden, "steps");
        Sampler sampler = everyTimestep ? new AncestralSampler(Variance.FixedSmall) : new DdimSampler(steps, 1, TimestepSpacing.Linspace);
        var edit = Painting(golden);
        var noises = new List<string> { "input:xT" };
        foreach (var entry in golden.GetProperty("trace").EnumerateArray())
        {
            if (entry[0].GetString() == "undo")
            {
                noises.Add($"input:n{entry[2]}");
                continue;
            }
            if (entry[4].ValueKind == JsonValueKind.Number)
                noises.Add($"input:n{entry[4]}");
            if (entry[1].GetInt32() > 0)
                noises.Add($"input:n{entry[3]}");
        }

        var (_, drawn) = Draw(sampler, edit, noises);

        var reference = tensor(Floats(golden, "output_base64_f32le")).reshape(2, 1, 4, 4);
        Agree.Values([.. where(edit.Mask.gt(0.5), reference, edit.Pictures).data<float>()], drawn, Tolerance);
    }

    /// <summary>There they are in the images from the first step on; here those begin with noise alone, as the paper's do.</summary>
    [Fact]
    public void Painted_once_from_noise_with_the_known_pixels_in_it_is_denoising_diffusion_pytorch_s()
    {
        using var scope = NewDisposeScope();
        using var diffusion = new GaussianDiffusion(Scaled);
        var edit = new Inpainting(Picture("input:x0"), Mask()) { JumpSamples = 1 };
        var known = diffusion.QSample(edit.Pictures, tensor(new long[] { 24, 24 }), Fill.Input("input:n0", 2, 1, 4, 4));
        var begin = where(edit.Mask.gt(0.5), Fill.Input("input:xT", 2, 1, 4, 4), known);
        var golden = Golden.GetProperty("replacement");

        var (_, drawn) = Draw(new AncestralSampler(Variance.FixedSmall), edit, Noises(1, Int(golden, "draws") - 1), begin: begin);

        Agree.Values(Floats(golden, "output_base64_f32le"), drawn, Tolerance);
    }

    [Theory]
    [MemberData(nameof(Two))]
    public void Ancestral_steps_from_a_noised_picture_are_the_references(int number)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("sdedit")[number];
        var first = Int(golden, "start_t");

        var (start, drawn) = Draw(
            new AncestralSampler(Variance.FixedSmall), new FromPictures(Picture("input:x0"), (first + 1) / 25.0),
            ["input:noise", .. Noises(0, first)]);

        Agree.Values(Floats(golden, "start_sample_base64_f32le"), start, Tolerance);
        Agree.Values(Floats(golden, "output_base64_f32le"), drawn, Tolerance);
    }

    [Fact]
    public void A_picture_between_two_is_the_references()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("interpolate")[0];
        var level = Int(golden, "t");
        var edit = new Interpolation(
            Picture("input:x1"), Picture("input:x2"), [golden.GetProperty("lam").GetSingle()], (level + 1) / 25.0)
        {
            OwnNoise = true,
        };

        var (_, drawn) = Draw(new AncestralSampler(Variance.FixedSmall), edit, Noises(0, level + 2));

        Agree.Values(Floats(golden, "decoded_from_t_base64_f32le"), drawn, Tolerance);
    }

    /// <summary>The file's second case has betas of its own.</summary>
    [Fact]
    public void Img2img_through_few_steps_is_diffusers()
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("img2img")[0];
        var sampler = new DdimSampler(Int(golden, "steps"), 0, TimestepSpacing.Leading);

        var (start, drawn) = Draw(
            sampler, new FromPictures(Picture("input:x0"), golden.GetProperty("strength").GetDouble()), ["input:noise"],
            Scaled with { Timesteps = Int(golden, "train_timesteps") }, clip: false);

        Agree.Values(Floats(golden, "start_sample_base64_f32le"), start, Tolerance);
        Agree.Values(Floats(golden, "output_base64_f32le"), drawn, Tolerance);
    }

    [Theory]
    [InlineData(false, "output_base64_f32le")]
    [InlineData(true, "output_rederived_base64_f32le")]
    public void Img2img_of_stable_diffusion_s_betas_is_diffusers(bool rederives, string output)
    {
        using var scope = NewDisposeScope();
        var golden = Golden.GetProperty("img2img")[1];
        var sampler = new DdimSampler(Int(golden, "steps"), 0, TimestepSpacing.Trailing, rederives);
        var diffusion = new DiffusionOptions
        {
            Timesteps = Int(golden, "train_timesteps"),
            Schedule = BetaSchedule.ScaledLinear,
            BetaStart = golden.GetProperty("beta_start").GetDouble(),
            BetaEnd = golden.GetProperty("beta_end").GetDouble(),
        };

        var (start, drawn) = Draw(
            sampler, new FromPictures(Picture("input:x0"), golden.GetProperty("strength").GetDouble()), ["input:noise"], diffusion);

        Agree.Values(Floats(golden, "start_sample_base64_f32le"), start, Tolerance);
        Agree.Values(Floats(golden, output), drawn, Tolerance);
    }

    /// <summary>The images of the first time, and those drawn, with noise that is named in the order of its use.</summary>
    private static (Tensor Start, Tensor Drawn) Draw(
        Sampler sampler, PictureEdit edit, IReadOnlyList<string> noises, DiffusionOptions? diffusion = null, bool clip = true,
        Tensor? begin = null)
    {
        // It sees its left neighbour, so that known pixels matter to those that are painted.
        var toy = new FunctionPredictor(
            diffusion ?? Scaled,
            (x, t, _) => (0.4 * x + 0.2 * x.roll(1, 3)) * cos(0.01 * t.to(ScalarType.Float32).reshape(-1, 1, 1, 1)) + 0.05);
        using var process = new GaussianDiffusion(toy.Diffusion);
        var left = new Queue<string>(noises);
        using var denoiser = new Denoiser(
            toy, process, new() { Count = 2, Clip = clip, Edit = edit }, () =>
            {
                var given = begin ?? Fill.Input(left.Dequeue(), 2, 1, 4, 4);
                begin = null;
                return given;
            });
        Tensor? start = null;
        var drawn = sampler.SampleBatch(
            denoiser, edit, sampler.Walk(process.Levels, edit), 0, at => start ??= at.Images.clone(), CancellationToken.None);
        Assert.Empty(left);
        return (start!, drawn);
    }

    private static Inpainting Painting(JsonElement golden) => new(Picture("input:x0"), Mask())
    {
        JumpLength = Int(golden, "jump_length"),
        JumpSamples = Int(golden, "jump_n_sample"),
    };

    /// <summary>1 where the file's is 0: what is to be painted.</summary>
    private static Tensor Mask()
    {
        var known = Golden.GetProperty("mask").EnumerateArray().SelectMany(row => row.EnumerateArray()).Select(pixel => pixel.GetSingle());
        return tensor(known.Select(pixel => 1 - pixel).ToArray()).reshape(1, 1, 4, 4);
    }

    private static Tensor Picture(string name) => Fill.Input(name, 1.0, 2, 1, 4, 4);

    private static string[] Noises(int first, int count) => [.. Enumerable.Range(first, count).Select(number => $"input:n{number}")];

    private static int Int(JsonElement golden, string name) => golden.GetProperty(name).GetInt32();

    private static float[] Floats(JsonElement golden, string name) => GoldenDiffusion.Floats(golden.GetProperty(name).GetString()!);
}
