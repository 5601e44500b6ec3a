using ScottPlot;
using SkiaSharp;

namespace UNetGen.Cli;

/// <summary>A font of ASCII letters that lies in this assembly, and so comes along into whatever program calls it.</summary>
internal sealed class OwnFont : IFontResolver
{
    /// <summary>What it is called.</summary>
    public const string Name = "DejaVu Sans ASCII";

    private readonly Lazy<SKTypeface> typeface = new(() =>
    {
        using var file = typeof(OwnFont).Assembly.GetManifestResourceStream("DejaVuSans-ASCII.ttf")!;
        return SKTypeface.FromStream(file);
    });

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, bool bold, bool italic) => fontName == Name ? typeface.Value : null;

    /// <inheritdoc/>
    public SKTypeface? CreateTypeface(string fontName, FontWeight weight, FontSlant slant, FontSpacing spacing) =>
        CreateTypeface(fontName, bold: false, italic: false);
}
