using UNetGen.Data;
using UNetGen.Evaluation;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Evaluation;

public sealed class FeatureNetworkTests : IDisposable
{
    private readonly IDisposable scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Theory]
    [InlineData("one image's", "float32 [1, 4]")]
    [InlineData("a row", "float32 [3]")]
    [InlineData("whole numbers", "int64 [3, 4]")]
    [InlineData("complex numbers", "complexfloat32 [3, 4]")]
    [InlineData("null", "a tensor that is null")]
    [InlineData("disposed", "a tensor that is disposed")]
    [InlineData("without numbers", "a tensor that is on the device meta")]
    public void Features_of_another_form_than_batch_by_features_are_refused_with_what_came(string kind, string came)
    {
        using var network = new Own(batch => kind switch
        {
            "one image's" => zeros(1, 4),
            "a row" => zeros(batch),
            "whole numbers" => zeros([batch, 4], ScalarType.Int64),
            "complex numbers" => zeros([batch, 4], ScalarType.ComplexFloat32),
            "without numbers" => zeros([batch, 4], device: META),
            "disposed" => Disposed(zeros(batch, 4)),
            _ => null!,
        });

        Assert.StartsWith(
            $"The features that own gives of 3 images must be [3, features], of a floating type, but are {came}",
            Assert.Throws<EvaluationException>(() => ImageStatistics.Of(Images(3), network)).Message);
    }

    [Fact]
    public void Another_number_of_features_than_of_the_images_before_is_refused()
    {
        using var network = new Own(batch => zeros(batch, batch == 2 ? 4 : 5));

        Assert.Equal(
            "The features that own gives of 1 image must be [1, 4], as of the images before, of a floating type, but are float32 [1, 5].",
            Assert.Throws<EvaluationException>(() => ImageStatistics.Of(Images(3), network, batchSize: 2)).Message);
    }

    [Fact]
    public void Features_of_fewer_bits_are_taken()
    {
        using var network = new Own(batch => ones([batch, 4], ScalarType.BFloat16));
        using var statistics = ImageStatistics.Of(Images(3), network);

        Assert.Equal((3, 4), (statistics.Count, statistics.Features));
    }

    [Fact]
    public void A_network_without_a_hash_has_no_kept_statistics()
    {
        using var folder = new TemporaryFolder();
        using var network = new Own(batch => zeros(batch, 4), hash: "");

        Assert.StartsWith(
            "own has no hash, by which its statistics are kept",
            Assert.Throws<EvaluationException>(() => ImageStatistics.Cached(Images(3), network, folder.Path)).Message);
    }

    [Fact]
    public void A_disposed_network_sees_nothing()
    {
        var network = new Own(batch => zeros(batch, 4));
        network.Dispose();

        Assert.Throws<ObjectDisposedException>(() => ImageStatistics.Of(Images(3), network));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    public void Statistics_by_no_image_at_once_are_refused_also_where_they_are_kept(int batchSize)
    {
        using var folder = new TemporaryFolder();
        using var network = new Own(batch => zeros(batch, 4));
        ImageStatistics.Cached(Images(3), network, folder.Path).Dispose();

        Assert.Throws<ArgumentOutOfRangeException>("batchSize", () => ImageStatistics.Of(Images(3), network, batchSize));
        Assert.Throws<ArgumentOutOfRangeException>("batchSize", () => ImageStatistics.Cached(Images(3), network, folder.Path, batchSize));
    }

    private static ShapesSource Images(int count) => new(1, 8, 8, count: count);

    private static Tensor Disposed(Tensor tensor)
    {
        tensor.Dispose();
        return tensor;
    }

    private sealed class Own(Func<long, Tensor> features, string hash = "own") : FeatureNetwork
    {
        public override string Description => "own";

        public override string Hash => hash;

        public override Tensor Extract(Tensor images) => features(images.shape[0]);

        protected override void Dispose(bool disposing)
        {
        }
    }
}
