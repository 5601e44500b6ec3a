using System.Security.Cryptography;
using CsCheck;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

public class ShapesSourceTests
{
    [Fact]
    public void The_same_seed_and_index_give_the_same_image_whatever_was_read_before()
    {
        var expected = Enumerable.Range(0, 200).Select(i => Read(new ShapesSource(3, 16, 16, seed: 7), i)).ToArray();
        var shared = new ShapesSource(3, 16, 16, seed: 7);
        var actual = new float[200][];
        Parallel.For(0, 200, i => actual[199 - i] = Read(shared, 199 - i));
        Assert.Equal(expected, actual);
    }

    [Fact]
    public void The_first_images_are_these_bytes_on_every_platform()
    {
        var source = new ShapesSource(3, 16, 16, seed: 0);
        var bytes = Enumerable.Range(0, 64).SelectMany(i => Read(source, i)).SelectMany(BitConverter.GetBytes).ToArray();
        Assert.Equal("3C1499C906857F1966EC8B07872371E235F861CEFFDFEF922F5C49B4274F80C4", Convert.ToHexString(SHA256.HashData(bytes)));
    }

    [Fact]
    public void Seeds_and_indices_give_different_images()
    {
        var images = from seed in Enumerable.Range(-2, 5)
                     from index in Enumerable.Range(0, 200)
                     select string.Join(' ', Read(new ShapesSource(1, 12, 12, seed), index));
        Assert.Equal(1000, images.Distinct().Count());
    }

    [Fact]
    public void At_any_size_and_channel_count_values_are_in_range_and_the_shape_lies_inside_and_stands_out() =>
        Gen.Select(Gen.Int[1, 100], Gen.Int[8, 40], Gen.Int[8, 40], Gen.Int[0, 65535]).Sample((channels, height, width, index) =>
        {
            var image = Read(new ShapesSource(channels, height, width), index);
            Assert.All(image, value => Assert.InRange(value, -1f, 1f));
            var contrast = 0.0;
            for (var c = 0; c < channels; c++)
            {
                var plane = image.AsSpan(c * height * width, height * width).ToArray();
                var ground = plane[0];
                Assert.Equal((ground, ground, ground), (plane[width - 1], plane[^width], plane[^1]));
                contrast = Math.Max(contrast, plane.Max(value => Math.Abs(value - ground)));
            }
            Assert.True(contrast > 0.25, $"contrast {contrast}");
        }, iter: 300);

    [Fact]
    public void Each_of_the_four_kinds_makes_a_quarter_and_can_be_told_from_its_pixels()
    {
        var source = new ShapesSource(1, 32, 32);
        var kinds = Enumerable.Range(0, 4000).Select(i => Classify(Read(source, i), 32)).CountBy(kind => kind).ToDictionary();
        Assert.Equal(["disc", "ring", "square", "triangle"], kinds.Keys.Order(StringComparer.Ordinal));
        Assert.All(kinds.Values, count => Assert.InRange(count, 900, 1100));
    }

    [Fact]
    public void The_class_is_the_kind_that_the_pixels_show()
    {
        var source = new ShapesSource(1, 32, 32, seed: 3);
        Assert.Equal(["disc", "ring", "square", "triangle"], source.Classes);
        for (var i = 0; i < 1000; i++)
            Assert.Equal(Classify(Read(source, i), 32), source.Classes[source.Label(i)]);
    }

    [Fact]
    public void Edges_are_smooth()
    {
        // An anti-aliased disc has pixels between the two colours all around it.
        var source = new ShapesSource(1, 16, 16);
        var disc = Enumerable.Range(0, 100).Select(i => Read(source, i)).First(image => Classify(image, 16) == "disc");
        var (low, high) = (disc.Min(), disc.Max());
        Assert.InRange(disc.Count(value => value > low + 0.05 * (high - low) && value < high - 0.05 * (high - low)), 12, 60);
    }

    [Fact]
    public void A_wrong_index_or_span_is_refused()
    {
        var source = new ShapesSource(3, 8, 8, count: 10);
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(10, new float[192]));
        Assert.Throws<ArgumentOutOfRangeException>(() => source.Read(-1, new float[192]));
        Assert.Contains("3 x 8 x 8 = 192", Assert.Throws<ArgumentException>(() => source.Read(0, new float[64])).Message);
    }

    /// <summary>
    /// Names a grey shape by how much of its bounding box it fills: pi / 4 for a disc, all for a square, half for a triangle; a ring's
    /// middle is empty.
    /// </summary>
    private static string Classify(float[] image, int size)
    {
        var (low, high) = (image.Min(), image.Max());
        var coverage = image.Select(value => (value - low) / (high - low)).ToArray();
        var inside = Enumerable.Range(0, image.Length).Where(i => coverage[i] > 0.5).ToArray();
        var (top, bottom) = (inside.Min(i => i / size), inside.Max(i => i / size));
        var (left, right) = (inside.Min(i => i % size), inside.Max(i => i % size));
        if (coverage[(top + bottom) / 2 * size + (left + right) / 2] < 0.5)
            return "ring";
        var filled = inside.Length / (double)((bottom - top + 1) * (right - left + 1));
        return filled > 0.93 ? "square" : filled > 0.66 ? "disc" : "triangle";
    }

    private static float[] Read(ShapesSource source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return pixels;
    }
}
