using UNetGen.Data;
using UNetGen.Evaluation;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What a loader says at once of arguments and of sources that can't be.</summary>
public class BatchLoaderRefusalTests
{
    private const long Furthest = 1L << 60;

    [Fact]
    public void A_source_that_is_null_is_refused_by_its_name()
    {
        Assert.Throws<ArgumentNullException>("source", () => new BatchLoader(null!, 4));
        Assert.Throws<ArgumentNullException>("source", () => Fingerprint.Of(null!));
    }

    [Theory]
    [InlineData("firstPosition", 0, -1L, null)]
    [InlineData("firstPosition", 0, Furthest + 1, null)]
    [InlineData("firstPosition", 0, long.MaxValue, null)]
    [InlineData("stride", 0, null, 0L)]
    [InlineData("stride", 0, null, -4L)]
    [InlineData("stride", 0, null, int.MaxValue + 1L)]
    [InlineData("firstBatch", Furthest / 2, null, 4L)]
    [InlineData("firstBatch", long.MaxValue, 0L, 1L)]
    public void A_place_in_the_row_that_is_none_is_refused_at_once(string name, long firstBatch, long? firstPosition, long? stride) =>
        Assert.Throws<ArgumentOutOfRangeException>(
            name, () => new BatchLoader(new Described(), 2, firstBatch: firstBatch, firstPosition: firstPosition, stride: stride));

    [Theory]
    [InlineData(Furthest / 2, null, 2L)]
    [InlineData(Furthest, Furthest, (long)int.MaxValue)]
    [InlineData(Furthest, 0L, (long)int.MaxValue)]
    public void The_furthest_places_can_be_read_from(long firstBatch, long? firstPosition, long? stride)
    {
        using var loader = new BatchLoader(
            new Described(), 2, horizontalFlips: true, firstBatch: firstBatch, firstPosition: firstPosition, stride: stride);

        for (var i = 0; i < 3; i++)
        {
            using var batch = loader.Next();
            Assert.Equal(
                (firstBatch + i, (firstPosition ?? firstBatch * stride!.Value) + i * stride!.Value), (batch.Number, batch.Position));
        }
    }

    [Theory]
    [InlineData(-1, 1, 1, 1, 0, "says that it has -1 images of 1 x 1 x 1 (channels x height x width): no number may be negative.")]
    [InlineData(4, 0, 1, 1, 0, "says that it has 4 images of 0 x 1 x 1 (channels x height x width): each number of a shape is at least 1.")]
    [InlineData(4, 1, 0, 1, 0, "4 images of 1 x 0 x 1 (channels x height x width): each number of a shape is at least 1.")]
    [InlineData(4, 1, -8, -8, 0, "4 images of 1 x -8 x -8 (channels x height x width): each number of a shape is at least 1.")]
    [InlineData(4, 1, 1, 1, -1, "conditions of -1 channels: no number may be negative.")]
    [InlineData(4, 3, 65536, 65536, 0, "one of them has more values than the 2,147,483,591 that an array holds.")]
    [InlineData(4, int.MaxValue, int.MaxValue, int.MaxValue, 0, "one of them has more values than the 2,147,483,591 that an array holds.")]
    [InlineData(4, 1, 65536, 32767, 2, "one of them has more values than the 2,147,483,591 that an array holds.")]
    [InlineData(0, 1, 1, 1, 0, "four pixels has no images.")]
    [InlineData(4, 1, 65536, 32767, 0, "A batch of 2 images of 1 x 65536 x 32767 is larger than 2 GiB; even a single one is.")]
    public void Images_that_can_t_be_are_told_of_in_a_sentence(
        int count, int channels, int height, int width, int conditionChannels, string expected)
    {
        var source = new Described(count, channels, height, width, conditionChannels);

        Assert.EndsWith(expected, Assert.Throws<DataException>(() => new BatchLoader(source, 2)).Message);
    }

    [Theory]
    [InlineData(0, 5, "contexts of 0 x 5 (tokens x width): each number of a shape is at least 1.")]
    [InlineData(5, -1, "contexts of 5 x -1 (tokens x width): each number of a shape is at least 1.")]
    [InlineData(65536, 65536, "one of them has more values than the 2,147,483,591 that an array holds.")]
    public void Contexts_that_can_t_be_are_told_of_in_a_sentence(int tokens, int width, string expected)
    {
        var source = new Described { Context = new(tokens, width) };

        Assert.EndsWith(expected, Assert.Throws<DataException>(() => new BatchLoader(source, 2)).Message);
    }

    [Fact]
    public void Images_that_can_t_be_are_told_of_alike_by_whatever_reads_all_of_a_source()
    {
        var source = new Described(channels: -1);

        foreach (var refused in (Action[])[() => Fingerprint.Of(source), () => WholeImages.InOrder(source, 2).First()])
            Assert.EndsWith("each number of a shape is at least 1.", Assert.Throws<DataException>(refused).Message);
    }

    [Theory]
    [InlineData(0, 1, "and has 0 images of 1 x 1 x 1 (channels x height x width) now: ")]
    [InlineData(5, 1, "and has 5 images of 1 x 1 x 1 (channels x height x width) now: ")]
    [InlineData(4, 3, "and has 4 images of 3 x 1 x 1 (channels x height x width) now: ")]
    public void A_source_that_changes_while_it_is_read_is_told_with_what_it_was_and_is(int count, int channels, string expected)
    {
        var source = new Described();
        using var loader = new BatchLoader(source, 2, workers: 1);
        loader.Next().Dispose();
        (source.Count, source.Channels) = (count, channels);

        var error = Assert.Throws<DataException>(() =>
        {
            // One batch may be read already.
            for (var i = 0; i < 3; i++)
                loader.Next().Dispose();
        });

        Assert.StartsWith("four pixels had 4 images of 1 x 1 x 1 (channels x height x width) when it was begun to read, ", error.Message);
        Assert.Contains(expected, error.Message);
    }

    /// <summary>Says of itself whatever it is told to.</summary>
    private sealed class Described(int count = 4, int channels = 1, int height = 1, int width = 1, int conditionChannels = 0) : IImageSource
    {
        public string Description => "four pixels";

        public int Count { get; set; } = count;

        public int Channels { get; set; } = channels;

        public int Height => height;

        public int Width => width;

        public int ConditionChannels => conditionChannels;

        public ContextShape? Context { get; init; }

        public void Read(int index, Span<float> pixels) => pixels.Clear();
    }
}
