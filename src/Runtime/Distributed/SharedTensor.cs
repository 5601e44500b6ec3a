using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>
/// What has to hold of a tensor that goes from process to process. One process alone looks at it too, so that it shows before there are
/// several.
/// </summary>
internal static class SharedTensor
{
    /// <exception cref="ArgumentException">It can't be summed over processes.</exception>
    public static void RequireSummable(Tensor tensor)
    {
        RequireMovable(tensor);
        if (tensor.dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.Int64))
            throw new ArgumentException(
                $"Tensors of {tensor.dtype} can't be summed over processes, only float32, float64 and int64: MPI knows no half precision, "
                    + "and a sum of many would lose in it.",
                nameof(tensor));
    }

    /// <exception cref="ArgumentException">It has no numbers, or they don't lie together.</exception>
    public static void RequireMovable(Tensor tensor)
    {
        ReadableTensor.Require(tensor);
        if (!tensor.is_contiguous())
            throw new ArgumentException(
                "Only contiguous tensors go from process to process; copy it with contiguous() first.", nameof(tensor));
    }
}
