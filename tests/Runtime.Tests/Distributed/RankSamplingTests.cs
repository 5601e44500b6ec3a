using UNetGen.Data;
using UNetGen.Evaluation;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>Several ranks draw and measure what one process does.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class RankSamplingTests : IDisposable
{
    private static readonly SamplingOptions Ten = new() { Count = 10, BatchSize = 4, Seed = 3, FirstImage = 6 };

    private static readonly Sampler Ddim = new DdimSampler(4, eta: 1);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData(2)]
    [InlineData(5)]
    public void All_pictures_are_to_the_bit_those_of_one_process_on_every_rank(int size)
    {
        using var network = new TwoConvNet();
        using var alone = Ddim.Sample(network, Ten);

        var ranks = ThreadCollective.Run(size, collective =>
        {
            using var own = new TwoConvNet();
            var asked = 0;
            using var images = Ddim.Sample(own, Ten, collective, at => asked += at.Step == 0 ? 1 : 0);
            return (Values: images.data<float>().ToArray(), Batches: asked);
        });

        Assert.All(ranks, rank => Assert.Equal(alone.data<float>().ToArray(), rank.Values));
        Assert.Equal(3, ranks.Sum(rank => rank.Batches));
        Assert.Equal(size == 2 ? 2 : 1, ranks.Max(rank => rank.Batches));
    }

    [Fact]
    public void A_folder_is_filled_with_the_files_of_one_process_and_continued_by_any_number()
    {
        using var network = new TwoConvNet();
        new SampleFolder(folder.File("alone")).Draw(network, Ddim, Ten);

        Assert.Equal([10, 10, 10], Draw(3));
        AssertSameFiles();
        File.Delete(folder.File("together/000006.png"));
        File.Delete(folder.File("together/000015.png"));
        Assert.Equal([2, 2], Draw(2));
        AssertSameFiles();

        int[] Draw(int size) => ThreadCollective.Run(size, collective =>
        {
            using var own = new TwoConvNet();
            return new SampleFolder(folder.File("together")).Draw(own, Ddim, Ten, collective: collective);
        });

        void AssertSameFiles()
        {
            var names = Directory.GetFiles(folder.File("alone")).Select(Path.GetFileName).Order().ToArray();
            Assert.Equal(11, names.Length);
            Assert.Equal(names, Directory.GetFiles(folder.File("together")).Select(Path.GetFileName).Order());
            Assert.All(
                names,
                name => Assert.Equal(File.ReadAllBytes(folder.File($"alone/{name}")), File.ReadAllBytes(folder.File($"together/{name}"))));
        }
    }

    [Fact]
    public void A_folder_that_a_rank_does_not_see_is_an_error_that_names_it()
    {
        var error = Assert.Throws<AggregateException>(() => ThreadCollective.Run(2, collective =>
        {
            using var own = new TwoConvNet();
            return new SampleFolder(folder.File($"of-{collective.Rank}")).Draw(own, Ddim, Ten, collective: collective);
        }));

        Assert.Contains("Rank 1 doesn't see the folder", Assert.IsType<UNetGenException>(error.InnerException).Message);
        Assert.False(Directory.Exists(folder.File("of-1")));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    public void Statistics_are_those_of_one_process_to_rounding(int size)
    {
        var source = new ShapesSource(1, 8, 8, count: 50);
        using var features = new FirstPixels();
        using var alone = ImageStatistics.Of(source, features, batchSize: 20);

        // Of 3 batches the fourth rank has none.
        var ranks = ThreadCollective.Run(size, collective =>
        {
            using var together = ImageStatistics.Of(source, features, batchSize: 20, collective: collective);
            return (together.Count, Mean: Values(together.Mean()), Covariance: Values(together.Covariance()));
        });

        Assert.All(ranks, rank =>
        {
            Assert.Equal(50, rank.Count);
            Assert.All(Values(alone.Mean()).Zip(rank.Mean), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.All(Values(alone.Covariance()).Zip(rank.Covariance), pair => Assert.Equal(pair.First, pair.Second, 1e-12));
            Assert.Equal(ranks[0].Covariance, rank.Covariance);
        });
    }

    [Fact]
    public void Statistics_that_are_kept_are_read_by_rank_0_and_known_to_all_to_the_bit()
    {
        var source = new ShapesSource(1, 8, 8, count: 30);
        using var features = new FirstPixels();
        using var alone = ImageStatistics.Cached(source, features, folder.File("kept"));

        var ranks = ThreadCollective.Run(3, collective =>
        {
            using var kept = ImageStatistics.Cached(
                source, features, folder.File(collective.Rank == 0 ? "kept" : "none"), report: _ => Assert.Fail("read anew"),
                collective: collective);
            return (kept.Count, Values(kept.Mean()), Values(kept.Covariance()));
        });

        Assert.All(ranks, rank => Assert.Equivalent((30L, Values(alone.Mean()), Values(alone.Covariance())), rank));
        Assert.False(Directory.Exists(folder.File("none")));
    }

    private static double[] Values(Tensor tensor)
    {
        using (tensor)
            return tensor.data<double>().ToArray();
    }

    private sealed class FirstPixels : FeatureNetwork
    {
        public override string Description => "five pixels";

        public override string Hash => "five";

        public override Tensor Extract(Tensor images)
        {
            using var flat = images.flatten(1);
            return flat.narrow(1, 20, 5).clone();
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
