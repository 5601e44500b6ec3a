using CsCheck;
using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

public class FrechetDistanceTests
{
    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void What_is_cancelled_waits_for_no_image_that_hangs_and_for_no_batch_of_slow_ones(bool hangs)
    {
        using var folder = new TemporaryFolder();
        using var features = new Halves();
        foreach (var work in (Action<HeldSource, CancellationToken>[])[
            (source, token) => ImageStatistics.Of(source, features, batchSize: 1000, cancellation: token).Dispose(),
            (source, token) => ImageStatistics.Cached(source, features, folder.Path, cancellation: token).Dispose(),
        ])
        {
            using var source = new HeldSource(hangs);
            using var cancel = new CancellationTokenSource();
            source.Reading += cancel.Cancel;

            Assert.ThrowsAny<OperationCanceledException>(() => work(source, cancel.Token));
            // Of the rest no image is begun.
            Assert.Equal(1, source.Begun);
        }
    }

    [Fact]
    public void Of_two_gaussians_with_diagonal_covariances_it_is_the_closed_form()
    {
        // Points at mean + scale * sqrt(n - 1) / sqrt(2) * (+-)unit vectors: of exactly this mean and diagonal covariance.
        double[] mean1 = [1, -2, 0.5], deviation1 = [0.5, 2, 1], mean2 = [0, 1, 3], deviation2 = [3, 0.25, 1];
        using var first = Exactly(mean1, deviation1);
        using var second = Exactly(mean2, deviation2);

        var expected = Enumerable.Range(0, 3).Sum(i => Math.Pow(mean1[i] - mean2[i], 2) + Math.Pow(deviation1[i] - deviation2[i], 2));
        Assert.Equal(expected, FrechetDistance.Between(first, second), 1e-9);
    }

    [Fact]
    public void Of_rotated_gaussians_it_is_what_the_eigenvalues_of_the_plain_product_say()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(7, CPU);
        var (x, y) = (Samples(random, 200, 5), Samples(random, 300, 5) + 0.3);
        using var first = Of(x);
        using var second = Of(y);

        // Tr (C1 C2)^(1/2) is the sum of the roots of the eigenvalues of C1 C2, which is not symmetric.
        var roots = linalg.eigvals(first.Covariance().matmul(second.Covariance())).sqrt().real.sum();
        var expected = (first.Mean() - second.Mean()).square().sum() + first.Covariance().trace() + second.Covariance().trace() - 2 * roots;
        Assert.Equal(expected.item<double>(), FrechetDistance.Between(first, second), 1e-9);
    }

    [Fact]
    public void It_is_symmetric_and_zero_to_itself_even_where_features_never_vary()
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(3, CPU);
        var x = Samples(random, 20, 6); // fewer images than would fill the covariance's rank, and a dead feature:
        x[TensorIndex.Colon, 2] = 0;
        using var first = Of(x);
        using var second = Of(Samples(random, 30, 6) * 2);

        Assert.Equal(0, FrechetDistance.Between(first, first), 1e-9);
        Assert.Equal(FrechetDistance.Between(first, second), FrechetDistance.Between(second, first), 1e-9);
    }

    [Fact]
    public void Statistics_gathered_in_any_batches_are_those_of_all_at_once() => Gen.Int[1, 40].Array[1, 8].Sample(sizes =>
    {
        using var scope = NewDisposeScope();
        using var random = new Generator(11, CPU);
        var all = Samples(random, sizes.Sum() + 1, 3) + 1000; // a mean that a sum of squares would drown in
        using var once = Of(all);
        using var pieces = new FeatureStatistics(3);
        foreach (var piece in all.split([.. sizes.Select(size => (long)size), 1]))
            pieces.Add(piece);

        Assert.Equal(once.Count, pieces.Count);
        Assert.True(allclose(once.Mean(), pieces.Mean(), rtol: 1e-12));
        Assert.True(allclose(once.Covariance(), pieces.Covariance(), rtol: 1e-9, atol: 1e-9));
        Assert.True(allclose(cov(all.t()), once.Covariance(), rtol: 1e-6, atol: 1e-6));
    }, iter: 50);

    [Fact]
    public void A_feature_that_is_no_number_one_image_and_other_features_are_refused()
    {
        using var statistics = new FeatureStatistics(2);
        using var wrong = tensor(new[] { 1f, float.NaN }).reshape(1, 2);
        Assert.Contains("images 0 to 0", Assert.Throws<EvaluationException>(() => statistics.Add(wrong)).Message);
        using var one = zeros(1, 2);
        statistics.Add(one);
        Assert.Contains(
            "at least 2 images", Assert.Throws<EvaluationException>(() => FrechetDistance.Between(statistics, statistics)).Message);
        using var three = Exactly([0, 0, 0], [1, 1, 1]);
        Assert.Contains(
            "2 and of 3 features", Assert.Throws<EvaluationException>(() => FrechetDistance.Between(statistics, three)).Message);
    }

    private static Tensor Samples(Generator random, long count, long features) =>
        randn([count, features], ScalarType.Float64, generator: random).matmul(
            randn([features, features], ScalarType.Float64, generator: random));

    private static FeatureStatistics Of(Tensor features)
    {
        var statistics = new FeatureStatistics((int)features.shape[1]);
        statistics.Add(features);
        return statistics;
    }

    private static FeatureStatistics Exactly(double[] mean, double[] deviation)
    {
        using var scope = NewDisposeScope();
        var n = mean.Length;
        var spread = diag(tensor(deviation)) * Math.Sqrt((2 * n - 1) / 2.0);
        return Of(cat([spread, -spread]) + tensor(mean));
    }

    [Theory]
    [InlineData(0, "gives 0 features an image, but a distance needs from 1 to 16,384")]
    [InlineData(200_000, "gives 200,000 features an image, but a distance needs from 1 to 16,384: their covariance takes the square of "
        + "their number in memory, here 298.0 GiB.")]
    public void Features_that_no_covariance_has_room_for_are_refused(int features, string message) =>
        Assert.Contains(message, Assert.Throws<EvaluationException>(() => new FeatureStatistics(features)).Message);

    /// <summary>The means of an image's halves.</summary>
    private sealed class Halves : FeatureNetwork
    {
        public override string Description => "halves";

        public override string Hash => "0";

        public override Tensor Extract(Tensor images) => images.reshape(images.shape[0], 2, -1).mean([2L]);

        protected override void Dispose(bool disposing)
        {
        }
    }

    /// <summary>Tells of the image that is being read, which hangs until this is disposed, or not.</summary>
    private sealed class HeldSource(bool hangs) : IImageSource, IDisposable
    {
        private readonly ManualResetEventSlim released = new(!hangs);
        private int begun;

        public event Action? Reading;

        public int Begun => Volatile.Read(ref begun);

        public string Description => "held";

        public int Count => 1000;

        public int Channels => 1;

        public int Height => 2;

        public int Width => 2;

        public void Read(int index, Span<float> pixels)
        {
            Interlocked.Increment(ref begun);
            Reading?.Invoke();
            released.Wait(TimeSpan.FromMinutes(1));
            pixels.Clear();
        }

        public void Dispose() => released.Set();
    }
}
