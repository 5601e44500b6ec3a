using System.Globalization;

namespace UNetGen.Data;

/// <summary>
/// Images with themselves in low resolution as their condition: averaged over squares of pixels, each of which has its average everywhere.
/// A network that learns to make images of that enlarges pictures (Saharia et al. 2021, SR3, which brings them up by bicubic
/// interpolation). The condition has the images' channels.
/// </summary>
public sealed class UpscalingSource : ConditionedSource
{
    /// <summary>How many times smaller the low picture is where nothing else is said.</summary>
    public const int UsualFactor = 4;

    private const string Words = "upscaling by ";

    /// <summary>Gives images their low resolution.</summary>
    /// <param name="images">The images.</param>
    /// <param name="factor">How many times smaller the low picture is, on each side; at least 2.</param>
    /// <exception cref="DataException">The images' sides are no multiples of it.</exception>
    public UpscalingSource(IImageSource images, int factor = UsualFactor)
        : base(images ?? throw new ArgumentNullException(nameof(images)), images.Channels)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 2);
        if (images.Height % factor != 0 || images.Width % factor != 0)
            throw new DataException(
                $"Images of {images.Height} x {images.Width} can't be averaged over squares of {factor} x {factor} pixels: the factor has "
                    + $"to divide both sides. {Divisors(images.Height, images.Width)}");
        Factor = factor;
    }

    /// <summary>How many times smaller the low picture is, on each side.</summary>
    public int Factor { get; }

    /// <inheritdoc/>
    public override string Condition => string.Create(CultureInfo.InvariantCulture, $"{Words}{Factor}");

    /// <summary>The factor of a <see cref="DataIdentity.Condition"/>; null where that is another's.</summary>
    internal static int? FactorIn(string? condition) =>
        condition is not null
        && condition.StartsWith(Words, StringComparison.Ordinal)
        && int.TryParse(condition.AsSpan(Words.Length), NumberStyles.None, CultureInfo.InvariantCulture, out var factor)
        && factor > 1
            ? factor
            : null;

    /// <inheritdoc/>
    protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition)
    {
        for (var top = 0; top < image.Length; top += Factor * Width)
        {
            for (var left = 0; left < Width; left += Factor)
            {
                var sum = 0f;
                for (var row = 0; row < Factor; row++)
                {
                    foreach (var value in image.Slice(top + row * Width + left, Factor))
                        sum += value;
                }
                // By rounding alone a mean lies outside of its numbers' range.
                var mean = IsBounded ? Math.Clamp(sum / (Factor * Factor), -1, 1) : sum / (Factor * Factor);
                for (var row = 0; row < Factor; row++)
                    condition.Slice(top + row * Width + left, Factor).Fill(mean);
            }
        }
    }

    private static string Divisors(int height, int width)
    {
        int[] fit = [.. Enumerable.Range(2, Math.Min(height, width) / 2).Where(factor => height % factor == 0 && width % factor == 0)];
        return fit.Length == 0 ? "None does." : $"Here {string.Join(", ", fit.Take(8))}{(fit.Length > 8 ? " and more" : "")} would do.";
    }
}
