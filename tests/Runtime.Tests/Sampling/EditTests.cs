using System.Globalization;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>What holds of edits whatever the network.</summary>
public sealed partial class EditTests
{
    private static readonly FunctionPredictor Network = new(new() { Timesteps = 100 }, (x, t, _) => GoldenDiffusion.Predict(x, t));

    private static readonly SamplingOptions Four = new() { Count = 4, Seed = 5 };

    private static Tensor Pictures(long count) => Fill.Input("picture", 1.0, count, 1, 4, 4);

    [Fact]
    public void A_mask_of_nothing_to_paint_gives_the_picture_to_the_bit()
    {
        using var scope = NewDisposeScope();
        var edit = new Inpainting(Pictures(1), zeros(1, 1, 4, 4));
        foreach (var sampler in new Sampler[] { new AncestralSampler(), new DdimSampler(30, 1) })
            AssertSame(Pictures(1).expand(4, 1, 4, 4), sampler.Sample(Network, Four with { Edit = edit }));
    }

    [Fact]
    public void A_mask_of_everything_gives_the_drawing_without_a_picture()
    {
        using var scope = NewDisposeScope();
        // Without fresh noise on the way, what is noised for the known pixels changes nothing.
        var sampler = new DdimSampler(10, 0);
        var edit = new Inpainting(Pictures(1), ones(1, 1, 4, 4)) { JumpSamples = 1 };
        AssertSame(sampler.Sample(Network, Four), sampler.Sample(Network, Four with { Edit = edit }));
    }

    [Fact]
    public void Known_pixels_are_the_pictures_own_and_others_are_drawn_for_each_image()
    {
        using var scope = NewDisposeScope();
        var mask = tensor(Enumerable.Range(0, 16).Select(pixel => pixel == 6 ? 1f : 0f).ToArray()).reshape(1, 1, 4, 4);
        var drawn = new DdimSampler(20, 1).Sample(Network, Four with { Edit = new Inpainting(Pictures(2), mask) { JumpLength = 3 } });

        Assert.Equal(0, ((drawn - Pictures(2).repeat(2, 1, 1, 1)) * (1 - mask)).abs().max().item<float>());
        Assert.Equal(4, drawn.flatten(1).select(1, 6).contiguous().data<float>().Distinct().Count());
    }

    [Fact]
    public void At_full_strength_a_drawing_begins_with_its_own_noise_and_what_the_first_time_leaves_of_the_picture()
    {
        using var scope = NewDisposeScope();
        var sampler = new DdimSampler(10);
        var level = NoiseLevels.Of(Network.Diffusion).At(99);
        var noise = First(Four);
        var start = First(Four with { Edit = new FromPictures(Pictures(1), 1) });
        Assert.Equal(0, (level.Image * Pictures(1) + level.Noise * noise - start).abs().max().item<float>(), 1e-6);

        Tensor First(SamplingOptions options)
        {
            Tensor? first = null;
            sampler.Sample(Network, options, at => first ??= at.Images.clone());
            return first!;
        }
    }

    [Theory]
    [InlineData(50, 0.6, 30)]
    [InlineData(10, 0.29, 2)]
    [InlineData(10, 0.1, 1)]
    [InlineData(7, 1, 7)]
    public void So_many_steps_are_drawn_as_the_strength_says(int steps, double strength, int drawn)
    {
        using var scope = NewDisposeScope();
        foreach (var sampler in new Sampler[] { new DdimSampler(steps), new DpmSolverSampler(steps), new HeunSampler(steps, spacing: 0) })
        {
            var last = default(SamplingProgress);
            sampler.Sample(Network, Four with { Edit = new FromPictures(Pictures(1), strength) }, at => last = at);
            Assert.Equal((drawn, drawn), (last.Step, last.Steps));
        }
    }

    [Fact]
    public void Images_are_made_of_their_pictures_whatever_passes_at_once()
    {
        using var scope = NewDisposeScope();
        var mask = cat([zeros(3, 1, 2, 4), ones(3, 1, 2, 4)], 2);
        PictureEdit[] edits =
        [
            new FromPictures(Pictures(3), 0.5), new Inpainting(Pictures(3), mask) { JumpLength = 2 },
            new Interpolation(Pictures(2), -Pictures(2), 3, 0.5), new Interpolation(Pictures(1), -Pictures(1), 2, 0.5) { OwnNoise = true },
        ];
        foreach (var edit in edits)
        {
            var sampler = new DdimSampler(8, 1);
            var options = new SamplingOptions { Count = 7, Edit = edit };
            var all = sampler.Sample(Network, options);
            AssertSame(all, sampler.Sample(Network, options with { BatchSize = 2 }));
            AssertSame(all.narrow(0, 3, 4), sampler.Sample(Network, options with { FirstImage = 3, Count = 4 }));
        }
    }

    [Fact]
    public void A_strip_begins_and_ends_with_what_is_drawn_from_its_pictures_and_goes_evenly_between_where_the_network_is_linear()
    {
        using var scope = NewDisposeScope();
        var sampler = new DdimSampler(8, 1);
        var (first, second) = (Pictures(1) / 4, -Pictures(1) / 2);
        var strips = sampler.Sample(
            Network, new() { Count = 10, Clip = false, Edit = new Interpolation(first, second, 5, 0.5) });

        foreach (var strip in (int[])[0, 1])
        {
            var one = new SamplingOptions { Count = 1, FirstImage = strip, Clip = false };
            var from = sampler.Sample(Network, one with { Edit = new FromPictures(first, 0.5) });
            var to = sampler.Sample(Network, one with { Edit = new FromPictures(second, 0.5) });
            foreach (var frame in Enumerable.Range(0, 5))
            {
                var expected = from + frame / 4f * (to - from);
                Assert.Equal(0, (expected - strips[5 * strip + frame]).abs().max().item<float>(), 1e-4);
            }
        }
        Assert.True((strips[0] - strips[5]).abs().max().item<float>() > 0.01f);
    }

    [Fact]
    public void A_strip_is_of_one_class_and_the_next_of_the_next()
    {
        using var scope = NewDisposeScope();
        var tenths = new FunctionPredictor(
            new() { Timesteps = 100, Objective = Objective.X0 }, 5,
            (x, _, labels, _) => labels!.reshape(-1, 1, 1, 1) / 10.0f * ones_like(x));
        var drawn = new DdimSampler(4).Sample(
            tenths, new() { Count = 6, Labels = [3, 1], Edit = new Interpolation(Pictures(1), Pictures(1), 2, 0.5) });
        Assert.Equal([0.3f, 0.3f, 0.1f, 0.1f, 0.3f, 0.3f], drawn.flatten(1).select(1, 0).contiguous().data<float>());
    }

    [Fact]
    public void Samplers_whose_steps_know_more_than_the_images_refuse_to_paint_and_say_why()
    {
        using var scope = NewDisposeScope();
        var options = Four with { Edit = new Inpainting(Pictures(1), ones(1, 1, 4, 4)) };
        foreach (var (sampler, reason) in new (Sampler, string)[]
        {
            (new DpmSolverSampler(4), "build on the estimate of the step before"), (new HeunSampler(4), "at two times"),
        })
        {
            var error = Assert.Throws<UNetGenException>(() => sampler.Sample(Network, options)).Message;
            Assert.Contains(reason, error);
            Assert.EndsWith("Use an ancestral sampler or DDIM.", error);
        }
    }

    [Fact]
    public void What_makes_no_sense_is_refused_with_what_would()
    {
        using var scope = NewDisposeScope();
        Assert.Contains(
            "must be Float32 [1 or more, 1, 4, 4], but got Float32 [1, 1, 4, 5]", Refusal(new FromPictures(zeros(1, 1, 4, 5), 1)));
        Assert.Contains("but got Int64", Refusal(new FromPictures(zeros(1, 1, 4, 4, ScalarType.Int64), 1)));
        Assert.Contains("The second picture", Refusal(new Interpolation(Pictures(1), zeros(0, 1, 4, 4), 2, 1)));
        Assert.Contains(
            "there are 2 first pictures and 1 second: give as many of both.", Refusal(new Interpolation(Pictures(2), Pictures(1), 2, 1)));
        Assert.Contains("The mask", Refusal(new Inpainting(Pictures(1), zeros(1, 4, 4))));
        Assert.Contains("3 pictures and 2 masks", Refusal(new Inpainting(Pictures(3), zeros(2, 1, 4, 4))));
        Assert.Contains(
            "less than one of 10 steps, so that nothing would be drawn. Use more steps, or a strength of 0.1 or more.",
            Refusal(new FromPictures(Pictures(1), 0.09)));
        foreach (var strength in (double[])[0, -1, 1.01, double.NaN])
            Assert.Throws<ArgumentOutOfRangeException>(() => new FromPictures(Pictures(1), strength));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Interpolation(Pictures(1), Pictures(1), 1, 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Interpolation(Pictures(1), Pictures(1), [0.5f, 1.5f], 0.5));
        Assert.Throws<ArgumentOutOfRangeException>(() => new Inpainting(Pictures(1), Pictures(1)) { JumpLength = 0 });
        Assert.Throws<ArgumentOutOfRangeException>(() => new Inpainting(Pictures(1), Pictures(1)) { JumpSamples = 0 });

        string Refusal(PictureEdit edit) =>
            Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(Network, Four with { Edit = edit })).Message;
    }

    [Fact]
    public void Pictures_that_are_no_finite_numbers_are_named_and_not_the_weights()
    {
        using var scope = NewDisposeScope();
        var (broken, mask) = (full([1, 1, 4, 4], float.NaN), ones(1, 1, 4, 4));
        Assert.Contains("The pictures for", Refusal(new FromPictures(broken, 0.5)));
        Assert.Contains("The first pictures for", Refusal(new Interpolation(broken, Pictures(1), 2, 0.5)));
        Assert.Contains("The second pictures for", Refusal(new Interpolation(Pictures(1), broken, 2, 0.5)));
        Assert.Contains("The mask's pixels for", Refusal(new Inpainting(Pictures(1), broken)));
        Assert.Contains("The pictures for", Refusal(new Inpainting(broken, 1 - mask)));
        // What is painted over is used by nobody.
        new DdimSampler(10).Sample(Network, Four with { Edit = new Inpainting(broken, mask) });

        static string Refusal(PictureEdit edit)
        {
            var error = Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(Network, Four with { Edit = edit })).Message;
            Assert.EndsWith("hold NaN, which is no finite number: whatever has made them has failed.", error);
            return error;
        }
    }

    [Fact]
    public void Pictures_out_of_range_are_refused_where_a_network_draws_nothing_else_and_latents_are_not()
    {
        using var scope = NewDisposeScope();
        var (bytes, mask) = (full([1, 1, 4, 4], 255f), ones(1, 1, 4, 4));
        Assert.Contains("The pictures for FunctionPredictor", Refusal(new FromPictures(bytes, 0.5)));
        Assert.Contains("The first pictures for", Refusal(new Interpolation(bytes, Pictures(1), 2, 0.5)));
        Assert.Contains("The second pictures for", Refusal(new Interpolation(Pictures(1), bytes, 2, 0.5)));
        Assert.Contains("The pictures for", Refusal(new Inpainting(bytes, 1 - mask)));
        using var folder = new TemporaryFolder();
        Assert.Throws<UNetGenException>(() => new SampleFolder(folder.Path).Draw(Network, new DdimSampler(10), Drawing(bytes)));

        // What is painted over, what rounding has made, and what has no bounds.
        new DdimSampler(10).Sample(Network, Four with { Edit = new Inpainting(bytes, mask) });
        new DdimSampler(10).Sample(Network, Drawing(ones(1, 1, 4, 4) * 1.00001));
        using var ofLatents = new FunctionPredictor(
            new() { Timesteps = 100, ClipSample = false }, (x, t, _) => GoldenDiffusion.Predict(x, t));
        new DdimSampler(10).Sample(ofLatents, Drawing(bytes));
        ofLatents.IsBounded = true;
        Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(ofLatents, Drawing(bytes)));

        static SamplingOptions Drawing(Tensor pictures) => Four with { Edit = new FromPictures(pictures, 0.5) };

        static string Refusal(PictureEdit edit)
        {
            var error = Assert.Throws<UNetGenException>(() => new DdimSampler(10).Sample(Network, Four with { Edit = edit })).Message;
            Assert.Contains("which draws values in [-1, 1], hold values from ", error);
            return error;
        }
    }

    [Fact]
    public void The_strength_that_is_proposed_is_one_of_the_least_that_draw_anything()
    {
        using var picture = Pictures(1);
        for (var steps = 1; steps <= 1000; steps++)
        {
            double[] times = [.. Enumerable.Range(0, steps + 1).Select(step => (double)(steps - step))];
            var refused = Assert.Throws<UNetGenException>(() => new FromPictures(picture, 0.0001 / steps).Walk(times)).Message;
            var proposed = double.Parse(ProposedStrength().Match(refused).Value, CultureInfo.InvariantCulture);

            Assert.Equal(2, new FromPictures(picture, proposed).Walk(times).Count);
        }
    }

    [Fact]
    public void Only_the_pictures_stay_alive()
    {
        using var picture = Pictures(1);
        using var mask = ones_like(picture);
        PictureEdit[] edits =
        [
            new FromPictures(picture, 0.5), new Inpainting(picture, mask) { JumpLength = 2 },
            new Interpolation(picture, mask, 3, 0.5) { OwnNoise = true },
        ];
        foreach (var edit in edits)
        {
            var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
            using (new DdimSampler(8, 1).Sample(Network, Four with { BatchSize = 3, Edit = edit }))
                Assert.Equal(before + 1, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
        }
    }

    [Fact]
    public void A_folder_says_what_was_edited_and_is_continued_with_the_same_only()
    {
        using var folder = new TemporaryFolder();
        using var scope = NewDisposeScope();
        var path = folder.File("edited");
        var mask = ones(1, 1, 4, 4);
        var painting = Four with { Edit = new Inpainting(Pictures(1), mask) { JumpLength = 2, JumpSamples = 2 } };
        Assert.Equal(2, Draw(painting with { Count = 2 }));
        Assert.Equal(2, Draw(painting));

        var record = JsonNode.Parse(File.ReadAllText(Path.Combine(path, "samples.json")))!;
        Assert.Equal("inpainting, jumps of 2 steps, 2 samples each", record["edit"]!.GetValue<string>());
        Assert.Equal((64, 64), (record["pictures_sha256"]!.GetValue<string>().Length, record["mask_sha256"]!.GetValue<string>().Length));
        Assert.Contains("edit is \"inpainting, jumps of 2 steps, 2 samples each\" there and null now", Refusal(Four));
        Assert.Contains("mask_sha256 is", Refusal(Four with { Edit = new Inpainting(Pictures(1), 1 - mask) }));
        var others = Refusal(Four with { Edit = new Inpainting(-Pictures(1), mask) { JumpLength = 2, JumpSamples = 2 } });
        Assert.Contains("pictures_sha256 is", others);
        Assert.DoesNotContain("mask_sha256", others);

        path = folder.File("plain");
        Draw(Four);
        Assert.Contains(
            "edit is null there and \"from pictures, strength 0.5\" now", Refusal(Four with { Edit = new FromPictures(Pictures(1), 0.5) }));

        // What is refused leaves nothing behind.
        path = folder.File("refused");
        Assert.Throws<UNetGenException>(() => new SampleFolder(path).Draw(Network, new HeunSampler(4), painting));
        Assert.False(Path.Exists(path));

        int Draw(SamplingOptions options) => new SampleFolder(path).Draw(Network, new DdimSampler(8, 1), options);
        string Refusal(SamplingOptions options) => Assert.Throws<UNetGenException>(() => Draw(options)).Message;
    }

    private static void AssertSame(Tensor expected, Tensor actual) =>
        Assert.Equal([.. expected.contiguous().data<float>()], [.. actual.contiguous().data<float>()]);

    [GeneratedRegex(@"(?<=a strength of )[0-9.]*[0-9](?= or more\.|\.\z)")]
    private static partial Regex ProposedStrength();
}
