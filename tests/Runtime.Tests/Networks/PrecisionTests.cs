using TorchSharp;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Blocks;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>What numbers of 16 bits do to a network, and that they do it.</summary>
public sealed class PrecisionTests
{
    private static readonly Precision[] Of16Bits = [Precision.BFloat16, Precision.Float16];

    public static TheoryData<string> Names => [.. AllNetworks.Small.Select(type => type.Name)];

    public static TheoryData<string, Precision> NamesOf16Bits => Each(AllNetworks.Small.Select(type => type.Name));

    public static TheoryData<string, Precision> Blocks => Each(Types.Keys);

    /// <summary>What comes out where 16 bits compute, bfloat16 for either kind: a sum has the wider type, a norm float32.</summary>
    private static Dictionary<string, (Func<nn.Module<Tensor, Tensor>> Make, ScalarType Type)> Types => new()
    {
        ["halving"] = (() => new Downsample(32, 48), ScalarType.BFloat16),
        ["halving, 3 x 3"] = (() => new Downsample(32, 48, DownsampleKind.ConvAsymmetric), ScalarType.BFloat16),
        ["doubling"] = (() => new UNetGen.Blocks.Upsample(32, 48), ScalarType.BFloat16),
        ["doubling, transposed"] = (() => new UNetGen.Blocks.Upsample(32, 48, UpsampleKind.ConvTranspose), ScalarType.BFloat16),
        ["standardised weights"] = (() => new WeightStandardizedConv2d(32, 48, 3), ScalarType.BFloat16),
        ["RMSNorm"] = (() => new RMSNorm(32), ScalarType.Float32),
        ["attention"] = (() => new Attention(32, memoryTokens: 4), ScalarType.BFloat16),
        ["attention of linear layers"] = (() => new AttentionBlock(32, 4, new(), memoryTokens: 4), ScalarType.BFloat16),
        ["attention of one convolution"] = (() => new QkvAttentionBlock(32, 4, new(), memoryTokens: 4), ScalarType.BFloat16),
        ["linear attention, which a norm ends"] = (() => new LinearAttention(32, memoryTokens: 4), ScalarType.Float32),
        ["a norm first, its input added"] = (
            () => new ResidualPreNorm<Attention>(32, new Attention(32, norm: Norm.Group)), ScalarType.BFloat16),
    };

    [Theory]
    [MemberData(nameof(NamesOf16Bits))]
    public void Output_and_gradients_in_16_bits_are_float32_and_near_to_float32_s(string name, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        Fill.Parameters(network);
        network.eval();
        // In the networks of 8 channels RMSNorm divides by a pixel's norm, and where that is next to nothing the numbers, and above all the
        // gradient, are mostly rounding: in the textbook's form as in the fast one. So theirs may differ more, and the gradient is judged
        // by the middle one of three images.
        var narrow = network.Info.Levels.Min(level => level.Channels) < 16;
        var images = narrow ? 3 : 1;
        // bfloat16 rounds by up to 2^-9 of a number, float16 by 2^-12, at each of some tens of layers.
        var part = precision == Precision.BFloat16 ? 1 : 1.0 / 8;
        var distances = Enumerable.Range(0, images).Select(image =>
        {
            network.Precision = Precision.Float32;
            var exact = Outcome(network, image);
            network.Precision = precision;
            var rounded = Outcome(network, image);
            Assert.InRange(Distance(exact.Output, rounded.Output), part * 1e-4, part * (narrow ? 6e-2 : 3e-2));
            return Distance(exact.Gradient, rounded.Gradient);
        }).Order().ToList();
        // Of what is mostly rounding three more bits leave less than a fourth, and not always an eighth.
        Assert.InRange(distances[images / 2], part * 1e-4, narrow ? 0.2 * Math.Min(1, 2 * part) : part * 3.5e-2);
    }

    [Theory]
    [MemberData(nameof(Blocks))]
    public void A_block_gives_the_type_of_its_last_layer(string name, Precision precision)
    {
        using var scope = NewDisposeScope();
        var (make, type) = Types[name];
        if (type == ScalarType.BFloat16)
            type = TypeOf(precision);
        using var block = make();
        foreach (var kernels in Enum.GetValues<KernelForm>())
        {
            using var mode = Compute.Use(kernels, precision, DeviceType.CPU);
            Assert.Equal(type, block.forward(randn(2, 32, 8, 8).to(TypeOf(precision))).dtype);
        }
    }

    [Theory]
    [InlineData(KernelForm.Fast, Precision.BFloat16)]
    [InlineData(KernelForm.Reference, Precision.BFloat16)]
    [InlineData(KernelForm.Fast, Precision.Float16)]
    [InlineData(KernelForm.Reference, Precision.Float16)]
    public void Residual_blocks_and_the_time_embedding_have_the_types_of_autocast(KernelForm kernels, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var mode = Compute.Use(kernels, precision, DeviceType.CPU);
        using var embedding = new SinusoidalPosEmb(16);
        using var time = new TimeEmbedding(embedding, 16, 20);
        using var normLast = new ResnetBlock(32, 48, 20);
        using var convolutionLast = new PreActResnetBlock(32, 48, 20, new(), KeyStyle.Diffusers);
        var (x, t) = (randn(2, 32, 8, 8).to(TypeOf(precision)), time.forward(tensor([0L, 7L])));
        Assert.Equal(ScalarType.Float32, embedding.forward(tensor([0L, 7L])).dtype);
        Assert.Equal(TypeOf(precision), t.dtype);
        Assert.Equal(ScalarType.Float32, normLast.forward(x, t).dtype);
        Assert.Equal(TypeOf(precision), convolutionLast.forward(x, t).dtype);
        using var transformer = new SpatialTransformer(32, 4, contextDim: 6, groups: 8);
        Assert.Equal(TypeOf(precision), transformer.forward(x, randn(2, 3, 6)).dtype);
    }

    [Fact]
    public void The_mode_of_a_forward_pass_ends_with_it_also_by_an_exception()
    {
        using var scope = NewDisposeScope();
        using var network = new AnnotatedTinyRgbUNet { Kernels = KernelForm.Reference, Precision = Precision.BFloat16 };
        Assert.Throws<ArgumentException>(() => network.forward(zeros(1, 1, 16, 16), tensor([0L])));
        network.forward(zeros(1, 3, 16, 16), tensor([0L]));
        Assert.Equal((KernelForm.Fast, Precision.Float32), (Compute.Kernels, Compute.Precision));
    }

    [Theory]
    [MemberData(nameof(NamesOf16Bits))]
    public void Weights_that_are_rounded_once_for_many_passes_give_every_bit_of_those_that_are_each_time(
        string name, Precision precision) =>
        KeptGiveEveryBit(name, precision);

    [Fact]
    public void A_weight_that_is_kept_in_one_type_is_another_in_the_other()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = new AnnotatedTinyRgbUNet();
        using var kept = NoisePredictor.KeepWeights();
        var (x, t) = (Fill.Input("x", 2, 3, 16, 16), tensor([3L, 7L]));
        var outcomes = Of16Bits.Concat(Of16Bits).Select(precision =>
        {
            network.Precision = precision;
            return network.forward(x, t);
        }).ToList();
        Assert.True(outcomes[0].Equals(outcomes[2]) && outcomes[1].Equals(outcomes[3]));
        Assert.False(outcomes[0].Equals(outcomes[1]));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Filters_that_are_standardized_once_for_many_passes_give_every_bit_of_those_that_are_each_time(string name) =>
        KeptGiveEveryBit(name, Precision.Float32);

    private static void KeptGiveEveryBit(string name, Precision precision)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var network = AllNetworks.Create(name);
        Fill.Parameters(network);
        network.eval();
        network.Precision = precision;
        var weight = network.parameters().First(parameter => parameter.dim() == 4);
        var expected = Outcome();
        using (NoisePredictor.KeepWeights())
        {
            Assert.True(expected.Equals(Outcome()) && expected.Equals(Outcome()));
            Assert.Same(KeptWeights.Of(weight, WeightForm.BFloat16, Rounded), KeptWeights.Of(weight, WeightForm.BFloat16, Rounded));
            Assert.Null(KeptWeights.Of(weight + 0, WeightForm.BFloat16, Rounded));
            using var gradients = enable_grad();
            Assert.Null(KeptWeights.Of(weight, WeightForm.BFloat16, Rounded));
        }
        Assert.Null(KeptWeights.Of(weight, WeightForm.BFloat16, Rounded));
        weight.mul_(2);
        Assert.False(expected.Equals(Outcome()));

        static Tensor Rounded(Tensor weight) => weight.to(ScalarType.BFloat16);

        Tensor Outcome()
        {
            var info = network.Info;
            var x = Fill.Input("x", 2, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth);
            var labels = info.NumClasses is null ? null : tensor([0L, 1L]);
            return network.forward(x, tensor([3L, 7L]), AllNetworks.Context(network), labels, null);
        }
    }

    [Fact]
    public void Kernels_are_as_the_spec_says_and_either_gives_the_same_images()
    {
        using var scope = NewDisposeScope();
        using var network = new ReferenceKernelsUNet();
        Assert.Equal(KernelForm.Reference, network.Kernels);
        Assert.Equal(AnnotatedTinyRgbUNet.SpecHash, ReferenceKernelsUNet.SpecHash);
        Fill.Parameters(network);
        var textbook = Outcome(network);
        network.Kernels = KernelForm.Fast;
        var fast = Outcome(network);
        Assert.InRange(Distance(textbook.Output, fast.Output), 0, 1e-5);
        Assert.InRange(Distance(textbook.Gradient, fast.Gradient), 0, 1e-4);
    }

    private static (Tensor Output, Tensor Gradient) Outcome(NoisePredictor network, int image = 0)
    {
        var (channels, height, width) = (
            network.Info.Channels + network.Info.ConditionChannels, network.Info.ImageHeight, network.Info.ImageWidth);
        var labels = network.Info.NumClasses is { } classes ? tensor([0L, classes - 1L]) : null;
        network.zero_grad();
        var (x, timesteps) = (Fill.Input($"x{image}", 2, channels, height, width), tensor([3L, 700L % network.Diffusion.Timesteps]));
        var y = network.forward(x, timesteps, AllNetworks.Context(network), labels, null);
        Assert.Equal(ScalarType.Float32, y.dtype);
        // As a trainer does; in float32 it changes nothing.
        const double lossScale = 1024;
        (y.square().mean() * lossScale).backward();
        var trained = network.parameters().Where(parameter => parameter.requires_grad).ToArray();
        Assert.All(trained, parameter => Assert.Equal((ScalarType.Float32, ScalarType.Float32), (parameter.dtype, parameter.grad!.dtype)));
        return (y.detach(), cat([.. trained.Select(parameter => parameter.grad!.flatten())]) / lossScale);
    }

    private static ScalarType TypeOf(Precision precision) =>
        precision == Precision.Float16 ? ScalarType.Float16 : ScalarType.BFloat16;

    private static TheoryData<string, Precision> Each(IEnumerable<string> names)
    {
        var all = new TheoryData<string, Precision>();
        foreach (var name in names)
        {
            foreach (var precision in Of16Bits)
                all.Add(name, precision);
        }
        return all;
    }

    private static double Distance(Tensor expected, Tensor actual) => ((actual - expected).norm() / expected.norm()).item<float>();
}
