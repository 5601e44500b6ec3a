using TorchSharp.Modules;
using UNetGen.Kernels;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>What the fast forms of attention between all pixels have in common.</summary>
internal static class PixelAttention
{
    /// <summary>Whether <see cref="FullAttention"/> computes it, from the projections on.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the queries, [heads * d, dim].</param>
    /// <param name="heads">Of the features.</param>
    public static bool Fits(Tensor pixels, Tensor weight, long heads) => Compute.Precision == Precision.Float32 && FullAttention.Fits(pixels, weight, heads);

    /// <summary>softmax(q k^T / sqrt(d)) v of each head.</summary>
    /// <param name="q">[batch, heads, positions, d]; fastest where the last axis lies together, as of all three.</param>
    /// <param name="k">As <paramref name="q"/>.</param>
    /// <param name="v">As <paramref name="q"/>.</param>
    /// <param name="memory">Further keys and values, [2, heads, tokens, d], or null.</param>
    /// <returns>[batch, positions, heads * d].</returns>
    public static Tensor Attend(Tensor q, Tensor k, Tensor v, Parameter? memory)
    {
        using var scope = NewDisposeScope();
        if (memory is not null)
        {
            k = cat([memory[0].unsqueeze(0).expand(q.shape[0], -1, -1, -1), k], -2);
            v = cat([memory[1].unsqueeze(0).expand(q.shape[0], -1, -1, -1), v], -2);
        }

        return Layers.Attend(q, k, v).transpose(1, 2).flatten(2).MoveToOuterDisposeScope();
    }
}
