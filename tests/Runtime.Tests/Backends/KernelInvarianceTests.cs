using UNetGen.Backends;
using UNetGen.Backends.Simd;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// What changes no bit of a block's results where there are kernels for it. The number of threads is the process's, so not beside other
/// tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class KernelInvarianceTests
{
    // Where kernels compute all of it, and libtorch no product of its own.
    private static readonly string[] Whole =
    [
        "residual, as wide, without time", "linear attention", "linear attention, 4 memory tokens", "linear attention, group norm outside",
        "ddpm's attention", "RMSNorm",
    ];

    private static readonly string[] Taken =
    [
        .. Whole, "residual, as wide", "residual, of twice the width", "residual, of twice the width, standardised weights",
        "residual, of half the width, time added", "pre-activation, of twice the width",
        "pre-activation, of half the width, scale and shift",
        "attention", "attention, 4 memory tokens", "ddpm's attention, more positions than at once",
    ];

    [Theory]
    [Widths]
    public void The_number_of_threads(int bits) => ForEach(Whole, bits, (module, x, time) =>
    {
        var threads = get_num_threads();
        try
        {
            set_num_threads(1);
            var (one, drawn) = (Gradients(module, x, time, All(module, x, time)), Drawn(module, x, time));
            // Also more threads than images.
            set_num_threads(5);
            foreach (var (expected, actual) in one.Zip(Gradients(module, x, time, All(module, x, time))))
                Closeness.Check(expected, actual, 0);
            Closeness.Check(drawn, Drawn(module, x, time), 0);
        }
        finally
        {
            set_num_threads(threads);
        }
    });

    [Theory]
    [Widths]
    public void The_other_images_of_a_batch(int bits) => ForEach(Whole, bits, (module, x, time) =>
    {
        var together = Drawn(module, x, time);
        for (var image = 0; image < x.size(0); image++)
            Closeness.Check(together.narrow(0, image, 1), Drawn(module, x.narrow(0, image, 1), time.narrow(0, image, 1)), 0);
    });

    [Theory]
    [Widths]
    public void Which_other_gradients_are_asked_for(int bits) => ForEach(Taken, bits, (module, x, time) =>
    {
        var all = All(module, x, time);
        var whole = Gradients(module, x, time, all);
        foreach (var odd in new[] { 0, 1 })
        {
            var learned = all.Where((_, i) => i % 2 == odd).ToList();
            if (learned.Count == 0)
                continue;
            foreach (var tensor in all)
                tensor.requires_grad = learned.Contains(tensor);
            foreach (var (expected, actual) in whole.Where((_, i) => i % 2 == odd).Zip(Gradients(module, x, time, learned)))
                Closeness.Check(expected, actual, 0);
        }
    });

    private static void ForEach(string[] blocks, int bits, Action<nn.Module, Tensor, Tensor> check)
    {
        WidthsAttribute.Run(bits, Check<Floats512>, Check<Floats256>, Check<Floats128>);

        void Check<V>()
            where V : unmanaged, IFloats<V>
        {
            using var kernels = Compute.Use(new Cpu<V>(Precision.Float32));
            foreach (var name in blocks)
            {
                using var scope = NewDisposeScope();
                var (make, shape) = BlockCase.All[name];
                using var module = make();
                try
                {
                    check(module, randn([3, .. shape[1..]]), randn(3, BlockCase.TimeWidth));
                }
                catch (Xunit.Sdk.XunitException wrong)
                {
                    throw new Xunit.Sdk.XunitException($"{name}: {wrong.Message}", wrong);
                }
            }
        }
    }

    /// <summary>The inputs and parameters that the block has.</summary>
    private static List<Tensor> All(nn.Module module, Tensor x, Tensor time)
    {
        Tensor[] given = BlockCase.TakesTime(module) ? [x, time] : [x];
        return [.. given.Select(input => input.requires_grad_()), .. module.parameters()];
    }

    private static List<Tensor> Gradients(nn.Module module, Tensor x, Tensor time, List<Tensor> by)
    {
        var result = BlockCase.Forward(module, x, time);
        // Of no pattern, and the same each time.
        var direction = arange(result.numel()).mul(0.7).sin().view(result.shape);
        return [.. autograd.grad([(result * direction).sum()], by)];
    }

    private static Tensor Drawn(nn.Module module, Tensor x, Tensor time)
    {
        using var noGradients = no_grad();
        return BlockCase.Forward(module, x, time);
    }
}
