using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>What goes into linear attention, or the gradients by it.</summary>
/// <param name="X">Images, [batch, dim, height, width].</param>
/// <param name="Gain">Of the RMSNorm before it, [1, dim, 1, 1]; null without.</param>
/// <param name="Weight">To queries, keys and values, [3 features, dim, 1, 1].</param>
/// <param name="Memory">Further keys and values, [2, heads, headDim, tokens]; null without.</param>
/// <param name="OutWeight">[dim, features, 1, 1].</param>
/// <param name="OutBias">[dim].</param>
/// <param name="EndGain">Of the RMSNorm after it, [1, dim, 1, 1]; null without.</param>
internal sealed record LinearAttentionOperands(
    Tensor X, Tensor? Gain, Tensor Weight, Tensor? Memory, Tensor OutWeight, Tensor OutBias, Tensor? EndGain)
{
    /// <summary>How many there are.</summary>
    public const int Count = 7;

    /// <summary>In the order in which autograd gets them.</summary>
    public Tensor?[] InOrder => [X, Gain, Weight, Memory, OutWeight, OutBias, EndGain];

    /// <summary>From <see cref="InOrder"/>.</summary>
    public static LinearAttentionOperands From(IReadOnlyList<object?> inOrder)
    {
        return new(Of(0)!, Of(1), Of(2)!, Of(3), Of(4)!, Of(5)!, Of(6));

        Tensor? Of(int place) => (Tensor?)inOrder[place];
    }
}
