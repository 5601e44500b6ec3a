using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Docs;

/// <summary>
/// What docs/csharp.md shows does what the page says of it. It draws from the process's generator, so not beside other tests.
/// </summary>
[Collection(nameof(GlobalGenerator))]
public sealed class ExcerptTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly TinyNetwork network;
    private readonly GradientImages images = new(size: 8, count: 64);

    public ExcerptTests()
    {
        manual_seed(1);
        network = new();
    }

    public void Dispose()
    {
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void The_source_s_images_lie_in_the_range_and_are_those_of_their_class()
    {
        var pixels = new float[64];
        images.Read(62, pixels);

        Assert.All(pixels, value => Assert.InRange(value, -1, 1));
        Assert.True(pixels[0] < pixels[7] && pixels[0] == pixels[8], "class 0 rises across");
    }

    [Fact]
    public void Described_images_train_a_network_with_a_context()
    {
        var described = new DescribedImages(new Slopes(images), tokens: 1, [[1, 0, 0], [0, 1, 0]]);
        using var attends = new ContextNet();
        var losses = new List<float>();

        using var average = HuberTraining.Train(attends, described, steps: 3, (_, loss) => losses.Add(loss));

        Assert.Equal(3, losses.Count);
        Assert.Equal([0f, 1], attends.Asked.Select(asked => asked.Context).Distinct().Order());
        Assert.Equal("1 x 3", described.Identity.Context);
    }

    [Fact]
    public void The_condition_is_the_grey_of_each_pixel_of_the_image()
    {
        var (image, grey) = (new float[3 * 64], new float[64]);
        new ColouringSource(new UNetGen.Data.ShapesSource(3, 8, 8)).ReadWithCondition(5, place: 0, image, grey);
        Assert.All(Enumerable.Range(0, 64), i => Assert.Equal((image[i] + image[64 + i] + image[128 + i]) / 3, grey[i]));
    }

    [Fact]
    public void A_training_goes_on_where_it_was_stopped_and_then_draws()
    {
        using var stop = new CancellationTokenSource();

        Assert.False(Drawing.TrainAndDraw(network, images, folder.Path, new StopsAt(step: 5, stop), stop.Token));
        Assert.Equal(5, Checkpoint.Open(folder.Path).Info!.Step);

        Assert.True(Drawing.TrainAndDraw(network, images, folder.Path, NullLogger.Instance, CancellationToken.None));
        Assert.Equal(20, Checkpoint.Open(folder.Path).Info!.Step);
        Assert.True(File.Exists(folder.File("samples.png")));
    }

    [Fact]
    public void The_loop_with_a_loss_of_its_own_learns()
    {
        manual_seed(1);
        var losses = new List<float>();

        using var average = HuberTraining.Train(network, images, steps: 80, (_, loss) => losses.Add(loss));

        Assert.True(losses.TakeLast(20).Average() < 0.8 * losses.Take(20).Average(), $"the loss went from {losses[0]} to {losses[^1]}");
        Assert.True(average.FirstShare < 0.5);
    }

    [Fact]
    public void The_sampler_draws_as_DDIM_does_which_is_Euler_s_method_in_other_words()
    {
        using var scope = NewDisposeScope();
        var options = new SamplingOptions { Count = 3, Seed = 5 };

        var own = new EulerSampler(10).Sample(network, options);

        Assert.True(own.allclose(new DdimSampler(10).Sample(network, options), atol: 1e-4));
    }

    [Fact]
    public void A_step_of_the_sampler_can_be_tried_alone()
    {
        // Excerpt: testing a sampler
        using var scope = NewDisposeScope();
        network.eval();
        using var diffusion = new GaussianDiffusion(network.Diffusion);
        using var denoiser = new Denoiser(network, diffusion, new SamplingOptions { Count = 2 });
        var x = denoiser.Noise();
        var next = new EulerSampler(steps: 10).Step(denoiser, x, time: 99, next: 89);
        denoiser.EndStep();
        Assert.Equal(99, denoiser.Previous!.Value.Time);
        // End of excerpt
        Assert.Equal(x.shape, next.shape);
        Assert.False(x.allclose(next));
    }

    /// <summary>The same images in the shape of latents: a quarter of each, in two channels.</summary>
    private sealed class Slopes(GradientImages images) : IImageSource
    {
        public string Description => images.Description;

        public int Count => images.Count;

        public int Channels => 2;

        public int Height => ContextNet.Size;

        public int Width => ContextNet.Size;

        public IReadOnlyList<string> Classes => images.Classes;

        public int Label(int index) => images.Label(index);

        public void Read(int index, Span<float> pixels)
        {
            var whole = new float[64];
            images.Read(index, whole);
            whole.AsSpan(0, pixels.Length).CopyTo(pixels);
        }
    }

    private sealed class StopsAt(int step, CancellationTokenSource stop) : ILogger
    {
        private int seen;

        public IDisposable? BeginScope<TState>(TState state) where TState : notnull => null;

        public bool IsEnabled(LogLevel logLevel) => true;

        public void Log<TState>(
            LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
        {
            if (logLevel == LogLevel.Debug && ++seen == step)
                stop.Cancel();
        }
    }
}
