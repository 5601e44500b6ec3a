using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>From which to which number the values of images run that should have all of [-1, 1].</summary>
internal sealed class ValueRange
{
    // An eighth of what there is.
    private const float Narrow = 2f / 8;

    public float Low { get; private set; } = float.PositiveInfinity;

    public float High { get; private set; } = float.NegativeInfinity;

    /// <summary>That of a tensor's values, of which there is at least one.</summary>
    public static ValueRange Of(Tensor values)
    {
        using var low = values.min();
        using var high = values.max();
        return new() { Low = low.item<float>(), High = high.item<float>() };
    }

    /// <summary>Takes further values in; what isn't a number makes it none.</summary>
    public void Add(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
            (Low, High) = (MathF.Min(Low, value), MathF.Max(High, value));
    }

    /// <summary>In words, to follow what has it: <c>run from -1 to 1</c>.</summary>
    /// <param name="isOfOne">Whether that is a single thing.</param>
    public string Text(bool isOfOne) => string.Create(
        CultureInfo.InvariantCulture, $"{(isOfOne ? "runs" : "run")} from {Low:G6} to {High:G6}");

    /// <summary>What is to be said of images that use too little of [-1, 1]; null: they use enough.</summary>
    /// <param name="what">The images.</param>
    /// <param name="isOfOne">Whether that is a single one.</param>
    public string? Doubt(string what, bool isOfOne) => High - Low < Narrow
        ? $"{what} {Text(isOfOne)}: less than an eighth of [-1, 1], so that they look all of one grey. Pictures of 12 bits in files of 16 "
            + "come out so: stretch them to the whole range first. Transparent ones do on a background of their own colour: choose another."
        : null;
}
