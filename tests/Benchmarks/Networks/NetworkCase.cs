using TorchSharp;
using UNetGen.Benchmarks.Peer;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>One network of the bench, made twice: generated from its spec, and written by hand.</summary>
/// <param name="Name">As the command line calls it.</param>
/// <param name="Batch">Images in a training step and in a forward pass.</param>
/// <param name="Channels">Of the images.</param>
/// <param name="Size">Height and width of the images, pixels.</param>
/// <param name="ForwardFlops">Of one image, as the plan counts them.</param>
/// <param name="Generated">Makes the generated network, on the CPU.</param>
/// <param name="Peer">Makes the hand-written one, on the CPU.</param>
internal sealed record NetworkCase(
    string Name, int Batch, int Channels, int Size, long ForwardFlops, Func<NoisePredictor> Generated, Func<nn.Module<Tensor, Tensor, Tensor>> Peer)
{
    public static IReadOnlyList<NetworkCase> All { get; } =
    [
        new("lucidrains", 8, LucidrainsNetwork.Channels, LucidrainsNetwork.ImageHeight, LucidrainsNetwork.ForwardFlops, () => new LucidrainsNetwork(), () => new LucidrainsPeer(32, [1, 2, 4], 3)),
        new("annotated", 16, AnnotatedNetwork.Channels, AnnotatedNetwork.ImageHeight, AnnotatedNetwork.ForwardFlops, () => new AnnotatedNetwork(), () => new AnnotatedPeer(64, [1, 2, 4], 3)),
        new("ddpm", 8, DdpmNetwork.Channels, DdpmNetwork.ImageHeight, DdpmNetwork.ForwardFlops, () => new DdpmNetwork(), () => new DdpmPeer(64, [1, 2, 2], [false, true, false], 3)),
    ];

    /// <summary>One of the two networks, on the CPU, its initial weights drawn from a fixed seed.</summary>
    public nn.Module<Tensor, Tensor, Tensor> Make(Side side)
    {
        manual_seed(0).Dispose();
        return side == Side.Generated ? Generated() : Peer();
    }

    /// <summary>A network with what trains it and draws with it, moved to its device.</summary>
    public Contender Enter(nn.Module<Tensor, Tensor, Tensor> network, Device device) => network is NoisePredictor generated
        ? new GeneratedContender(generated, device)
        : new PeerContender(network, [Channels, Size, Size], device);

    /// <summary>A batch of this case's size: images, timesteps and noise, on the CPU as a loader gives them.</summary>
    /// <param name="seed">What they are drawn from.</param>
    public NoisedBatch Draw(long seed)
    {
        using var random = new torch.Generator((ulong)seed, CPU);
        long[] shape = [Batch, Channels, Size, Size];
        return new(
            rand(shape, float32, CPU, generator: random).mul_(2).sub_(1).DetachFromDisposeScope(),
            randint(0, PeerContender.Timesteps, [Batch], int64, CPU, generator: random).DetachFromDisposeScope(),
            randn(shape, float32, CPU, generator: random).DetachFromDisposeScope());
    }
}

/// <summary>Who is measured.</summary>
internal enum Side
{
    Peer,
    Generated,
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
