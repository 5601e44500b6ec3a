using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Onnx.Graphs;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Layers;

/// <summary>Convolutions, and what halves and doubles images with one.</summary>
internal static class Convolutions
{
    /// <summary>A convolution of stride 1 that keeps the size.</summary>
    /// <param name="at">With <c>weight</c> and perhaps <c>bias</c>.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="biased">Whether there is a bias.</param>
    public static Value Same(Scope at, Value x, bool biased = true)
    {
        var filters = at.Operand("weight");
        return at.Conv(x, filters, biased ? at.Operand("bias") : null, before: filters.Shape[^1] / 2, behind: filters.Shape[^1] / 2);
    }

    /// <summary>
    /// The same with filters of mean 0 and variance 1, (w - mean(w)) / sqrt(var(w) + eps) (<see cref="WeightStandardizedConv2d"/>).
    /// </summary>
    public static Value Standardized(Scope at, Value x)
    {
        var main = at.Main;
        var filters = main.Cast(at.Operand("weight"), DataType.Float);
        var centered = main.Sub(filters, main.ReduceMean(filters, 1, 2, 3));
        var variance = main.ReduceMean(main.Mul(centered, centered), 1, 2, 3);
        var eps = at.Graph.Number(Reference.StandardizationEps);
        var standard = main.Div(centered, main.Each("Sqrt", main.Add(variance, eps)));
        var padding = filters.Shape[^1] / 2;
        return at.Conv(
            x, at.Graph.IsHalf ? main.Cast(standard, DataType.Float16) : standard, at.Operand("bias"), before: padding, behind: padding);
    }

    /// <summary>A linear layer of pixels, or a convolution of kernel 1 in however many axes.</summary>
    /// <param name="at">With <c>weight</c> [out, in, 1...].</param>
    /// <param name="pixels">[batch, in, positions].</param>
    /// <param name="biased">Whether there is a bias.</param>
    /// <returns>[batch, out, positions].</returns>
    public static Value Pointwise(Scope at, Value pixels, bool biased = true)
    {
        var filters = at.Operand("weight");
        if (filters.Shape.Length != 3)
            filters = at.Main.Reshape(filters, filters.Shape[0], filters.Shape[1], 1);
        return at.Conv(pixels, filters, biased ? at.Operand("bias") : null);
    }

    /// <summary><see cref="Blocks.Downsample"/>.</summary>
    public static Value Downsample(Scope at, Value x, DownsampleKind kind)
    {
        var (filters, bias) = (at.Operand("weight"), at.Operand("bias"));
        switch (kind)
        {
            case DownsampleKind.Unshuffle:
                // The pixels of 2 x 2 as channels, then kernel 1: a kernel of 2 x 2 with the same numbers in the same order.
                var square = at.Main.Reshape(filters, filters.Shape[0], filters.Shape[1] / 4, 2, 2);
                return at.Conv(x, square, bias, stride: 2);
            case DownsampleKind.Conv:
                return at.Conv(x, filters, bias, stride: 2, before: 1, behind: 1);
            case DownsampleKind.ConvAsymmetric:
                return at.Conv(x, filters, bias, stride: 2, behind: 1);
            default:
                return at.Conv(at.AveragePool(x), filters, bias);
        }
    }

    /// <summary><see cref="Blocks.Upsample"/>.</summary>
    public static Value Upsample(Scope at, Value x, UpsampleKind kind) => kind == UpsampleKind.ConvTranspose
        ? at.ConvTranspose(x, at.Operand("weight"), at.Operand("bias"))
        : Same(at, at.Doubled(x));
}
