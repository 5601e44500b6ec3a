using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>A residual block as one node; that its numbers are the textbook's is in <see cref="Backends.BackendTests"/>.</summary>
public sealed class ResidualFunctionTests
{
    private const long TimeWidth = 20;

    private static readonly Cpu Kernels = new(Precision.Float32);

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
        var weights = Weights(Make(normFirst, from, to, withTime, options));
        var (x, time) = (randn(2, from, 8, 8), randn(2, TimeWidth));
        Assert.True(Kernels.Fits(x, time, weights));

        var (first, second) = (Cpu.Half(weights.First), Cpu.Half(weights.Second));
        using var noGradients = no_grad();
        var pass = new ResidualPass(
        [
            TensorMemory.ChannelsLast(x), withTime ? time : null, weights.Time?.Weight, weights.Time?.Bias,
            first.Weight, first.Bias, first.NormWeight, first.NormBias,
            second.Weight, second.Bias, second.NormWeight, second.NormBias, weights.Shortcut?.Weight, weights.Shortcut?.Bias,
        ], Cpu.Form(weights));
        pass.Forward(keep: true);
        Assert.Equal(normFirst ? 2 : 3, pass.Kept.Count(kept => kept is { ndim: 4 } && kept.shape[2..] is [8, 8]));
    }

    [VectorTheory]
    [MemberData(nameof(Left))]
    public void Everything_else_is_left_to_the_layers(string name)
    {
        using var scope = NewDisposeScope();
        var (normFirst, from, to, size, options) = Others[name];
        var weights = Weights(Make(normFirst, from, to, withTime: true, options));
        Assert.False(Kernels.Fits(randn(2, from, size, size), randn(2, TimeWidth), weights));
    }

    [VectorFact]
    public void So_are_dropout_at_work_other_numbers_a_change_of_size_and_a_time_embedding_for_all_images()
    {
        using var scope = NewDisposeScope();
        var (x, time) = (randn(2, 32, 8, 8), randn(2, TimeWidth));
        var dropping = Make(false, 32, 32, true, new() { Dropout = 0.1 });
        Assert.True(Kernels.Fits(x, time, Weights(dropping)));
        dropping.train();
        Assert.False(Kernels.Fits(x, time, Weights(dropping)));
        var weights = Weights(Make(false, 32, 32, true, new()));
        Assert.True(Kernels.Fits(x, time, weights));
        Assert.False(Kernels.Fits(x, time[..1], weights));
        Assert.False(Kernels.Fits(x.to(ScalarType.Float64), time, weights));
        Assert.False(new Cpu(Precision.BFloat16).Fits(x, time, weights));
        Assert.False(Kernels.Fits(x, time, new PreActResnetBlock(32, 32, TimeWidth, new(), KeyStyle.Diffusers, Resampling.Down).Weights));
    }

    [VectorTheory]
    [MemberData(nameof(Taken))]
    public void Frozen_parameters_and_inputs_change_no_other_gradient(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(1);
        var (normFirst, from, to, withTime, options) = Blocks[name];
        var block = Make(normFirst, from, to, withTime, options);
        List<Tensor> all =
            [randn(2, from, 8, 8).requires_grad_(), .. withTime ? [randn(2, TimeWidth).requires_grad_()] : Array.Empty<Tensor>(), .. block.parameters()];
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

        List<Tensor> Gradients(List<Tensor> by) =>
            [.. autograd.grad([(Forward(block, all[0], withTime ? all[1] : null) * direction).sum()], by)];
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
            Forward(Make(normFirst, from, to, withTime, options), x, randn(2, TimeWidth));
            Closeness.Check(before, x, 0);
        }
    }

    [VectorFact]
    public void No_tensor_is_left_after_training_and_drawing()
    {
        using var outer = NewDisposeScope();
        var blocks = Blocks.Values
            .Select(block => (Block: Make(block.NormFirst, block.From, block.To, block.WithTime, block.Options), x: randn(2, block.From, 8, 8)))
            .ToList();
        var time = randn(2, TimeWidth);
        LiveTensors.AreAsManyAfterEach(Step);

        void Step()
        {
            foreach (var (block, x) in blocks)
            {
                using var scope = NewDisposeScope();
                block.zero_grad();
                Forward(block, x, time).sum().backward();
                using var noGradients = no_grad();
                Forward(block, x, time);
            }
            // What the last block has given to libtorch is given back by the next call of any kernel.
            UNetGen.Kernels.Gradients.Release();
        }
    }

    /// <summary>A block that is not trained: no dropout is at work.</summary>
    private static nn.Module Make(bool normFirst, long from, long to, bool withTime, ResnetBlockOptions options)
    {
        nn.Module block = normFirst
            ? new PreActResnetBlock(from, to, TimeWidth, options, KeyStyle.Diffusers)
            : new ResnetBlock(from, to, withTime ? TimeWidth : null, options);
        block.eval();
        return block;
    }

    private static ResidualWeights Weights(nn.Module block) =>
        block is ResnetBlock residual ? residual.Weights : ((PreActResnetBlock)block).Weights;

    private static Tensor Forward(nn.Module block, Tensor x, Tensor? time) => Kernels.Residual(x, time, Weights(block));
}
