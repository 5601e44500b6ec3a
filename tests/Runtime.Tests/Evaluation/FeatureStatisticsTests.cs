using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

public sealed class FeatureStatisticsTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();
    private readonly FeatureStatistics statistics = new(2);

    public void Dispose()
    {
        statistics.Dispose();
        scope.Dispose();
    }

    [Fact]
    public void Several_threads_may_add_to_them()
    {
        Parallel.For(0, 400, i =>
        {
            using var batch = tensor(new[] { i, 2.0 * i }).reshape(1, 2);
            statistics.Add(batch);
        });

        using var mean = statistics.Mean();
        Assert.Equal(400, statistics.Count);
        Assert.Equal(199.5, mean[0].item<double>(), 1e-9);
        Assert.Equal(399, mean[1].item<double>(), 1e-9);
    }

    [Fact]
    public void Features_whose_distance_float64_could_not_hold_are_refused_and_those_below_have_one()
    {
        var message = Assert.Throws<EvaluationException>(() => statistics.Add(tensor(new[] { 1e200, 0, -1e200, 0 }).reshape(2, 2))).Message;
        Assert.Contains("images 0 to 1 is no finite number, or lies beyond 1e+60", message);
        Assert.Equal(0, statistics.Count);

        statistics.Add(tensor(new[] { 1e60, 0, -1e60, 1e60 }).reshape(2, 2));
        using var near = new FeatureStatistics(2);
        near.Add(tensor(new[] { 1.0, 0, -1, 1 }).reshape(2, 2));
        Assert.InRange(FrechetDistance.Between(statistics, near), 1e120, 1e122);
    }

    [Theory]
    [InlineData(ScalarType.ComplexFloat64)]
    [InlineData(ScalarType.Int64)]
    [InlineData(ScalarType.Bool)]
    public void Features_that_are_no_floating_numbers_are_refused(ScalarType type) => Assert.StartsWith(
        $"Features are of a floating type, but these are {type}: convert them.",
        Assert.Throws<ArgumentException>("features", () => statistics.Add(zeros([3, 2], type))).Message);

    [Fact]
    public void Features_that_are_disposed_or_have_no_numbers_are_refused_by_their_name()
    {
        var gone = zeros(3, 2);
        gone.Dispose();

        Assert.StartsWith(
            "The tensor `features` is disposed: give one that lives until the call has returned.",
            Assert.Throws<ArgumentException>("features", () => statistics.Add(gone)).Message);
        Assert.Contains(
            "device meta", Assert.Throws<ArgumentException>("features", () => statistics.Add(zeros([3, 2], device: META))).Message);
        Assert.Throws<ArgumentNullException>("features", () => statistics.Add(null!));
    }

    [Fact]
    public void Disposed_statistics_say_so_whatever_is_asked_of_them()
    {
        using var folder = new TemporaryFolder();
        using var other = new FeatureStatistics(2);
        statistics.Dispose();

        Action[] uses = [
            () => statistics.Add(zeros(3, 2)), () => statistics.Mean(), () => statistics.Covariance(),
            () => statistics.Save(folder.File("a.safetensors")), () => FrechetDistance.Between(statistics, other)];
        Assert.All(uses, use => Assert.Throws<ObjectDisposedException>(use));
    }

    [Fact]
    public void Statistics_made_or_read_within_inference_mode_take_features_outside_of_it()
    {
        using var folder = new TemporaryFolder();
        statistics.Save(folder.File("none.safetensors"));
        FeatureStatistics made, read;
        using (inference_mode())
            (made, read) = (new(2), FeatureStatistics.Load(folder.File("none.safetensors")));
        using (made)
        using (read)
        {
            foreach (var filled in (FeatureStatistics[])[made, read])
            {
                filled.Add(tensor(new[] { 1f, 2, 3, 4 }).reshape(2, 2));
                Assert.Equal([2.0, 3.0], filled.Mean().data<double>().ToArray());
            }
        }
    }
}
