namespace UNetGen.Data;

/// <summary>
/// Draws the holes of <see cref="InpaintingSource"/>: in one half of the cases up to three boxes, in the other up to three strokes of a
/// round brush, as those who paint holes by hand leave them. A hole is a pure function of (seed, place), neither empty nor all of the
/// image, but where that is a single pixel.
/// </summary>
internal static class HoleDrawing
{
    // A stream a place, which neither epochs, flips nor what steps draw take.
    private const long Streams = 3L << 60;

    private const int MostParts = 3;
    private const int MostBends = 4;

    /// <summary>Draws one.</summary>
    /// <param name="seed">Of all holes.</param>
    /// <param name="place">The image's, in the row of all epochs.</param>
    /// <param name="mask">[height, width], to be filled: 1 in the hole, else 0.</param>
    /// <param name="width">Pixels.</param>
    public static void Draw(long seed, long place, Span<float> mask, int width)
    {
        var random = new CounterHash(seed, Streams + place);
        mask.Clear();
        var ofBoxes = random.NextInt(2) == 0;
        for (var parts = 1 + random.NextInt(MostParts); parts > 0; parts--)
        {
            if (ofBoxes)
                Box(ref random, mask, width);
            else
                Stroke(ref random, mask, width);
        }
        var painted = mask.Count(1f);
        if (painted == 0 || painted == mask.Length)
            Half(ref random, mask, width);
    }

    /// <summary>A box whose sides are from an eighth to three quarters of the image's.</summary>
    private static void Box(ref CounterHash random, Span<float> mask, int width)
    {
        var height = mask.Length / width;
        var (rows, columns) = (Side(ref random, height), Side(ref random, width));
        var (top, left) = (random.NextInt(height - rows + 1), random.NextInt(width - columns + 1));
        for (var row = top; row < top + rows; row++)
            mask.Slice(row * width + left, columns).Fill(1);

        static int Side(ref CounterHash random, int length) =>
            Math.Clamp((int)Math.Round(random.Next(length / 8.0, length * 0.75)), 1, length);
    }

    /// <summary>A line with bends, from a twentieth to an eighth of the longer side to each side of its middle.</summary>
    private static void Stroke(ref CounterHash random, Span<float> mask, int width)
    {
        var height = mask.Length / width;
        var longer = Math.Max(height, width);
        var radius = random.Next(longer / 20.0, longer / 8.0);
        var (y, x) = (random.Next(0, height), random.Next(0, width));
        for (var bends = 1 + random.NextInt(MostBends); bends > 0; bends--)
        {
            var (nextY, nextX) = (random.Next(0, height), random.Next(0, width));
            Line(mask, width, (y, x), (nextY, nextX), radius);
            (y, x) = (nextY, nextX);
        }
    }

    private static void Line(Span<float> mask, int width, (double Y, double X) from, (double Y, double X) to, double radius)
    {
        var (dy, dx) = (to.Y - from.Y, to.X - from.X);
        var square = Math.Max(dy * dy + dx * dx, double.Epsilon);
        for (var i = 0; i < mask.Length; i++)
        {
            // From the pixel's middle to the nearest point of the line.
            var (y, x) = (i / width + 0.5 - from.Y, i % width + 0.5 - from.X);
            var along = Math.Clamp((y * dy + x * dx) / square, 0, 1);
            var (awayY, awayX) = (y - along * dy, x - along * dx);
            if (awayY * awayY + awayX * awayX <= radius * radius)
                mask[i] = 1;
        }
    }

    /// <summary>A half of the image, in the place of what came out as nothing or as all of it.</summary>
    private static void Half(ref CounterHash random, Span<float> mask, int width)
    {
        var height = mask.Length / width;
        var (upright, first) = (height == 1 || (width > 1 && random.NextInt(2) == 0), random.NextInt(2) == 0);
        for (var i = 0; i < mask.Length; i++)
        {
            var inFirst = upright ? i % width < width / 2 : i / width < height / 2;
            mask[i] = inFirst == first ? 1 : 0;
        }
        if (mask.Length == 1)
            mask[0] = 1;
    }
}
