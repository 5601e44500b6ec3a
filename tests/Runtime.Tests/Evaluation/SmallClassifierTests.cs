using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

public class SmallClassifierTests
{
    [Fact]
    public void It_learns_to_name_images_and_comes_back_from_its_file()
    {
        using var scope = NewDisposeScope();
        using var folder = new TemporaryFolder();
        var source = new Bars(256);
        using var classifier = SmallClassifier.Train(source, epochs: 12, batchSize: 16, seed: 1);
        classifier.Save(folder.File("classifier.safetensors"));
        using var loaded = SmallClassifier.Load(folder.File("classifier.safetensors"));

        var (images, labels) = source.All();
        Assert.Equal(labels, classifier.Classify(images).data<long>().ToArray());
        Assert.Equal(classifier.Extract(images).data<float>().ToArray(), loaded.Extract(images).data<float>().ToArray());
        Assert.Equal(classifier.Hash, loaded.Hash);
        Assert.Equal(1, loaded.Accuracy(source, source.Label, batchSize: 100));
        Assert.Equal(0.75, loaded.Accuracy(source, index => index % 4 == 0 ? 1 - source.Label(index) : source.Label(index)));
        Assert.Equal(["lying", "standing"], loaded.Classes);
    }

    [Fact]
    public async Task Its_weights_are_those_of_its_seed_whatever_other_threads_draw()
    {
        using var alone = SmallClassifier.Train(new Bars(32), epochs: 1, batchSize: 16, seed: 3);
        await using var drawing = new Meanwhile(() => nn.Linear(64, 64).Dispose());

        for (var i = 0; i < 20; i++)
        {
            using var beside = SmallClassifier.Train(new Bars(32), epochs: 1, batchSize: 16, seed: 3);
            Assert.Equal(alone.Hash, beside.Hash);
        }
    }

    [Fact]
    public void A_file_with_a_changed_number_is_refused_and_so_is_a_class_that_no_file_could_hold()
    {
        using var folder = new TemporaryFolder();
        using var classifier = SmallClassifier.Train(new Bars(32), epochs: 1, batchSize: 16);
        classifier.Save(folder.File("classifier.safetensors"));
        var bytes = File.ReadAllBytes(folder.File("classifier.safetensors"));
        bytes[^2] ^= 0x40;
        File.WriteAllBytes(folder.File("classifier.safetensors"), bytes);

        Assert.Contains(
            "its numbers aren't those that were written",
            Assert.Throws<SafetensorsException>(() => SmallClassifier.Load(folder.File("classifier.safetensors"))).Message);
        Assert.Contains(
            "has a line break in its name",
            Assert.Throws<DataException>(() => SmallClassifier.Train(new Bars(32, classes: ["a", "b\nc"]))).Message);
        Assert.Contains(
            "has half of a character in its name",
            Assert.Throws<DataException>(() => SmallClassifier.Train(new Bars(32, classes: ["a", "b\uD83D"]))).Message);
        Assert.Contains(
            "at most 65,536 classes",
            Assert.Throws<DataException>(
                () => SmallClassifier.Train(new Bars(32, classes: [.. Enumerable.Range(0, 65_537).Select(label => $"{label}")]))).Message);
    }

    [Fact]
    public void By_its_features_halves_of_a_set_are_near_and_another_set_is_far()
    {
        using var classifier = SmallClassifier.Train(new Bars(256), epochs: 4, batchSize: 16, seed: 1);
        using var first = ImageStatistics.Of(new Bars(128), classifier);
        using var second = ImageStatistics.Of(new Bars(128, start: 128), classifier, batchSize: 17);
        using var other = ImageStatistics.Of(new ShapesSource(1, 12, 12, count: 128), classifier);

        Assert.True(FrechetDistance.Between(first, other) > 20 * FrechetDistance.Between(first, second));
    }

    [Fact]
    public void Halves_of_mnist_are_nearer_to_one_another_than_to_their_mirror_images_and_each_is_at_no_distance_from_itself()
    {
        var digits = IdxSource.Open(Path.Combine(AppContext.BaseDirectory, "Data", "mnist"), 1, 28, 28);
        using var classifier = SmallClassifier.Train(digits, epochs: 2, batchSize: 32);
        using var even = ImageStatistics.Of(Half(0), classifier);
        using var odd = ImageStatistics.Of(Half(1), classifier);
        using var mirrored = ImageStatistics.Of(new Mirrored(Half(1)), classifier);

        Assert.Equal(0, FrechetDistance.Between(even, even), 1e-6);
        Assert.True(FrechetDistance.Between(even, mirrored) > 5 * FrechetDistance.Between(even, odd));

        SubsetSource Half(int first) => new(digits, [.. Enumerable.Range(0, digits.Count / 2).Select(i => 2 * i + first)]);
    }

    [Fact]
    public void Statistics_are_kept_and_used_again_until_images_or_features_change()
    {
        using var folder = new TemporaryFolder();
        using var classifier = SmallClassifier.Train(new Bars(32), epochs: 1, batchSize: 16);
        var seen = 0;
        FeatureStatistics Cached(Bars source) => ImageStatistics.Cached(source, classifier, folder.Path, report: done => seen = done);

        using var first = Cached(new Bars(40));
        Assert.Equal(40, seen);
        seen = 0;
        using var again = Cached(new Bars(40));
        Assert.Equal(0, seen);
        Assert.Equal(0, FrechetDistance.Between(first, again), 1e-9);
        using var changed = Cached(new Bars(40, start: 1));
        Assert.Equal(40, seen);
    }

    [Fact]
    public void Statistics_in_a_damaged_file_are_gathered_anew()
    {
        using var folder = new TemporaryFolder();
        using var classifier = SmallClassifier.Train(new Bars(32), epochs: 1, batchSize: 16);
        using var first = ImageStatistics.Cached(new Bars(40), classifier, folder.Path);
        var file = Assert.Single(Directory.GetFiles(folder.Path));
        var whole = File.ReadAllBytes(file);
        var flipped = whole.ToArray();
        flipped[^20] ^= 0x10;
        foreach (var damaged in new[] { whole[..100], flipped })
        {
            File.WriteAllBytes(file, damaged);

            using var again = ImageStatistics.Cached(new Bars(40), classifier, folder.Path);
            Assert.Equal(0, FrechetDistance.Between(first, again), 1e-9);
            Assert.Equal(whole, File.ReadAllBytes(file));
        }
    }

    [Fact]
    public void Images_without_classes_or_of_another_shape_are_refused()
    {
        using var folder = new TemporaryFolder();
        Assert.Contains(
            "at least two classes", Assert.Throws<DataException>(() => SmallClassifier.Train(new Bars(8, classes: []))).Message);
        using var classifier = SmallClassifier.Train(new Bars(8), epochs: 1, batchSize: 8);
        using var colours = zeros(1, 3, 12, 12);
        Assert.Contains(
            "images [batch, 1, 12, 12], but got [1, 3, 12, 12]",
            Assert.Throws<EvaluationException>(() => classifier.Extract(colours)).Message);
        using var statistics = new FeatureStatistics(2);
        statistics.Save(folder.File("statistics.safetensors"));
        Assert.Contains(
            "is no small classifier",
            Assert.Throws<EvaluationException>(() => SmallClassifier.Load(folder.File("statistics.safetensors"))).Message);
    }

    [Fact]
    public void Images_of_one_class_are_refused_and_no_image_is_no_accuracy()
    {
        var one = new SubsetSource(new Bars(8), [0, 2, 4, 6]);
        Assert.Contains(
            "at least two classes, and the data (4 of bars) has one",
            Assert.Throws<DataException>(() => SmallClassifier.Train(one)).Message);
        using var classifier = SmallClassifier.Train(new Bars(8), epochs: 1, batchSize: 8);
        Assert.Contains(
            "There are no images to count: 0 of bars.",
            Assert.Throws<DataException>(() => classifier.Accuracy(new SubsetSource(new Bars(8), []), _ => 0)).Message);
    }

    [Fact]
    public void Statistics_of_nothing_or_by_nothing_are_told_by_the_arguments_name()
    {
        using var classifier = SmallClassifier.Train(new Bars(8), epochs: 1, batchSize: 8);
        Assert.Throws<ArgumentNullException>("source", () => ImageStatistics.Of(null!, classifier));
        Assert.Throws<ArgumentNullException>("features", () => ImageStatistics.Of(new Bars(8), null!));
    }

    [Fact]
    public void Images_of_another_type_are_refused()
    {
        using var scope = NewDisposeScope();
        using var classifier = SmallClassifier.Train(new Bars(8), epochs: 1, batchSize: 8);
        var bytes = ones(1, 1, 12, 12, dtype: ScalarType.Byte);

        const string refusal = "A feature network takes images of float32 numbers in [-1, 1], but got such of Byte: convert them.";
        Assert.Equal(refusal, Assert.Throws<EvaluationException>(() => classifier.Classify(bytes)).Message);
        Assert.Equal(refusal, Assert.Throws<EvaluationException>(() => classifier.Extract(bytes)).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void Statistics_are_kept_in_no_folder_without_a_path(string? path)
    {
        using var classifier = SmallClassifier.Train(new Bars(8), epochs: 1, batchSize: 8);

        Assert.StartsWith(
            "A folder needs a path",
            Assert.Throws<ArgumentException>("folder", () => ImageStatistics.Cached(new Bars(8), classifier, path!)).Message);
    }

    [Theory]
    [InlineData(0, 8, "epochs")]
    [InlineData(-1, 8, "epochs")]
    [InlineData(1, 0, "batchSize")]
    public void A_training_without_an_epoch_or_without_images_in_a_step_is_refused(int epochs, int batchSize, string named) =>
        Assert.Throws<ArgumentOutOfRangeException>(named, () => SmallClassifier.Train(new Bars(8), epochs, batchSize));

    private sealed class Mirrored(IImageSource source) : IImageSource
    {
        public string Description => "mirrored";

        public int Count => source.Count;

        public int Channels => source.Channels;

        public int Height => source.Height;

        public int Width => source.Width;

        public void Read(int index, Span<float> pixels)
        {
            source.Read(index, pixels);
            for (var row = 0; row < Height; row++)
                pixels.Slice(row * Width, Width).Reverse();
        }
    }

    /// <summary>A bright bar on dark, lying or standing, each at a place of its own.</summary>
    private sealed class Bars(int count, int start = 0, string[]? classes = null) : IImageSource
    {
        public string Description => "bars";

        public int Count => count;

        public int Channels => 1;

        public int Height => 12;

        public int Width => 12;

        public IReadOnlyList<string> Classes { get; } = classes ?? ["lying", "standing"];

        public int Label(int index) => (start + index) % 2;

        public void Read(int index, Span<float> pixels)
        {
            var place = (start + index) * 7 / 2 % 12;
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = (Label(index) == 0 ? i / 12 : i % 12) == place ? 1 : -1;
        }

        public (Tensor Images, long[] Labels) All()
        {
            var images = empty(count, 1, 12, 12);
            var pixels = new float[144];
            for (var i = 0; i < count; i++)
            {
                Read(i, pixels);
                images[i] = tensor(pixels).reshape(1, 12, 12);
            }

            return (images, [.. Enumerable.Range(0, count).Select(i => (long)Label(i))]);
        }
    }
}
