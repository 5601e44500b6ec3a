using CsCheck;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>Images with what they are to be made from: in low resolution, with holes; and as batches of both.</summary>
public sealed class ConditionedSourceTests
{
    [Fact]
    public void The_low_resolution_has_the_mean_of_each_square_everywhere_in_it()
    {
        var source = new UpscalingSource(new ShapesSource(3, 8, 12, count: 5), factor: 4);
        Assert.Equal((3, "upscaling by 4"), (source.ConditionChannels, source.Condition));
        var (image, low) = Read(source, 2);
        for (var i = 0; i < low.Length; i++)
        {
            var (channel, row, column) = (i / 96, i % 96 / 12, i % 12);
            var square = from y in Enumerable.Range(row / 4 * 4, 4)
                         from x in Enumerable.Range(column / 4 * 4, 4)
                         select image[channel * 96 + y * 12 + x];
            Assert.Equal(square.Average(), low[i], 1e-5);
        }
    }

    [Fact]
    public void A_factor_that_does_not_divide_both_sides_is_refused_with_those_that_do()
    {
        var error = Assert.Throws<DataException>(() => new UpscalingSource(new ShapesSource(1, 28, 28), factor: 8));
        Assert.Equal(
            "Images of 28 x 28 can't be averaged over squares of 8 x 8 pixels: the factor has to divide both sides. Here 2, 4, 7, 14 would "
                + "do.",
            error.Message);
    }

    [Fact]
    public void Images_with_a_condition_are_given_no_second_one() => Assert.Contains(
        "have a condition already",
        Assert.Throws<ArgumentException>(() => new InpaintingSource(new UpscalingSource(new ShapesSource(1, 8, 8)))).Message);

    [Fact]
    public void A_hole_is_grey_in_the_picture_and_white_in_the_mask_and_neither_nothing_nor_all() => Gen
        .Select(Gen.Int[1, 40], Gen.Int[2, 40], Gen.Long, Gen.Long[0, 1L << 40])
        .Sample((height, width, seed, place) =>
        {
            var channels = 1 + height % 3;
            var source = new InpaintingSource(new ShapesSource(channels, height, width, count: 3), seed);
            Assert.Equal(channels + 1, source.ConditionChannels);
            var (image, condition) = Read(source, 1, place);
            var plane = height * width;
            var mask = condition[..plane];
            Assert.All(mask, value => Assert.True(value is 0 or 1));
            Assert.InRange(mask.Sum(), 1, plane - 1);
            for (var i = 0; i < image.Length; i++)
                Assert.Equal(mask[i % plane] == 1 ? 0 : image[i], condition[plane + i]);
        }, iter: 300);

    [Fact]
    public void A_hole_follows_from_seed_and_place_alone()
    {
        var source = new InpaintingSource(new ShapesSource(1, 16, 16, count: 3), seed: 5);
        var holes = Enumerable.Range(0, 50).Select(place => string.Concat(Read(source, 0, place).Condition[..256])).ToArray();
        Assert.Equal(50, holes.Distinct().Count());
        var again = new InpaintingSource(new ShapesSource(1, 16, 16, count: 3), seed: 5);
        Assert.Equal(holes[7], string.Concat(Read(again, 2, 7).Condition[..256]));
        Assert.NotEqual(
            holes[7], string.Concat(Read(new InpaintingSource(new ShapesSource(1, 16, 16, count: 3), seed: 6), 2, 7).Condition[..256]));
    }

    /// <summary>Which part of an image is painted, over many holes: some of them small, some of them large.</summary>
    [Fact]
    public void Holes_are_of_all_sizes()
    {
        var source = new InpaintingSource(new ShapesSource(1, 28, 28, count: 1));
        var shares = Enumerable.Range(0, 500).Select(place => Read(source, 0, place).Condition[..784].Average()).ToArray();
        Assert.Contains(shares, share => share < 0.1);
        Assert.Contains(shares, share => share > 0.6);
        Assert.InRange(shares.Average(), 0.2, 0.5);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void In_every_batch_images_and_conditions_belong_together_mirrored_or_not(bool inpaints)
    {
        var shapes = new ShapesSource(2, 8, 8, count: 20);
        ConditionedSource source = inpaints ? new InpaintingSource(shapes, seed: 3) : new UpscalingSource(shapes, factor: 2);
        var (mirrored, asRead) = (0, 0);
        using var loader = new BatchLoader(source, 7, seed: 9, horizontalFlips: true, workers: 3);
        for (var number = 0; number < 12; number++)
        {
            using var batch = loader.Next();
            Assert.Equal([7L, source.ConditionChannels, 8, 8], batch.Condition!.shape);
            var images = batch.Images.data<float>().ToArray().Chunk(128).ToArray();
            var conditions = batch.Condition.data<float>().ToArray().Chunk(64 * source.ConditionChannels).ToArray();
            for (var i = 0; i < 7; i++)
            {
                var found = Enumerable.Range(0, 20).Select(index => Read(source, index, batch.Position + i)).Select(pair => (
                    IsAsRead: pair.Image.SequenceEqual(images[i]) && pair.Condition.SequenceEqual(conditions[i]),
                    IsMirrored: Mirrored(pair.Image).SequenceEqual(images[i]) && Mirrored(pair.Condition).SequenceEqual(conditions[i])));
                Assert.Contains(found, pair => pair.IsAsRead || pair.IsMirrored);
                mirrored += found.Any(pair => pair.IsMirrored) ? 1 : 0;
                asRead += found.Any(pair => pair.IsAsRead) ? 1 : 0;
            }
        }
        Assert.True(mirrored > 20 && asRead > 20);

        static float[] Mirrored(float[] values) => [.. values.Chunk(8).SelectMany(row => row.Reverse())];
    }

    [Fact]
    public void A_row_of_conditions_is_the_same_for_any_workers_and_batch_sizes_and_from_wherever_it_is_begun()
    {
        var source = new InpaintingSource(new ShapesSource(1, 8, 8, count: 11), seed: 3);
        var row = Row(6, workers: 1, first: 0, batches: 6);
        Assert.Equal(row, Row(4, workers: 5, first: 0, batches: 9));
        Assert.Equal(row[(12 * 128)..], Row(6, workers: 2, first: 2, batches: 4));

        float[] Row(int batchSize, int workers, int first, int batches)
        {
            using var loader = new BatchLoader(source, batchSize, seed: 1, horizontalFlips: true, firstBatch: first, workers: workers);
            var values = new List<float>();
            for (var i = 0; i < batches; i++)
            {
                using var batch = loader.Next();
                values.AddRange(batch.Condition!.data<float>());
            }
            return [.. values];
        }
    }

    [Fact]
    public void Batches_of_images_without_a_condition_have_none()
    {
        using var loader = new BatchLoader(new ShapesSource(1, 8, 8, count: 3), 2);
        using var batch = loader.Next();
        Assert.Null(batch.Condition);
    }

    [Fact]
    public void A_part_of_the_images_keeps_its_conditions()
    {
        var whole = new UpscalingSource(new ShapesSource(1, 8, 8, count: 6), factor: 2);
        var part = new SubsetSource(whole, [4, 1]);
        Assert.Equal(Read(whole, 1).Condition, Read(part, 1).Condition);
        Assert.Equal("upscaling by 2", part.Identity.Condition);
    }

    [Fact]
    public void Another_condition_is_other_data()
    {
        var images = new ShapesSource(1, 8, 8, count: 6);
        var (two, four) = (new UpscalingSource(images, factor: 2).Identity, new UpscalingSource(images, factor: 4).Identity);
        Assert.Equal(["the condition was upscaling by 2 and is upscaling by 4"], two.DifferencesTo(four));
        Assert.Equal(["the condition was none and is upscaling by 2"], images.Identity.DifferencesTo(two));
        Assert.Equal(
            ["the condition was upscaling by 4 and is inpainting, holes of seed 2"],
            four.DifferencesTo(new InpaintingSource(images, seed: 2).Identity));
    }

    private static (float[] Image, float[] Condition) Read(IImageSource source, int index, long place = 0)
    {
        var (image, plane) = (new float[source.Channels * source.Height * source.Width], source.Height * source.Width);
        var condition = new float[source.ConditionChannels * plane];
        source.ReadWithCondition(index, place, image, condition);
        return (image, condition);
    }
}
