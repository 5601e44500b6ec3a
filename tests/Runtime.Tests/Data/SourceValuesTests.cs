using UNetGen.Data;
using UNetGen.Native;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>
/// Images of a source of one's own that have values which none can have, beyond those that are looked at before a training.
/// </summary>
public class SourceValuesTests
{
    public enum Spoilt { Image, Condition, Context }

    [Theory]
    [InlineData(Spoilt.Image, true, float.NaN, "Images must hold values in [-1, 1], but image 151 of two hundred images holds NaN: scale them, ")]
    [InlineData(Spoilt.Image, true, 1.5f, "Images must hold values in [-1, 1], but image 151 of two hundred images holds 1.5: scale them, ")]
    [InlineData(Spoilt.Image, false, float.PositiveInfinity, "The image 151 of two hundred images holds Infinity, which is no finite number: ")]
    [InlineData(Spoilt.Image, false, 1e7f, "The image 151 of two hundred images holds 1E+07, beyond 1,000,000, where no encoder's numbers lie: ")]
    [InlineData(Spoilt.Condition, true, -2, "Conditions must hold values in [-1, 1], but that of image 151 of two hundred images holds -2: ")]
    [InlineData(Spoilt.Condition, false, float.NaN, "The condition of image 151 of two hundred images holds NaN, which is no finite number: ")]
    [InlineData(Spoilt.Context, true, float.NaN, "The context of image 151 of two hundred images holds NaN, which is no finite number: ")]
    public void The_loader_refuses_them_by_their_numbers(Spoilt what, bool isBounded, float value, string expected)
    {
        using var loader = new BatchLoader(new LateFault(what, isBounded, value), batchSize: 50, workers: 1);

        var error = Assert.Throws<DataException>(() =>
        {
            for (var i = 0; i < 4; i++)
                loader.Next().Dispose();
        });

        Assert.StartsWith(expected, error.Message);
    }

    [Theory]
    [InlineData(Spoilt.Image, "The image 151 of two hundred images holds NaN")]
    [InlineData(Spoilt.Context, "The context of image 151 of two hundred images holds NaN")]
    public void A_training_that_comes_to_them_ends_with_their_numbers_and_keeps_what_it_has_learnt(Spoilt what, string expected)
    {
        using var folder = new TemporaryFolder();
        var store = new CheckpointStore(folder.Path);
        using var network = new ContextNet();
        using var trainer = new Trainer(
            network, new LateFault(what, isBounded: false, float.NaN, conditionChannels: 0), new() { Steps = 100, BatchSize = 4 });

        Assert.StartsWith(expected, Assert.Throws<DataException>(() => trainer.Train(store: store)).Message);

        // A context may be dropped the first time.
        Assert.InRange(trainer.Step, 1, 99);
        Assert.Equal(trainer.Step, store.Newest()!.Info!.Step);
    }

    [Fact]
    public void A_number_of_images_whose_order_no_memory_holds_is_told_with_what_to_say_instead()
    {
        using var loader = new BatchLoader(new LateFault(Spoilt.Image, true, 0, count: int.MaxValue), batchSize: 4, workers: 1);

        Assert.Equal(
            "Memory is used up. The order of an epoch of 2,147,483,647 images takes 8.6 GB. A source that makes images without end may say "
                + "a smaller `Count`: epochs follow each other without a gap.",
            Assert.Throws<ShortageException>(() => loader.Next()).Message);
    }

    private sealed class LateFault(Spoilt what, bool isBounded, float value, int conditionChannels = 1, int count = 200) : IImageSource
    {
        public string Description => "two hundred images";

        public int Count => count;

        public int Channels => 2;

        public int Height => ContextNet.Size;

        public int Width => ContextNet.Size;

        public int ConditionChannels => conditionChannels;

        public bool IsBounded => isBounded;

        public ContextShape? Context => new(2, ContextNet.Width);

        public void Read(int index, Span<float> pixels) => Fill(Spoilt.Image, index, pixels);

        public void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition)
        {
            Read(index, pixels);
            Fill(Spoilt.Condition, index, condition);
        }

        public void ReadContext(int index, Span<float> values) => Fill(Spoilt.Context, index, values);

        // Of those that are looked at ahead 151 is none.
        private void Fill(Spoilt filled, int index, Span<float> values)
        {
            for (var i = 0; i < values.Length; i++)
                values[i] = i % 2 == 0 ? 1 : -1;
            if (filled == what && index == 151)
                values[^1] = value;
        }
    }
}
