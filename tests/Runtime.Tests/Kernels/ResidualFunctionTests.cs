using TorchSharp.Modules;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>A residual block as one node; that its numbers are the textbook's is in <see cref="BlockFormTests"/>.</summary>
public sealed class ResidualFunctionTests
{
    private const long TimeWidth = 20;

    public static readonly TheoryData<string> Taken = [.. Blocks.Keys];

    public static readonly TheoryData<string> Left = [.. Others.Keys];

    private static Dictionary<string, (bool NormFirst, long From, long To, bool WithTime, ResnetBlockOptions Options)> Blocks => new()
    {
        ["residual"] = (false, 32, 32, true, new()),
        ["residual, wider"] = (false, 32, 64, true, new()),
        ["residual, without time"] = (false, 32, 64, false, new()),
        ["residual, time added"] = (false, 64, 32, true, new() { Conditioning = TimeConditioning.Add }),
        ["residual, standardised"] = (false, 16, 32, true, new() { WeightStandardization = true }),
        ["pre-activation"] = (true, 32, 32, true, new()),
        ["pre-activation, wider"] = (true, 32, 64, true, new()),
        ["pre-activation, time added"] = (true, 64, 32, true, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, standardised"] = (true, 16, 32, true, new() { WeightStandardization = true, Conditioning = TimeConditioning.Add }),
        ["dropout that is not at work"] = (true, 32, 32, true, new() { Dropout = 0.5 }),
    };

    private static Dictionary<string, (bool NormFirst, long From, long To, long Size, ResnetBlockOptions Options)> Others => new()
    {
        ["another activation"] = (false, 32, 32, 8, new() { Activation = Activation.Gelu }),
        ["another norm"] = (false, 32, 32, 8, new() { Norm = Norm.Rms }),
        ["channels that fill no register"] = (false, 32, 40, 8, new()),
        ["few pixels"] = (true, 32, 32, 4, new()),
    };

    [VectorTheory]
    [MemberData(nameof(Taken))]
    public void A_block_that_all_kernels_fit_is_one_node_which_keeps_no_activated_image(string name)
    {
        using var scope = NewDisposeScope();
        var (normFirst, from, to, withTime, options) = Blocks[name];
        var layers = Make(normFirst, from, to, withTime, options);
        var (x, time) = (randn(2, from, 8, 8), randn(2, TimeWidth));
        Assert.NotNull(layers.Forward(x, time, training: false));

        var (first, second) = (ResidualLayers.Half(layers.FirstConvolution, (GroupNorm)layers.FirstNorm), ResidualLayers.Half(layers.SecondConvolution, (GroupNorm)layers.SecondNorm));
        using var noGradients = no_grad();
        var pass = new ResidualPass(
        [
            TensorMemory.ChannelsLast(x), withTime ? time : null, layers.Time?.weight, layers.Time?.bias, first.Weight, first.Bias, first.NormWeight, first.NormBias,
            second.Weight, second.Bias, second.NormWeight, second.NormBias, layers.Shortcut?.weight, layers.Shortcut?.bias,
        ], layers.Form);
        pass.Forward(keep: true);
        Assert.Equal(normFirst ? 2 : 3, pass.Kept.Count(kept => kept is { ndim: 4 } && kept.shape[2..] is [8, 8]));
    }

    [VectorTheory]
    [MemberData(nameof(Left))]
    public void Everything_else_is_left_to_the_layers(string name)
    {
        using var scope = NewDisposeScope();
        var (normFirst, from, to, size, options) = Others[name];
        Assert.Null(Make(normFirst, from, to, withTime: true, options).Forward(randn(2, from, size, size), randn(2, TimeWidth), training: true));
    }

    [VectorFact]
    public void So_are_dropout_at_work_other_numbers_the_reference_s_kernels_and_a_time_embedding_for_all_images()
    {
        using var scope = NewDisposeScope();
        var (x, time) = (randn(2, 32, 8, 8), randn(2, TimeWidth));
        Assert.Null(Make(false, 32, 32, true, new() { Dropout = 0.1 }).Forward(x, time, training: true));
        var layers = Make(false, 32, 32, true, new());
        Assert.NotNull(layers.Forward(x, time, training: true));
        Assert.Null(layers.Forward(x, time[..1], training: true));
        Assert.Null(layers.Forward(x.to(ScalarType.Float64), time, training: true));
        using (Compute.Use(KernelForm.Fast, Precision.BFloat16))
            Assert.Null(layers.Forward(x, time, training: true));
        using (Compute.Use(KernelForm.Reference, Precision.Float32))
            Assert.Null(layers.Forward(x, time, training: true));
    }

    [VectorTheory]
    [MemberData(nameof(Taken))]
    public void Frozen_parameters_and_inputs_change_no_other_gradient(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (normFirst, from, to, withTime, options) = Blocks[name];
        var layers = Make(normFirst, from, to, withTime, options);
        List<Tensor> all = [randn(2, from, 8, 8).requires_grad_(), .. withTime ? [randn(2, TimeWidth).requires_grad_()] : Array.Empty<Tensor>(), .. Modules(layers).SelectMany(module => module.parameters())];
        var direction = randn(2, to, 8, 8);
        var whole = Gradients(all);
        foreach (var odd in new[] { 0, 1 })
        {
            var learned = all.Where((_, i) => i % 2 == odd).ToList();
            foreach (var tensor in all)
                tensor.requires_grad = learned.Contains(tensor);
            foreach (var (expected, actual) in whole.Where((_, i) => i % 2 == odd).Zip(Gradients(learned)))
                Closeness.Check(expected, actual, 0);
        }

        List<Tensor> Gradients(List<Tensor> by) => [.. autograd.grad([(layers.Forward(all[0], withTime ? all[1] : null, training: false)! * direction).sum()], by)];
    }

    [VectorFact]
    public void Drawing_leaves_the_block_s_input_as_it_was()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (var (normFirst, from, to, withTime, options) in Blocks.Values)
        {
            var x = TensorMemory.ChannelsLast(randn(2, from, 8, 8));
            var before = x.clone();
            Make(normFirst, from, to, withTime, options).Forward(x, randn(2, TimeWidth), training: false);
            Closeness.Check(before, x, 0);
        }
    }

    [VectorFact]
    public void No_tensor_is_left_after_training_and_drawing()
    {
        using var outer = NewDisposeScope();
        var blocks = Blocks.Values.Select(block => (Layers: Make(block.NormFirst, block.From, block.To, block.WithTime, block.Options), x: randn(2, block.From, 8, 8))).ToList();
        var time = randn(2, TimeWidth);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            foreach (var (layers, x) in blocks)
            {
                using var scope = NewDisposeScope();
                foreach (var module in Modules(layers))
                    module.zero_grad();
                layers.Forward(x, time, training: false)!.sum().backward();
                using var noGradients = no_grad();
                layers.Forward(x, time, training: false);
            }
            // What the last block has given to libtorch is given back by the next call of any kernel.
            UNetGen.Kernels.Gradients.Release();
        }
    }

    private static ResidualLayers Make(bool normFirst, long from, long to, bool withTime, ResnetBlockOptions options) => normFirst
        ? new PreActResnetBlock(from, to, TimeWidth, options, KeyStyle.Diffusers).Whole
        : new ResnetBlock(from, to, withTime ? TimeWidth : null, options).Whole;

    private static IEnumerable<nn.Module> Modules(ResidualLayers layers) =>
        new nn.Module?[] { layers.Time, layers.FirstConvolution, layers.FirstNorm, layers.SecondConvolution, layers.SecondNorm, layers.Shortcut }.OfType<nn.Module>();
}
