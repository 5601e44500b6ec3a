using UNetGen.Backends.Memory;
using UNetGen.Backends.Simd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Products;

/// <summary>
/// Products of rows, such as pixels' channels, with one small matrix, added to what is there: 1 x 1 convolutions and linear layers. A row's
/// result doesn't depend on how many there are.
/// </summary>
internal static unsafe class PixelProduct<V>
    where V : unmanaged, IFloats<V>
{
    private const int RowsInAPart = 64;

    /// <summary>Whether there is a kernel for this: on this processor, for whole registers.</summary>
    public static bool Fits(long from, long to) => from % Gemm<V>.Unit == 0 && to % Gemm<V>.Unit == 0;

    /// <summary>y += x W^T.</summary>
    /// <param name="x">[rows, from], or images [batch, from, height, width] with the channels together.</param>
    /// <param name="weight">W, [to, from] or [to, from, 1, 1], as <see cref="Fits"/> asks.</param>
    /// <param name="y">[rows, to], or images.</param>
    public static void Add(Tensor x, Tensor weight, Tensor y)
    {
        var (from, to) = ((int)weight.size(1), (int)weight.size(0));
        var turned = Scratch.TakeForAll((long)from * to);
        Transposition.Matrix<V>(TensorMemory.Of(weight), to, from, turned);
        Add(RowsOf(x), x.numel() / from, turned, from, to, RowsOf(y));
        GC.KeepAlive((x, weight, y));
    }

    /// <summary>x += y W, by which the gradient of <see cref="Add(Tensor, Tensor, Tensor)"/> goes back.</summary>
    /// <param name="y">As there.</param>
    /// <param name="weight">As there.</param>
    /// <param name="x">As there.</param>
    public static void AddTransposed(Tensor y, Tensor weight, Tensor x)
    {
        var (from, to) = ((int)weight.size(1), (int)weight.size(0));
        Add(RowsOf(y), y.numel() / to, TensorMemory.Of(weight), to, from, RowsOf(x));
        GC.KeepAlive((x, weight, y));
    }

    private static float* RowsOf(Tensor x) => x.dim() == 4 ? TensorMemory.OfImages(x) : TensorMemory.Of(x);

    private static void Add(float* x, long rows, float* matrix, int steps, int columns, float* y) =>
        Workers.Run((int)((rows + RowsInAPart - 1) / RowsInAPart), part =>
        {
            var first = part * (long)RowsInAPart;
            var count = (int)Math.Min(RowsInAPart, rows - first);
            var (whole, rest) = (count / Gemm<V>.Rows * Gemm<V>.Rows, count % Gemm<V>.Rows);
            float* from = x + first * steps, to = y + first * columns;
            Gemm<V>.Multiply(from, steps, 1, matrix, columns, to, columns, whole, steps, columns, add: true);
            if (rest == 0)
                return;
            // There is no memory behind the last row for those that would fill the last group up.
            float* source = Scratch.Take(Gemm<V>.Rows * (long)(steps + columns)), target = source + Gemm<V>.Rows * steps;
            new Span<float>(from + whole * steps, rest * steps).CopyTo(new(source, rest * steps));
            new Span<float>(to + whole * columns, rest * columns).CopyTo(new(target, rest * columns));
            Gemm<V>.Multiply(source, steps, 1, matrix, columns, target, columns, rest, steps, columns, add: true);
            new Span<float>(target, rest * columns).CopyTo(new(to + whole * columns, rest * columns));
        });
}
