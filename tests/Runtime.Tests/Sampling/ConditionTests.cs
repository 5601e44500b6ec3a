using SkiaSharp;
using UNetGen.Data;
using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Drawing from a condition.</summary>
public sealed class ConditionTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Image_i_is_made_from_condition_i_modulo_their_number_whatever_the_batch()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var conditions = randn(3, 3, 8, 8);
        var sampler = new DdimSampler(3);
        var options = new SamplingOptions { Count = 5, Condition = conditions, Clip = false };
        var drawn = sampler.Sample(network, options);
        Assert.True(drawn.allclose(sampler.Sample(network, options with { BatchSize = 2 }), atol: 1e-5));
        var third = sampler.Sample(network, options with { FirstImage = 4, Count = 1, Condition = conditions[1..2] });
        Assert.True(drawn[4..5].allclose(third, atol: 1e-5));
        Assert.False(drawn.allclose(sampler.Sample(network, options with { Condition = conditions + 1 }), atol: 1e-2));
    }

    [Fact]
    public void A_condition_that_is_missing_or_does_not_fit_is_refused_with_its_shape()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        Assert.Contains("[1 or more, 3, 8, 8]", Refused(null));
        Assert.Contains("but got Float32 [2, 4, 8, 8]", Refused(zeros(2, 4, 8, 8)));
        Assert.Contains("`Condition` holds NaN, which is no finite number", Refused(full([1, 3, 8, 8], float.NaN)));
        Assert.Contains("but got Float64", Refused(zeros([2, 3, 8, 8], ScalarType.Float64)));
        using var plain = new FourierUNet();
        Assert.Contains(
            "has no condition_channels",
            Assert.Throws<UNetGenException>(
                () => new DdimSampler(2).Sample(plain, new SamplingOptions { Condition = zeros(1, 3, 8, 8) })).Message);

        string Refused(Tensor? condition) => Assert.Throws<UNetGenException>(
            () => new DdimSampler(2).Sample(network, new SamplingOptions { Condition = condition })).Message;
    }

    [Fact]
    public void A_condition_out_of_range_is_refused_where_it_is_known_that_the_network_learnt_from_such_in_range()
    {
        using var scope = NewDisposeScope();
        using var network = Network();
        var bytes = new SamplingOptions { Condition = full([1, 3, 8, 8], 255f) };
        new DdimSampler(2).Sample(network, bytes);
        network.IsBounded = true;
        Assert.Contains(
            "The conditions for FunctionPredictor, which draws values in [-1, 1], hold values from 255 to 255",
            Assert.Throws<UNetGenException>(() => new DdimSampler(2).Sample(network, bytes)).Message);
        new DdimSampler(2).Sample(network, new SamplingOptions { Condition = ones(1, 3, 8, 8) * 1.00001 });
    }

    [Fact]
    public void A_folder_of_samples_says_its_condition_and_is_continued_with_it_alone()
    {
        using var scope = NewDisposeScope();
        using var network = Network(channels: 1);
        var options = new SamplingOptions { Count = 2, Condition = zeros(1, 3, 8, 8) };
        var samples = new SampleFolder(folder.File("drawn"));
        samples.Draw(network, new DdimSampler(2), options);
        Assert.Contains("\"condition_sha256\"", File.ReadAllText(folder.File("drawn/samples.json")));
        var other = options with { Condition = ones(1, 3, 8, 8), Count = 3 };
        Assert.Contains(
            "condition_sha256 is", Assert.Throws<UNetGenException>(() => samples.Draw(network, new DdimSampler(2), other)).Message);
    }

    [Fact]
    public void A_small_picture_becomes_what_the_source_makes_of_a_large_one()
    {
        using var scope = NewDisposeScope();
        var network = FunctionPredictor.ToyInfo("Large", 1, 8) with { ConditionChannels = 1 };
        var greys = new byte[] { 0, 51, 102, 255 };
        Save("small.png", 2, i => greys[i]);
        Save("large.png", 8, i => greys[i / 32 * 2 + i % 8 / 4]);
        var source = new UpscalingSource(ImageFolderSource.Open(folder.Path, 1, 8, 8), factor: 4);
        var (image, condition) = (new float[64], new float[64]);
        source.ReadWithCondition(0, 0, image, condition); // large.png

        using var low = PictureCondition.LowResolution(folder.File("small.png"), network, factor: 4);
        Assert.Equal([1L, 1, 8, 8], low.shape);
        Assert.Equal(condition, low.data<float>().ToArray(), (a, b) => Math.Abs(a - b) < 1e-5);
        Assert.Contains(
            "which 3 doesn't divide",
            Assert.Throws<UNetGenException>(() => PictureCondition.LowResolution(folder.File("small.png"), network, factor: 3)).Message);
    }

    [Fact]
    public void A_picture_with_a_mask_is_the_mask_and_the_picture_without_what_it_hides()
    {
        using var scope = NewDisposeScope();
        var network = FunctionPredictor.ToyInfo("Inpainter", 1, 4) with { ConditionChannels = 2 };
        Save("picture.png", 4, _ => 255);
        Save("mask.png", 4, i => (byte)(i < 8 ? 255 : 0));
        using var condition = PictureCondition.WithHole(folder.File("picture.png"), folder.File("mask.png"), network);
        Assert.Equal(
            [.. Enumerable.Repeat(1f, 8), .. Enumerable.Repeat(0f, 8), .. Enumerable.Repeat(0f, 8), .. Enumerable.Repeat(1f, 8)],
            condition.data<float>().ToArray());
        Assert.Contains(
            "from a condition of 2 channels, and a picture in low resolution has 1",
            Assert.Throws<UNetGenException>(() => PictureCondition.LowResolution(folder.File("picture.png"), network)).Message);
    }

    /// <summary>Makes of its input what shows all of it.</summary>
    private static FunctionPredictor Network(int channels = 2) => new(
        new() { Timesteps = 50 }, (x, t, _) => x[.., ..channels] * 0.1 + x[.., channels..].mean([1L], keepdim: true),
        FunctionPredictor.ToyInfo(nameof(FunctionPredictor), channels, 8) with { ConditionChannels = 3 });

    private void Save(string name, int side, Func<int, byte> grey)
    {
        using var bitmap = new SKBitmap(side, side);
        for (var i = 0; i < side * side; i++)
            bitmap.SetPixel(i % side, i / side, new SKColor(grey(i), grey(i), grey(i)));
        using var file = File.Create(folder.File(name));
        bitmap.Encode(file, SKEncodedImageFormat.Png, 100);
    }
}
