using static TorchSharp.torch;

namespace UNetGen.Backends.Residual;

/// <summary>What a residual block keeps between its passes, beside its operands: the convolutions' results, and what is small.</summary>
internal sealed class ResidualKept
{
    /// <summary>The projected time embedding, [batch, out channels] or twice as many; null without.</summary>
    public Tensor? Projected { get; set; }

    /// <summary>The first convolution's result, [batch, out channels, height, width].</summary>
    public Tensor? Between { get; set; }

    /// <summary>The second convolution's result where a norm follows it, of the same shape; else null.</summary>
    public Tensor? Last { get; set; }

    /// <summary>Of the first half.</summary>
    public HalfKept First { get; } = new();

    /// <summary>Of the second half.</summary>
    public HalfKept Second { get; } = new();

    /// <summary>In the order in which autograd keeps them.</summary>
    public Tensor?[] InOrder => [Projected, Between, Last, First.Moments, First.Inverse, Second.Moments, Second.Inverse];

    /// <summary>From <see cref="InOrder"/>.</summary>
    public static ResidualKept From(ReadOnlySpan<Tensor?> inOrder)
    {
        var kept = new ResidualKept { Projected = inOrder[0], Between = inOrder[1], Last = inOrder[2] };
        (kept.First.Moments, kept.First.Inverse, kept.Second.Moments, kept.Second.Inverse) = (
            inOrder[3], inOrder[4], inOrder[5], inOrder[6]);
        return kept;
    }
}

/// <summary>Of a convolution and a norm.</summary>
internal sealed class HalfKept
{
    /// <summary>The norm's, [batch, 2, channels].</summary>
    public Tensor? Moments { get; set; }

    /// <summary>The standardised filters' 1 / deviation, [out channels]; null where they aren't.</summary>
    public Tensor? Inverse { get; set; }
}
