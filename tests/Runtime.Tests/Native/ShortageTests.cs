using System.Runtime.InteropServices;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Native;

/// <summary>Missing memory, files and threads are told as such, whoever threw.</summary>
public class ShortageTests
{
    // More than any machine has addresses for.
    private const long TooMany = 1L << 45;

    public static TheoryData<string, Exception> Shortages => new()
    {
        { "Memory is used up", new OutOfMemoryException() },
        { "Memory is used up", new TypeInitializationException("X", new OutOfMemoryException()) },
        { "Memory is used up", new AggregateException(
            new InvalidOperationException("else"), new InvalidOperationException("within", new OutOfMemoryException())) },
        { "Memory is used up: libtorch asked for "
            + "2.1 GB more",
            new ExternalException("[enforce fail at alloc_cpu.cpp:127] err == 0. DefaultCPUAllocator: can't allocate memory: you tried to "
                + "allocate 2147483648 bytes. Error code 12") },
        { "The GPU's memory is used up: libtorch asked for 20.00 MiB more. Less.", new ExternalException(
            "CUDA out of memory. Tried to allocate 20.00 MiB. GPU 0 has a total capacity of 79.11 GiB") },
        { "Memory is used up", new ExternalException("std::bad_alloc") },
        { "Memory is used up", new IOException("no memory", 12) },
        { "Memory is used up", new TypeInitializationException(
            "X", new DllNotFoundException("libX.so: failed to map segment from shared object")) },
        { "No further file could be opened", new IOException("too many", 24) },
        { "No further file could be opened", new IOException("too many", unchecked((int)0x80070004)) },
    };

    [Theory]
    [MemberData(nameof(Shortages))]
    public void A_shortage_is_known_whatever_wraps_it(string expected, Exception error) =>
        Assert.StartsWith(expected, Shortage.Of(error, "Less."));

    [Fact]
    public void Another_error_is_none()
    {
        Assert.Null(Shortage.Of(new InvalidOperationException("bug", new IOException("no such file", 2))));
        Assert.Null(Shortage.Of(new ExternalException("The size of tensor a (3) must match the size of tensor b (4)")));
        Assert.Null(Shortage.Of(new FileNotFoundException("no assembly")));
        Assert.Null(Shortage.Ahead());
    }

    [Fact]
    public void What_libtorch_says_of_missing_memory_is_understood()
    {
        var error = Assert.Throws<ExternalException>(() => empty([TooMany], ScalarType.Float32, CPU));
        Assert.StartsWith("Memory is used up: libtorch asked for 140737.5 GB more", Shortage.Of(error));
    }

    [Fact]
    public void A_training_without_memory_says_what_to_ask_less_of_and_keeps_its_checkpoint()
    {
        using var folder = new TemporaryFolder();
        var network = new GreedyNet(atCall: 4);
        using var trainer = new Trainer(
            network, new Stripes(),
            new() { Steps = 9, BatchSize = 4, Accumulation = 1, CheckpointEvery = 2, Ema = [new() { UpdateEvery = 1 }] });

        var error = Assert.Throws<ShortageException>(() => trainer.Train(store: new CheckpointStore(folder.File("store"))));

        Assert.EndsWith(
            "A step has 4 images: a smaller `BatchSize`, more `Accumulation` or `GradientCheckpointing` needs less.", error.Message);
        Assert.Equal(2, new CheckpointStore(folder.File("store")).Newest()!.Info!.Step);
    }

    [Fact]
    public void A_drawing_without_memory_says_how_many_pictures_passed_at_once()
    {
        using var network = new GreedyNet(atCall: 2);

        var error = Assert.Throws<ShortageException>(() => new DdimSampler(2).Sample(network, new() { Count = 20, BatchSize = 8 }));

        Assert.EndsWith("8 images pass at once, of 20: fewer at once need less.", error.Message);
    }

    [Fact]
    public void What_the_callers_own_code_lacks_is_not_put_down_to_the_sizes_that_were_asked_for()
    {
        const string message = "Memory is used up. Close other programs, or give it more.";
        var options = new TrainingOptions { Steps = 9, BatchSize = 4 };
        using var network = new TwoConvNet();
        using var trainer = new Trainer(network, new Stripes(), options);

        Assert.Equal(
            message, Assert.Throws<ShortageException>(() => trainer.Train(_ => throw new OutOfMemoryException())).Message);
        Assert.Equal(
            message,
            Assert.Throws<ShortageException>(
                () => new DdimSampler(2).Sample(network, new(), _ => throw new OutOfMemoryException())).Message);
        foreach (var reads in (int[])[0, 4])
        {
            using var ofSource = new Trainer(network, new FailingSource(reads, () => new OutOfMemoryException()), options);
            Assert.Equal(message, Assert.Throws<ShortageException>(() => ofSource.Train()).Message);
        }
    }

    /// <summary>Asks for too much memory in one of its calls.</summary>
    private sealed class GreedyNet : NoisePredictor
    {
        private readonly TwoConvNet inner = new();
        private readonly int atCall;

        public GreedyNet(int atCall) : base(nameof(GreedyNet))
        {
            this.atCall = atCall;
            register_module("inner", inner);
        }

        public override NetworkInfo Info => inner.Info;

        public override DiffusionOptions Diffusion => inner.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps) =>
            inner.Calls.Count == atCall - 1 ? empty([TooMany], ScalarType.Float32, CPU) : inner.forward(x, timesteps);
    }
}
