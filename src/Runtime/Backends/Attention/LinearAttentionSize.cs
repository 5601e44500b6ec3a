using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>
/// The sizes of linear attention's passes over the pixels, which take so many pixels at once that all between input and output stays in the
/// nearest caches.
/// </summary>
internal readonly struct LinearAttentionSize
{
    /// <summary>Pixels at once.</summary>
    public const int AtOnce = 32;

    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="outWeight">[dim, features, 1, 1].</param>
    /// <param name="memory">[2, heads, headDim, tokens], or null.</param>
    /// <param name="heads">Of the features.</param>
    public LinearAttentionSize(Tensor x, Tensor outWeight, Tensor? memory, long heads)
    {
        (Batch, Dim, Height, Width) = ((int)x.size(0), (int)x.size(1), (int)x.size(2), (int)x.size(3));
        (Features, Heads, Tokens) = ((int)outWeight.size(1), (int)heads, memory is null ? 0 : (int)memory.size(3));
    }

    public int Batch { get; }

    public int Dim { get; }

    public int Height { get; }

    public int Width { get; }

    /// <summary>Of all heads: of the queries, as of the keys and the values.</summary>
    public int Features { get; }

    public int Heads { get; }

    /// <summary>Learned positions.</summary>
    public int Tokens { get; }

    public int Positions => Height * Width;

    public int HeadDim => Features / Heads;

    /// <summary>Numbers of a matrix [features, dim].</summary>
    public int Matrix => Features * Dim;

    /// <summary>
    /// Whether the kernels can do it: images of the weights' channels, float32, on a processor with registers of 16 floats, and everything
    /// comes in whole registers.
    /// </summary>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="outWeight">[dim, features, 1, 1].</param>
    /// <param name="heads">Of the features.</param>
    public static bool Fits<V>(Tensor x, Tensor outWeight, long heads)
        where V : unmanaged, IFloats<V>
    {
        if (x.device_type != DeviceType.CPU || x.dtype != ScalarType.Float32 || outWeight.dtype != ScalarType.Float32)
            return false;
        var (dim, positions, features) = (x.size(1), x.size(2) * x.size(3), outWeight.size(1));
        return dim == outWeight.size(0) && positions % Gemm<V>.Rows == 0 && dim % Gemm<V>.Unit == 0 && features / heads % Gemm<V>.Unit == 0
            && TensorMemory.IsWithinReach(x.size(0) * dim * Math.Max(positions, 3 * features));
    }

    /// <summary>How many pixels there are at once from <paramref name="start"/>.</summary>
    public int From(int start) => Math.Min(AtOnce, Positions - start);
}
