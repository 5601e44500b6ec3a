using UNetGen.Blocks;
using UNetGen.Kernels;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>Linear attention as one node; that its numbers are the textbook's is in <see cref="AttentionFormTests"/>. The number of threads is the process's, so not beside other tests.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class LinearAttentionFunctionTests
{
    public static TheoryData<string> Names => [.. Blocks.Keys];

    private static readonly Dictionary<string, (Func<LinearAttention> Make, long Heads)> Blocks = new()
    {
        ["norms of its own and memory tokens"] = (() => new(32, heads: 2, headDim: 16, memoryTokens: 3), 2),
        ["norms of its own"] = (() => new(32), 4),
        ["the norm before it outside"] = (() => new(32, memoryTokens: 1, norm: Norm.Group), 4),
    };

    [VectorTheory]
    [InlineData(true, 32, 8, 128, 4, "lucidrains's")]
    [InlineData(true, 48, 4, 48, 3, "heads of 16, few pixels")]
    [InlineData(false, 32, 8, 64, 8, "heads of 8")]
    [InlineData(false, 24, 8, 64, 4, "24 channels")]
    [InlineData(false, 32, 7, 64, 4, "7 x 7 pixels")]
    public void It_is_taken_where_everything_comes_in_whole_registers(bool taken, long dim, long width, long features, long heads, string what)
    {
        using var scope = NewDisposeScope();
        var weight = zeros(dim, features, 1, 1);
        Assert.True(taken == LinearAttentionSize.Fits(zeros(2, dim, width, width), weight, heads), what);
        Assert.False(LinearAttentionSize.Fits(zeros(2, dim, width, width, ScalarType.Float64), weight, heads));
        Assert.False(LinearAttentionSize.Fits(zeros(2, dim + 16, width, width), weight, heads), "an image of other channels than the weights'");
    }

    [VectorTheory]
    [MemberData(nameof(Names))]
    public void Between_the_passes_it_keeps_no_image_but_its_input(string block)
    {
        using var scope = NewDisposeScope();
        var (make, heads) = Blocks[block];
        using var module = make();
        using var noGradients = no_grad();
        var x = TensorMemory.ChannelsLast(randn(2, 32, 64, 64));
        var pass = new LinearAttentionPass([x, module.norm?.g, module.to_qkv.weight, module.mem_kv, module.to_out.weight, module.to_out.bias, (module.to_out_norm as RMSNorm)?.g], heads);
        pass.Forward();
        Assert.Same(x, Assert.Single(pass.Kept, kept => kept is not null && kept.numel() >= x.numel()));
    }

    [VectorTheory]
    [MemberData(nameof(Names))]
    public void The_number_of_threads_changes_no_bit(string block)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        var threads = get_num_threads();
        using var module = Blocks[block].Make();
        List<Tensor> all = [randn(5, 32, 12, 6).requires_grad_(), .. module.parameters()];
        var direction = randn(5, 32, 12, 6);
        try
        {
            set_num_threads(1);
            var one = Run(module, all, all, direction);
            set_num_threads(3);
            foreach (var (expected, actual) in one.Zip(Run(module, all, all, direction)))
                Closeness.Check(expected, actual, 0);
        }
        finally
        {
            set_num_threads(threads);
        }
    }

    [VectorTheory]
    [MemberData(nameof(Names))]
    public void Frozen_parameters_and_inputs_change_no_other_gradient(string block)
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var module = Blocks[block].Make();
        List<Tensor> all = [randn(2, 32, 8, 8).requires_grad_(), .. module.parameters()];
        var direction = randn(2, 32, 8, 8);
        var whole = Run(module, all, all, direction);
        for (var odd = 0; odd < 2; odd++)
        {
            var learned = all.Where((_, i) => i % 2 == odd).ToList();
            foreach (var tensor in all)
                tensor.requires_grad = learned.Contains(tensor);
            foreach (var (expected, actual) in whole[1..].Where((_, i) => i % 2 == odd).Zip(Run(module, all, learned, direction)[1..]))
                Closeness.Check(expected, actual, 0);
        }
    }

    [VectorFact]
    public void An_image_s_result_does_not_depend_on_the_others()
    {
        using var scope = NewDisposeScope();
        manual_seed(3);
        using var noGradients = no_grad();
        foreach (var (make, _) in Blocks.Values)
        {
            using var module = make();
            var x = randn(3, 32, 8, 8);
            Closeness.Check(module.forward(x)[1..2], module.forward(x[1..2]), 0);
        }
    }

    /// <summary>The result, then the gradients.</summary>
    private static List<Tensor> Run(LinearAttention module, List<Tensor> all, List<Tensor> by, Tensor direction)
    {
        var result = module.forward(all[0]);
        return [result.detach(), .. autograd.grad([(result * direction).sum()], by)];
    }
}
