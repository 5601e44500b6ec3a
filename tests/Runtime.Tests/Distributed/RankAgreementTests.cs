using System.Drawing;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Evaluation;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>Ranks that would do different things as one are refused before they begin.</summary>
[Collection(nameof(GlobalGenerator))]
public sealed class RankAgreementTests : IDisposable
{
    private const string Mend = "Start all of them with the same network, sampler and options.";

    private static readonly SamplingOptions Four = new() { Count = 4, BatchSize = 2, Labels = [0, 1] };

    private static readonly Sampler Ddim = new DdimSampler(4, eta: 1);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string, Func<SamplingOptions, SamplingOptions>> OtherOptions => new()
    {
        { "the seed (rank 1)", options => options with { Seed = 2 } },
        { "the labels (rank 1)", options => options with { Labels = [1] } },
        { "the guidance (rank 1)", options => options with { Guidance = 2 } },
        { "the guidance (rank 1); the guidance rescale (rank 1)", options => options with { Guidance = 2, GuidanceRescale = 0.5 } },
        { "the guidance (rank 1); the negative class (rank 1)", options => options with { Guidance = 2, NegativeClass = 1 } },
        { "the clip (rank 1)", options => options with { Clip = false } },
        {
            "the timesteps (rank 1); the edit (rank 1); the pictures (rank 1)",
            options => options with { Edit = new FromPictures(zeros(1, 1, 8, 8), 0.5) }
        },
        { "the number of images (4 on rank 0, 5 on rank 1)", options => options with { Count = 5 } },
        { "the first image's number (0 on rank 0, 2 on rank 1)", options => options with { FirstImage = 2 } },
        { "the batch size (2 on rank 0, 1 on rank 1)", options => options with { BatchSize = 1 } },
        { "the rounding to TF32 (rank 1)", options => options with { AllowTf32 = true } },
    };

    [Theory]
    [MemberData(nameof(OtherOptions))]
    public void Ranks_that_would_draw_with_other_options_are_refused(string differs, Func<SamplingOptions, SamplingOptions> other)
    {
        RefusedDrawing(differs, rank => Net(), rank => Ddim, rank => rank == 1 ? other(Four) : Four);
    }

    [Fact]
    public void Ranks_that_would_draw_with_other_weights_networks_or_samplers_are_refused()
    {
        RefusedDrawing("the weights (rank 1)", rank => Net(bias: rank), rank => Ddim, rank => Four);
        RefusedDrawing(
            "the sampler (rank 1); the timesteps (rank 1)", rank => Net(), rank => rank == 1 ? new DdimSampler(3, eta: 1) : Ddim,
            rank => Four);
        // Of such, what one has drawn wouldn't fit into the others' memory.
        RefusedDrawing(
            "the images' height (8 on rank 0, 16 on rank 1); the images' width (8 on rank 0, 16 on rank 1)",
            rank => Net(size: 8 + 8 * rank), rank => Ddim, rank => Four);
    }

    [Fact]
    public void Ranks_that_would_draw_in_another_precision_are_refused() => RefusedDrawing(
        "the precision (rank 1)", rank => Net(precision: (Precision)rank), rank => Ddim, rank => Four);

    [Fact]
    public void Of_many_ranks_that_draw_something_else_the_first_are_named() => Assert.Contains(
        "the seed (rank 1, rank 2, rank 3, rank 4, rank 5, rank 6, rank 7, rank 8 and 1 other).",
        Refused(10, collective => Ddim.Sample(Net(), Four with { Seed = Math.Min(1, collective.Rank) }, collective)));

    [Fact]
    public void A_folder_is_not_begun_by_ranks_that_would_fill_it_otherwise()
    {
        var message = Refused(2, collective => new SampleFolder(folder.File("drawn")).Draw(
            Net(), Ddim, Four with { Count = 4 + collective.Rank, BatchSize = 2 - collective.Rank }, collective: collective));

        Assert.Equal(
            "The ranks aren't to draw the same pictures: other than on rank 0 are the number of images (4 on rank 0, 5 on rank 1); the "
                + $"batch size (2 on rank 0, 1 on rank 1). {Mend}",
            message);
        Assert.False(Directory.Exists(folder.File("drawn")));
    }

    [Fact]
    public void Ranks_that_would_measure_other_images_or_with_other_networks_are_refused()
    {
        var source = new ShapesSource(1, 8, 8, count: 20);
        Assert.Equal(
            "The ranks aren't to measure the same images: other than on rank 0 are the data's number of images (20 on rank 0, 19 on rank "
                + "1); the data's numbers or seeds (rank 1). Start all of them with the same images and feature network.",
            Refused(2, collective => Statistics(
                collective, collective.Rank == 0 ? new SubsetSource(source, [.. Enumerable.Range(0, 20)])
                    : new SubsetSource(source, [.. Enumerable.Range(0, 19)]))));
        Assert.Contains(
            "are the feature network (rank 1); the batch size (64 on rank 0, 63 on rank 1).",
            Refused(2, collective => Statistics(collective, source, pixels: 5 + collective.Rank, batchSize: 64 - collective.Rank)));
        // Rank 0 has them already, and would give them to one that has other images.
        using var kept = new Pixels(5);
        ImageStatistics.Cached(source, kept, folder.File("kept")).Dispose();
        Assert.Contains("the data's seeds (rank 1)", Refused(2, collective => ImageStatistics.Cached(
            new ShapesSource(1, 8, 8, collective.Rank, count: 20), kept, folder.File("kept"), collective: collective)));
    }

    [Fact]
    public void Ranks_that_would_train_on_another_background_are_refused()
    {
        using var picture = zeros(1, 1, 8, 8);
        ImageGrid.Save(picture, folder.File("data/a.png"), scale: 1, gap: 0);

        Assert.Equal(
            "The ranks aren't to do the same training: other than on rank 0 are the data's background (rank 1). Start all of them with the "
                + "same program, options and data.",
            Refused(2, collective => new Trainer(
                new TwoConvNet(),
                ImageFolderSource.Open(folder.File("data"), 1, 8, 8, background: collective.Rank == 0 ? Color.Black : Color.White),
                new() { Steps = 1 }, collective: collective)));
    }

    [Fact]
    public void Ranks_that_would_train_with_other_kernels_are_refused() => Assert.Contains(
        "are the network's kernels (rank 1).",
        Refused(2, collective => new Trainer(
            new TwoConvNet { Kernels = (KernelForm)collective.Rank }, new ShapesSource(1, 8, 8), new() { Steps = 1 },
            collective: collective)));

    private static void RefusedDrawing(
        string differs, Func<int, NoisePredictor> network, Func<int, Sampler> sampler, Func<int, SamplingOptions> options) => Assert.Equal(
        $"The ranks aren't to draw the same pictures: other than on rank 0 are {differs}. {Mend}",
        Refused(2, collective => sampler(collective.Rank).Sample(network(collective.Rank), options(collective.Rank), collective)));

    private static string Refused(int size, Func<ThreadCollective, object> work) => Assert.IsType<RanksDifferException>(
        Assert.Throws<AggregateException>(() => ThreadCollective.Run(size, work)).InnerException).Message;

    private static TwoConvNet Net(int size = 8, double bias = 0, Precision precision = default)
    {
        var network = new TwoConvNet(classes: 3) { Precision = precision };
        network.Described = network.Described with { ImageHeight = size, ImageWidth = size };
        using var noGradients = no_grad();
        network.get_parameter("conv2.bias")!.add_(bias);
        return network;
    }

    private static FeatureStatistics Statistics(ICollective collective, IImageSource source, int pixels = 5, int batchSize = 64)
    {
        using var features = new Pixels(pixels);
        return ImageStatistics.Of(source, features, batchSize, collective: collective);
    }

    private sealed class Pixels(int count) : FeatureNetwork
    {
        public override string Description => $"{count} pixels";

        public override string Hash => Description;

        public override Tensor Extract(Tensor images)
        {
            using var flat = images.flatten(1);
            return flat.narrow(1, 20, count).clone();
        }

        protected override void Dispose(bool disposing)
        {
        }
    }
}
