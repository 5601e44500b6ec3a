using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Runtime.Tests.Backends;
using UNetGen.Runtime.Tests.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Gpu;

/// <summary>
/// Blocks in bfloat16 by the kernels for GPUs; BackendTests has them in float32. The generator is seeded, so not beside other tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class GpuBlockTests
{
    public static TheoryData<string> Blocks => [.. BlockCase.All.Keys];

    [EmulationTheory]
    [MemberData(nameof(Blocks))]
    public void A_block_in_bfloat16_is_as_near_to_float32_as_by_libtorch_s_operators_forward_and_backward(string name)
    {
        using var scope = NewDisposeScope();
        manual_seed(7);
        var (make, shape) = BlockCase.All[name];
        using var block = BlockCase.Randomized(make());
        var (x, time) = (TensorMemory.ChannelsLast(randn(shape)), randn(shape[0], BlockCase.TimeWidth));
        Tensor? direction = null;
        var exact = Outcome(new Reference(Precision.Float32), x);
        var images = x.to(ScalarType.BFloat16);
        var (usual, ours) = (
            Errors(Outcome(new Libtorch(Precision.BFloat16), images)),
            Errors(Outcome(new Cuda(Precision.BFloat16, EmulatedKernels.For), images)));

        // Where the operators happen to be exact, two of what bfloat16 rounds by, 2^-9 each, and a little.
        Assert.Empty(ours.Where(error => !(error.Value <= 1.5 * usual[error.Key] + 0.005)).Select(
            error => $"{error.Key}: {error.Value:g2}, by libtorch's operators {usual[error.Key]:g2}"));

        Dictionary<string, Tensor> Outcome(Backend how, Tensor given)
        {
            using var computing = Compute.Use(how);
            var (leaf, embedding) = (given.detach().requires_grad_(), time.detach().requires_grad_());
            var result = BlockCase.Forward(block, leaf, embedding);
            direction ??= randn(result.shape);
            var outcome = BlockCase.Outcome(block, result, direction.to(result.dtype), leaf, embedding);
            Gradients.Release();
            return outcome;
        }

        // A key's bias has no effect: its gradient is rounding, beside its weight's.
        Dictionary<string, double> Errors(Dictionary<string, Tensor> rounded) => exact.Keys.ToDictionary(key => key, key =>
            ((rounded[key].to(ScalarType.Float32) - exact[key]).norm() / exact[key.Replace("to_k.bias", "to_k.weight")].norm())
                .to(ScalarType.Float64).item<double>());
    }
}
