using System.Globalization;

namespace UNetGen.Data;

/// <summary>
/// Images with a hole as their condition: a mask of one channel, 1 where a pixel is to be painted and 0 where it is known, then the image
/// with 0, middle grey, where it is to be painted. That is the order and the values of Stable Diffusion's inpainting (Rombach et al. 2022).
/// The condition has one channel more than the images.
/// </summary>
/// <remarks>Each time an image comes, its hole is another: boxes or strokes of a brush, by <see cref="HoleDrawing"/>.</remarks>
public sealed class InpaintingSource : ConditionedSource
{
    private const string Words = "inpainting, holes of seed ";

    private readonly long seed;

    /// <summary>Gives images their holes.</summary>
    /// <param name="images">The images.</param>
    /// <param name="seed">Another seed has other holes.</param>
    public InpaintingSource(IImageSource images, long seed = 0)
        : base(images ?? throw new ArgumentNullException(nameof(images)), images.Channels + 1) => this.seed = seed;

    /// <inheritdoc/>
    public override string Condition => string.Create(CultureInfo.InvariantCulture, $"{Words}{seed}");

    /// <summary>Whether a <see cref="DataIdentity.Condition"/> is such a source's.</summary>
    internal static bool Is(string? condition) => condition?.StartsWith(Words, StringComparison.Ordinal) == true;

    /// <inheritdoc/>
    protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition)
    {
        var plane = Height * Width;
        var mask = condition[..plane];
        HoleDrawing.Draw(seed, place, mask, Width);
        for (var i = 0; i < image.Length; i++)
            condition[plane + i] = mask[i % plane] > 0 ? 0 : image[i];
    }
}
