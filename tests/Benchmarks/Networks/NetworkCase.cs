using TorchSharp;
using UNetGen.Benchmarks.Onnx;
using UNetGen.Benchmarks.Peer;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>Who is measured.</summary>
internal enum Side
{
    Peer,
    Generated,
}

/// <summary>One network of the bench, made twice: generated from its spec, and written by hand.</summary>
/// <param name="Name">As the command line calls it.</param>
/// <param name="Width">Its <c>dim</c> and multipliers, in words.</param>
/// <param name="Channels">Of the images.</param>
/// <param name="Size">Height and width of the images, pixels.</param>
/// <param name="ForwardFlops">Of one image, as the plan counts them.</param>
/// <param name="Batch">Images in a training step and in a forward pass.</param>
/// <param name="Generated">Makes the generated network, on the CPU.</param>
/// <param name="Peer">Makes the one that it is compared with, on the CPU.</param>
internal sealed record NetworkCase(
    string Name, string Width, int Channels, int Size, long ForwardFlops, int Batch, Func<NoisePredictor> Generated,
    Func<nn.Module<Tensor, Tensor, Tensor>> Peer)
{
    private static readonly NetworkCase Lucidrains =
        new(
            "lucidrains", "dim 32 [1, 2, 4]", 3, LucidrainsNetwork.ImageHeight, LucidrainsNetwork.ForwardFlops, 8,
            () => new LucidrainsNetwork(), () => new LucidrainsPeer(32, [1, 2, 4], 3));

    /// <summary>The networks that are compared.</summary>
    public static IReadOnlyList<NetworkCase> All { get; } =
    [
        Lucidrains,
        new(
            "annotated", "dim 64 [1, 2, 4]", 3, AnnotatedNetwork.ImageHeight, AnnotatedNetwork.ForwardFlops, 16,
            () => new AnnotatedNetwork(), () => new AnnotatedPeer(64, [1, 2, 4], 3)),
        new(
            "ddpm", "dim 64 [1, 2, 2]", 3, DdpmNetwork.ImageHeight, DdpmNetwork.ForwardFlops, 8, () => new DdpmNetwork(),
            () => new DdpmPeer(64, [1, 2, 2], [false, true, false], 3)),
    ];

    /// <summary>The first of them in other widths and for other sizes of images.</summary>
    public static IReadOnlyList<NetworkCase> Scaled { get; } =
    [
        Lucidrains with
        {
            Name = "lucidrains-size-16", Size = 16, ForwardFlops = LucidrainsSize16.ForwardFlops, Generated = () => new LucidrainsSize16(),
        },
        Lucidrains with
        {
            Name = "lucidrains-size-64", Size = 64, ForwardFlops = LucidrainsSize64.ForwardFlops, Generated = () => new LucidrainsSize64(),
        },
        Wide(16, LucidrainsDim16.ForwardFlops, () => new LucidrainsDim16()),
        Wide(64, LucidrainsDim64.ForwardFlops, () => new LucidrainsDim64()),
        Wide(128, LucidrainsDim128.ForwardFlops, () => new LucidrainsDim128()),
    ];

    /// <summary>What people train on a GPU: too large for the CPU to measure.</summary>
    public static IReadOnlyList<NetworkCase> OnGpu { get; } =
    [
        new(
            "ddpm-128", "dim 128 [1, 2, 2, 2]", 3, Ddpm128.ImageHeight, Ddpm128.ForwardFlops, 128, () => new Ddpm128(),
            () => new DdpmPeer(128, [1, 2, 2, 2], [false, true, false, false], 3)) { DrawnImages = 64 },
        new(
            "lucidrains-64", "dim 64 [1, 2, 4, 8]", 3, Lucidrains64.ImageHeight, Lucidrains64.ForwardFlops, 32, () => new Lucidrains64(),
            () => new LucidrainsPeer(64, [1, 2, 4, 8], 3)) { DrawnImages = 32 },
        new(
            "adm-192", "dim 192 [1, 2, 3, 4]", 3, Adm192.ImageHeight, Adm192.ForwardFlops, 16, () => new Adm192(),
            () => new AdmPeer(192, [1, 2, 3, 4], 3, [false, true, true, true], 64, 3)) { DrawnImages = 16 },
    ];

    /// <summary>The last of them as small as it goes, so that every change to its family is held against the one written by hand.</summary>
    public static NetworkCase SmallAdm { get; } =
        new(
            "adm", "dim 32 [1, 2]", 3, AdmNetwork.ImageHeight, AdmNetwork.ForwardFlops, 8, () => new AdmNetwork(),
            () => new AdmPeer(32, [1, 2], 1, [false, true], 16, 3));

    /// <summary>The first network as its work grows, one thing at a time.</summary>
    public static IEnumerable<NetworkCase> Growing =>
    [
        .. new[] { 1, 2, 4, 8, 16, 32, 64 }.Select(batch => Lucidrains with { Batch = batch }),
        .. Scaled,
    ];

    private static IEnumerable<NetworkCase> Every => [.. All, .. Scaled, .. OnGpu, SmallAdm];

    /// <summary>Images drawn at once.</summary>
    public int DrawnImages { get; init; } = 16;

    /// <summary>What the other network is called in a table.</summary>
    public string PeerName { get; private init; } = "by hand";

    /// <summary>The other network's file, where ONNX Runtime computes it.</summary>
    public string? OnnxFile { get; private init; }

    /// <summary>DDIM's steps.</summary>
    public int DrawnSteps { get; init; } = 25;

    /// <summary>The same with as few steps of drawing as show what it draws.</summary>
    public NetworkCase Sketched => this with { DrawnImages = 2, DrawnSteps = 4 };

    /// <summary>The same with so little work that it only shows that it runs.</summary>
    public NetworkCase Smallest => Sketched with { Batch = 1 };

    /// <summary>The same with ONNX Runtime in the place of the network that is written by hand.</summary>
    /// <param name="file">The network with the generated one's weights, as <see cref="OnnxModule"/> takes it.</param>
    /// <param name="threads">Threads of ONNX Runtime.</param>
    public NetworkCase AgainstOnnx(string file, int threads) =>
        this with { PeerName = $"ONNX Runtime {OnnxModule.Version}", OnnxFile = file, Peer = () => new OnnxModule(file, threads) };

    public static NetworkCase Named(string name) => Every.FirstOrDefault(network => network.Name == name)
        ?? throw new UNetGenException(
            $"There is no network '{name}'. There are {string.Join(", ", Every.Select(network => network.Name))}.");

    /// <summary>One of the two networks, on the CPU, its initial weights drawn from a fixed seed.</summary>
    public nn.Module<Tensor, Tensor, Tensor> Make(Side side)
    {
        manual_seed(0).Dispose();
        return side == Side.Generated ? Generated() : Peer();
    }

    /// <summary>A side at work on its device.</summary>
    public Workload Employ(Side side, Device device) => side == Side.Generated ? EmployGenerated(device) : EmployPeer(device);

    /// <summary>The generated network at work.</summary>
    public GeneratedWorkload EmployGenerated(Device device) => new((NoisePredictor)Make(Side.Generated), this, device);

    /// <summary>The hand-written network at work.</summary>
    public PeerWorkload EmployPeer(Device device) => new(Make(Side.Peer), this, device);

    /// <summary>A batch of noise for images: images, timesteps and noise, on the CPU as a loader gives them.</summary>
    /// <param name="seed">What they are drawn from.</param>
    /// <param name="images">[batch, channels, height, width]; null: drawn as well.</param>
    public NoisedBatch Draw(long seed, Tensor? images = null)
    {
        using var random = new torch.Generator((ulong)seed, CPU);
        long[] shape = [Batch, Channels, Size, Size];
        return new(
            (images?.clone() ?? rand(shape, float32, CPU, generator: random).mul_(2).sub_(1)).DetachFromDisposeScope(),
            randint(0, PeerWorkload.Timesteps, [Batch], int64, CPU, generator: random).DetachFromDisposeScope(),
            randn(shape, float32, CPU, generator: random).DetachFromDisposeScope());
    }

    private static NetworkCase Wide(int dim, long flops, Func<NoisePredictor> generated) => Lucidrains with
    {
        Name = $"lucidrains-dim-{dim}",
        Width = $"dim {dim} [1, 2, 4]",
        ForwardFlops = flops,
        Generated = generated,
        Peer = () => new LucidrainsPeer(dim, [1, 2, 4], 3),
    };
}

/// <summary>What a training step is given.</summary>
/// <param name="Images">[batch, channels, height, width], in [-1, 1].</param>
/// <param name="Timesteps">[batch], int64.</param>
/// <param name="Noise">Shaped like the images.</param>
internal sealed record NoisedBatch(Tensor Images, Tensor Timesteps, Tensor Noise) : IDisposable
{
    public void Dispose()
    {
        Images.Dispose();
        Timesteps.Dispose();
        Noise.Dispose();
    }
}
