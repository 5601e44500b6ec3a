using System.Globalization;

namespace UNetGen.Data;

/// <summary>Which values an image has, and what it comes with: of others a network would learn nonsense, or nothing any more.</summary>
internal static class SourceValues
{
    /// <summary>Refuses an image that is none, as one of which its source has left values unwritten.</summary>
    /// <exception cref="DataException">A value is no finite number, or lies outside of [-1, 1] where the source's are bound to it.</exception>
    public static void RequireImage(IImageSource source, int index, ReadOnlySpan<float> values) =>
        Require(source, index, values, "Images", that: "", noun: "");

    /// <summary>The same of what an image is to be made from.</summary>
    /// <inheritdoc cref="RequireImage"/>
    public static void RequireCondition(IImageSource source, int index, ReadOnlySpan<float> values) =>
        Require(source, index, values, "Conditions", that: "that of ", noun: "condition of ");

    /// <summary>Refuses a context that no encoder gives.</summary>
    /// <param name="source">Whose it is.</param>
    /// <param name="index">Of the image that has it; null: it is the one that stands for none.</param>
    /// <param name="values">The context's.</param>
    /// <exception cref="DataException">A number is none that an encoder gives.</exception>
    public static void RequireContext(IImageSource source, int? index, ReadOnlySpan<float> values) =>
        RequireEncoded(source, index, values, "context of ");

    private static void Require(IImageSource source, int index, ReadOnlySpan<float> values, string all, string that, string noun)
    {
        if (!source.IsBounded)
            RequireEncoded(source, index, values, noun);
        else if (FirstOutside(values) is { } value)
            throw new DataException(
                FormattableString.Invariant($"{all} must hold values in [-1, 1], but {that}image {index:N0} of {source.Description} holds ")
                    + $"{Text(value)}: scale them, or mend what isn't a number.");
    }

    private static void RequireEncoded(IImageSource source, int? index, ReadOnlySpan<float> values, string noun)
    {
        foreach (var value in values)
        {
            if (EncodedRange.Fault(value) is not { } fault)
                continue;
            var what = index is { } image ? FormattableString.Invariant($"{noun}image {image:N0}") : "null context";
            throw new DataException($"The {what} of {source.Description} holds {Text(value)}, {fault}: whatever has made it has failed.");
        }
    }

    private static float? FirstOutside(ReadOnlySpan<float> values)
    {
        foreach (var value in values)
        {
            if (!IsInBounds(value))
                return value;
        }
        return null;
    }

    private static bool IsInBounds(float value) => value is >= -1 and <= 1;

    private static string Text(float value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
