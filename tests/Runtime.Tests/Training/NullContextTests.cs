using UNetGen.Data;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>What stands for no context, from a source to a drawing.</summary>
public sealed class NullContextTests : IDisposable
{
    private static readonly TrainingOptions Options = new() { Steps = 1, BatchSize = 2 };

    private readonly TemporaryFolder folder = new();
    private readonly ContextNet network = new();

    public void Dispose()
    {
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void It_is_guided_away_from_as_it_comes_from_a_checkpoint()
    {
        using (var trainer = new Trainer(network, new Told(new(2, ContextNet.Width)), Options))
            trainer.Train(store: new CheckpointStore(folder.Path));
        using var nothing = Checkpoint.Open(folder.Path).NullContext();
        using var context = ones(1, 5, ContextNet.Width);

        using var drawn = new DdimSampler(2).Sample(
            network, new() { Count = 3, Context = context, NegativeContext = nothing, Guidance = 2 });

        Assert.Equal([1L, 2, ContextNet.Width], nothing!.shape);
        Assert.Equal(3, drawn.shape[0]);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-3)]
    public void Contexts_without_a_token_are_refused(int tokens)
    {
        var source = new Told(new(tokens, ContextNet.Width));
        foreach (var read in (Func<object>[])[() => new Trainer(network, source, Options), () => new BatchLoader(source, 2)])
        {
            var message = Assert.Throws<DataException>(read).Message;
            Assert.Contains($", contexts of {tokens} x 3 (tokens x width): ", message);
            Assert.EndsWith("each number of a shape is at least 1.", message);
        }
    }

    private sealed class Told(ContextShape context) : IImageSource
    {
        public string Description => "told latents";

        public int Count => 4;

        public int Channels => 2;

        public int Height => ContextNet.Size;

        public int Width => ContextNet.Size;

        public bool IsBounded => false;

        public ContextShape? Context => context;

        public void Read(int index, Span<float> pixels)
        {
            for (var i = 0; i < pixels.Length; i++)
                pixels[i] = MathF.Sin(index * pixels.Length + i);
        }

        public void ReadContext(int index, Span<float> values) => values.Fill(index);
    }
}
