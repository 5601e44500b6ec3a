using TorchSharp.Modules;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>The fast form of whole blocks against the textbook's, forward and backward.</summary>
public sealed class BlockFormTests
{
    public static readonly TheoryData<string> Blocks = [.. Make.Keys];

    private static Dictionary<string, Func<(nn.Module Block, Func<Tensor, Tensor, Tensor> Forward, long Channels)>> Make => new()
    {
        ["residual, wider"] = () => Resnet(32, 48, new()),
        ["residual, as wide"] = () => Resnet(32, 32, new()),
        ["residual, standardised weights"] = () => Resnet(32, 48, new() { WeightStandardization = true }),
        ["residual, time added"] = () => Resnet(32, 48, new() { Conditioning = TimeConditioning.Add }),
        ["residual, ReLU"] = () => Resnet(32, 32, new() { Activation = Activation.Relu }),
        ["residual, GELU"] = () => Resnet(32, 32, new() { Activation = Activation.Gelu }),
        ["residual, RMSNorm"] = () => Resnet(32, 48, new() { Norm = Norm.Rms }),
        ["residual, of twice the width"] = () => Resnet(32, 64, new()),
        ["residual, without time"] = () => Untimed(32, 64, new()),
        ["residual, as wide, without time"] = () => Untimed(32, 32, new() { Conditioning = TimeConditioning.Add }),
        ["residual, of half the width, time added"] = () => Resnet(64, 32, new() { Conditioning = TimeConditioning.Add }),
        ["residual, of twice the width, standardised weights"] = () => Resnet(32, 64, new() { WeightStandardization = true }),
        ["residual, of odd widths"] = () => Resnet(24, 40, new()),
        ["pre-activation, wider"] = () => PreAct(32, 48, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, scale and shift"] = () => PreAct(32, 32, new()),
        ["pre-activation, of twice the width"] = () => PreAct(32, 64, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, of half the width, scale and shift"] = () => PreAct(64, 32, new()),
        ["pre-activation, as wide, time added"] = () => PreAct(32, 32, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, standardised weights"] = () => PreAct(32, 64, new() { WeightStandardization = true }),
        ["pre-activation, ReLU"] = () => PreAct(32, 32, new() { Activation = Activation.Relu }),
        ["pre-activation, down"] = () => PreAct(32, 48, new(), Resampling.Down),
        ["pre-activation, up"] = () => PreAct(32, 48, new(), Resampling.Up),
        ["upsampling"] = () => Plain(new UNetGen.Blocks.Upsample(32, 48), 32),
        ["upsampling, transposed"] = () => Plain(new UNetGen.Blocks.Upsample(32, 48, UpsampleKind.ConvTranspose), 32),
        ["downsampling"] = () => Plain(new Downsample(32, 48), 32),
        ["downsampling, 3 x 3"] = () => Plain(new Downsample(32, 48, DownsampleKind.Conv), 32),
        ["downsampling, 3 x 3, asymmetric"] = () => Plain(new Downsample(32, 48, DownsampleKind.ConvAsymmetric), 32),
        ["downsampling, mean"] = () => Plain(new Downsample(32, 48, DownsampleKind.AvgPool), 32),
    };

    [Theory]
    [MemberData(nameof(Blocks))]
    public void The_fast_form_gives_the_textbook_s_numbers_and_gradients_in_both_layouts(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(4);
        var (block, forward, channels) = Make[name]();
        using var _ = block;
        var time = randn(3, 20).requires_grad_();
        var images = randn(3, channels, 8, 6);
        Tensor? direction = null;
        var textbook = Outcome(KernelForm.Reference, images);
        foreach (var layout in new[] { images, TensorMemory.ChannelsLast(images) })
        {
            var fast = Outcome(KernelForm.Fast, layout);
            Assert.Equal(textbook.Count, fast.Count);
            foreach (var (expected, actual) in textbook.Zip(fast))
                Closeness.Check(expected, actual, 5e-5);
        }

        using var noGradients = no_grad();
        using var mode = Compute.Use(KernelForm.Fast, Precision.Float32);
        Closeness.Check(textbook[0], forward(images, time), 5e-5);

        List<Tensor> Outcome(KernelForm kernels, Tensor layout)
        {
            using var mode = Compute.Use(kernels, Precision.Float32);
            // Not a leaf: what a block is given must not be written over.
            var leaf = layout.detach().requires_grad_();
            var x = leaf * 1;
            var y = forward(x, time);
            direction ??= randn(y.shape);
            Closeness.Check(layout, x, 0);
            var parameters = block.parameters().ToList();
            var gradients = autograd.grad([(y * direction).sum()], [leaf, time, .. parameters], allow_unused: true);
            return [y, .. gradients.Where(gradient => gradient is not null && !gradient.IsInvalid)];
        }
    }

    private static (nn.Module, Func<Tensor, Tensor, Tensor>, long) Resnet(long from, long to, ResnetBlockOptions options)
    {
        var block = Random(new ResnetBlock(from, to, 20, options));
        return (block, (x, time) => block.forward(x, time), from);
    }

    private static (nn.Module, Func<Tensor, Tensor, Tensor>, long) Untimed(long from, long to, ResnetBlockOptions options)
    {
        var block = Random(new ResnetBlock(from, to, null, options));
        return (block, (x, _) => block.forward(x), from);
    }

    private static (nn.Module, Func<Tensor, Tensor, Tensor>, long) PreAct(long from, long to, ResnetBlockOptions options, Resampling resampling = Resampling.None)
    {
        var block = Random(new PreActResnetBlock(from, to, 20, options, KeyStyle.Diffusers, resampling));
        return (block, block.forward, from);
    }

    private static (nn.Module, Func<Tensor, Tensor, Tensor>, long) Plain(nn.Module<Tensor, Tensor> block, long channels) => (block, (x, _) => block.forward(x), channels);

    /// <summary>With norms whose weights are not all 1.</summary>
    private static T Random<T>(T block)
        where T : nn.Module
    {
        using var noGradients = no_grad();
        foreach (var norm in block.modules().OfType<GroupNorm>())
        {
            norm.weight!.copy_(randn(norm.weight!.shape));
            norm.bias!.copy_(randn(norm.bias!.shape));
        }
        return block;
    }
}
