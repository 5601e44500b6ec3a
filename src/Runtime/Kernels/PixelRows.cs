using System.Runtime.Intrinsics;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>The sizes of linear attention's passes over the pixels (<see cref="KeyPool"/>, <see cref="QueryMix"/>), which take so many pixels at once that all between input and output stays in the nearest caches.</summary>
internal readonly struct PixelRows
{
    /// <summary>Pixels at once.</summary>
    public const int AtOnce = 32;

    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">[features, dim].</param>
    public PixelRows(Tensor pixels, Tensor weight)
    {
        Batch = checked((int)pixels.shape[0]);
        Positions = checked((int)pixels.shape[1]);
        Dim = checked((int)pixels.shape[2]);
        Features = checked((int)weight.shape[0]);
    }

    public int Batch { get; }

    public int Positions { get; }

    public int Dim { get; }

    public int Features { get; }

    /// <summary>Whether the kernels can do it: float32, on a processor with registers of 16 floats, and everything comes in whole registers.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">[features, dim].</param>
    /// <param name="headDim">Features that a softmax is over.</param>
    public static bool Fit(Tensor pixels, Tensor weight, long headDim) =>
        Vector512.IsHardwareAccelerated && pixels.device_type == DeviceType.CPU && pixels.dtype == ScalarType.Float32 && weight.dtype == ScalarType.Float32
        && pixels.shape[1] % Gemm.Rows == 0 && pixels.shape[2] % Gemm.Lanes == 0 && headDim % Gemm.Lanes == 0
        && TensorMemory.IsWithinReach(pixels.numel());

    /// <summary>How many pixels there are at once from <paramref name="start"/>.</summary>
    public int From(int start) => Math.Min(AtOnce, Positions - start);
}
