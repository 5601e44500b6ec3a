using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

/// <summary>What a <see cref="SmallClassifier"/> is given that it can't take, and where it is used.</summary>
public sealed class SmallClassifierInputTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly SmallClassifier classifier = Trained(new ShapesSource(1, 8, 8, count: 8));

    public void Dispose()
    {
        classifier.Dispose();
        scope.Dispose();
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void An_accuracy_by_no_image_at_once_is_refused(int batchSize) => Assert.Throws<ArgumentOutOfRangeException>(
        "batchSize", () => classifier.Accuracy(new ShapesSource(1, 8, 8, count: 8), _ => 0, batchSize));

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    public void An_image_that_holds_no_finite_number_has_no_class_and_no_features(float value)
    {
        var images = zeros(2, 1, 8, 8);
        images[1, 0, 3, 3] = value;

        const string refusal = "An image has values that are no finite numbers (NaN or infinite)";
        Assert.StartsWith(refusal, Assert.Throws<EvaluationException>(() => classifier.Classify(images)).Message);
        Assert.StartsWith(refusal, Assert.Throws<EvaluationException>(() => classifier.Extract(images)).Message);
    }

    [Fact]
    public void No_image_has_no_class() => Assert.Contains(
        "images [batch, 1, 8, 8], but got [0, 1, 8, 8], which are none.",
        Assert.Throws<EvaluationException>(() => classifier.Classify(zeros(0, 1, 8, 8))).Message);

    [Fact]
    public void Images_that_are_disposed_or_null_are_refused_by_their_name()
    {
        var gone = zeros(1, 1, 8, 8);
        gone.Dispose();

        Assert.Contains("`images` is disposed", Assert.Throws<ArgumentException>("images", () => classifier.Classify(gone)).Message);
        Assert.Contains("`images` is disposed", Assert.Throws<ArgumentException>("images", () => classifier.Extract(gone)).Message);
        Assert.Throws<ArgumentNullException>("images", () => classifier.Classify(null!));
        Assert.Throws<ArgumentNullException>("source", () => classifier.Accuracy(null!, _ => 0));
        Assert.Throws<ArgumentNullException>("label", () => classifier.Accuracy(new ShapesSource(1, 8, 8, count: 8), null!));
    }

    [Fact]
    public void A_disposed_classifier_says_so_whatever_is_asked_of_it()
    {
        using var folder = new TemporaryFolder();
        classifier.Dispose();

        Action[] uses = [
            () => _ = classifier.Hash, () => classifier.Classify(zeros(1, 1, 8, 8)), () => classifier.Extract(zeros(1, 1, 8, 8)),
            () => classifier.Save(folder.File("a.safetensors")), () => classifier.Accuracy(new ShapesSource(1, 8, 8, count: 8), _ => 0)];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
        Assert.Empty(Directory.GetFileSystemEntries(folder.Path));
    }

    [Fact]
    public void It_learns_where_gradients_are_off_and_is_refused_where_there_are_none()
    {
        using (no_grad())
        {
            Trained(new ShapesSource(1, 8, 8, count: 8)).Dispose();
            Assert.False(is_grad_enabled());
        }
        using (inference_mode())
            Assert.StartsWith(
                "A training needs gradients, and torch.inference_mode() has none",
                Assert.Throws<InvalidOperationException>(() => Trained(new ShapesSource(1, 8, 8, count: 8))).Message);
    }

    [Theory]
    [InlineData(3, 8)]
    [InlineData(8, 1)]
    public void Images_that_two_halvings_leave_nothing_of_are_refused_with_their_size(int height, int width) => Assert.Equal(
        $"A small classifier halves images twice, and so needs 4 x 4 pixels at least, but those of small are {height} x {width}: take "
            + "larger ones.",
        Assert.Throws<DataException>(() => Trained(new Small(height, width, ["a", "b"]))).Message);

    [Fact]
    public void The_smallest_images_that_it_takes_have_classes()
    {
        using var smallest = Trained(new Small(4, 4, ["a", "b"]));

        Assert.Equal([2L], smallest.Classify(zeros(2, 1, 4, 4)).shape);
    }

    [Fact]
    public void Classes_that_are_null_or_hold_null_are_refused()
    {
        Assert.Contains(
            "The `Classes` of small are null", Assert.Throws<DataException>(() => Trained(new Small(4, 4, null!))).Message);
        Assert.Contains(
            "The `Classes` of small are null", Assert.Throws<DataException>(() => Fingerprint.Of(new Small(4, 4, null!))).Message);
        Assert.Contains(
            "A name among the `Classes` of small is null",
            Assert.Throws<DataException>(() => Trained(new Small(4, 4, ["a", null!]))).Message);
    }

    private static SmallClassifier Trained(IImageSource source) => SmallClassifier.Train(source, epochs: 1, batchSize: 8);

    private sealed class Small(int height, int width, string[] classes) : IImageSource
    {
        public string Description => "small";

        public int Count => 4;

        public int Channels => 1;

        public int Height => height;

        public int Width => width;

        public IReadOnlyList<string> Classes => classes;

        public int Label(int index) => index % 2;

        public void Read(int index, Span<float> pixels) => pixels.Fill(index % 2);
    }
}
