using System.Globalization;

namespace UNetGen.Data;

/// <summary>
/// Drawn on demand: one disc, ring, square or triangle an image, bright on dark, at a random place and size, with smooth edges. Every image
/// is a pure function of (seed, index), the same to the bit on every platform. Made to be learnt by a small network within minutes: squares
/// are axis-aligned and triangles stand upright.
/// </summary>
/// <remarks>
/// Colours: one channel is grey, bright on dark; three are RGB, a saturated hue on a nearly black tint; with any other number each channel
/// has an intensity of its own. The shape always lies wholly inside the image.
/// </remarks>
public sealed class ShapesSource : IImageSource
{
    private readonly long seed;

    /// <summary>A set of shapes.</summary>
    /// <param name="channels">1 (grey), 3 (RGB) or any other number.</param>
    /// <param name="height">Pixels; a person can name the shapes from about 12 on.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="seed">Another seed is another set.</param>
    /// <param name="count">How many images; they cost nothing until they are read.</param>
    public ShapesSource(int channels, int height, int width, long seed = 0, int count = 65536)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(channels);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(count);
        (Channels, Height, Width, this.seed, Count) = (channels, height, width, seed, count);
    }

    /// <inheritdoc/>
    public string Description => $"{Counted.Of(Count, "shape")}, seed {seed.ToString(CultureInfo.InvariantCulture)}";

    /// <inheritdoc/>
    public int Count { get; }

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>The four kinds: disc, ring, square and triangle.</summary>
    public IReadOnlyList<string> Classes { get; } = [.. Enum.GetNames<Kind>().Select(name => name.ToLowerInvariant())];

    /// <summary>By the seed.</summary>
    public DataIdentity Identity => DataIdentity.Of(this, "seeds", FormattableString.Invariant($"shapes, seed {seed}"));

    /// <inheritdoc/>
    public int Label(int index)
    {
        SourceChecks.CheckIndex(this, index);
        var random = new CounterHash(seed, index);
        return (int)KindOf(ref random);
    }

    /// <inheritdoc/>
    public void Read(int index, Span<float> pixels)
    {
        SourceChecks.CheckRead(this, index, pixels);
        var random = new CounterHash(seed, index);
        var kind = KindOf(ref random);

        double side = Math.Min(Height, Width);
        var radius = random.Next(0.26, 0.40) * side;
        // A pixel of ground all around, so that the corners always are ground.
        var margin = radius + Math.Min(1, 0.1 * side);
        var centreX = random.Next(margin, Width - margin);
        var centreY = random.Next(margin, Height - margin);

        Span<double> shape = Channels <= 64 ? stackalloc double[Channels] : new double[Channels];
        Span<double> ground = Channels <= 64 ? stackalloc double[Channels] : new double[Channels];
        Colours(ref random, shape, ground);

        var plane = Height * Width;
        for (var y = 0; y < Height; y++)
        {
            for (var x = 0; x < Width; x++)
            {
                var coverage = Coverage(kind, x + 0.5 - centreX, y + 0.5 - centreY, radius);
                for (var c = 0; c < Channels; c++)
                    pixels[c * plane + y * Width + x] = (float)(2 * (ground[c] + coverage * (shape[c] - ground[c])) - 1);
            }
        }
    }

    private enum Kind
    {
        Disc,
        Ring,
        Square,
        Triangle,
    }

    /// <summary>An image's first number decides.</summary>
    private static Kind KindOf(ref CounterHash random) => (Kind)random.NextInt(4);

    /// <summary>
    /// How much of the pixel at (x, y) from the centre the shape covers, 0 to 1, from the distance to its edge in pixels.
    /// </summary>
    private static double Coverage(Kind kind, double x, double y, double radius)
    {
        switch (kind)
        {
            case Kind.Disc:
                return Inside(radius - Math.Sqrt(x * x + y * y));
            case Kind.Ring:
                var distance = Math.Sqrt(x * x + y * y);
                return Inside(radius - distance) * Inside(distance - 0.55 * radius);
            case Kind.Square:
                var half = 0.88 * radius;
                return Inside(half - Math.Abs(x)) * Inside(half - Math.Abs(y));
            default:
                // Equilateral, two radii wide, its height sqrt(3) radii centred; the slanted sides' normals are (+-sqrt(3), -1) / 2.
                const double halfHeight = 0.8660254037844386;
                return Inside(halfHeight * radius - y) * Inside(0.5 * (y + halfHeight * radius) - halfHeight * Math.Abs(x));
        }
    }

    private static double Inside(double depth) => Math.Clamp(depth + 0.5, 0, 1);

    /// <summary>Intensities in [0, 1] of the shape and of what is behind it, well apart.</summary>
    private static void Colours(ref CounterHash random, Span<double> shape, Span<double> ground)
    {
        if (shape.Length == 3)
        {
            Rgb(random.Next(0, 6), random.Next(0.7, 1.0), random.Next(0.85, 1.0), shape);
            Rgb(random.Next(0, 6), random.Next(0.3, 0.8), random.Next(0.03, 0.18), ground);
            return;
        }
        var darkest = shape.Length == 1 ? 0.65 : 0.35;
        for (var c = 0; c < shape.Length; c++)
        {
            shape[c] = random.Next(darkest, 1.0);
            ground[c] = random.Next(0.0, 0.2);
        }
    }

    /// <summary>HSV to RGB, the hue in sixths of the circle.</summary>
    private static void Rgb(double hue, double saturation, double value, Span<double> rgb)
    {
        for (var c = 0; c < 3; c++)
        {
            var k = (5 - 2 * c + hue) % 6;
            rgb[c] = value * (1 - saturation * Math.Clamp(Math.Min(k, 4 - k), 0, 1));
        }
    }
}
