using UNetGen.Backends.Simd;

namespace UNetGen.Backends.Winograd;

/// <summary>
/// The maps of Winograd's algorithm for a kernel of 3 and several results at once, for a register of channels: in one dimension y = A^T [(G
/// g) * (B^T d)] (Lavin and Gray 2016, section 4). In two dimensions each is applied to the columns and then to the rows; those of images
/// do so within registers.
/// </summary>
internal unsafe interface IWinogradScheme<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Results at once, in one dimension.</summary>
    static abstract int Outputs { get; }

    /// <summary>Inputs, and products: <see cref="Outputs"/> + 2, in one dimension.</summary>
    static abstract int Points { get; }

    /// <summary>B^T d B.</summary>
    /// <param name="d">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="edges">Which of the outer pixels lie outside the image, and are zeros.</param>
    /// <param name="v">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    static abstract void Input(float* d, nint pixel, nint line, in TileEdges<V> edges, float* v, nint point);

    /// <summary>A^T m A + offset.</summary>
    /// <param name="m">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    /// <param name="offset">Added to each pixel.</param>
    /// <param name="y">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    static abstract void Output(float* m, nint point, V offset, float* y, nint pixel, nint line);

    /// <summary>A y A^T, by which gradients go back.</summary>
    /// <param name="y">The first pixel.</param>
    /// <param name="pixel">Floats from a pixel to the next.</param>
    /// <param name="line">Floats from a row of pixels to the next.</param>
    /// <param name="m">The first point.</param>
    /// <param name="point">Floats from a point to the next.</param>
    static abstract void OutputTransposed(float* y, nint pixel, nint line, float* m, nint point);

    /// <summary>G g, in one dimension.</summary>
    static abstract void Weight(float* g, nint stride, float* u, nint target);

    /// <summary>G^T u, in one dimension, by which gradients go back.</summary>
    static abstract void WeightTransposed(float* u, nint stride, float* g, nint target);
}
