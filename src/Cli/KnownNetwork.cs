using UNetGen.Native;
using UNetGen.Networks;

namespace UNetGen.Cli;

/// <summary>A network that commands can make, wherever its class is from.</summary>
internal sealed class KnownNetwork(NetworkInfo info, Func<NoisePredictor> create)
{
    /// <summary>What it is, without making it.</summary>
    public NetworkInfo Info => info;

    /// <summary>A fresh one, on the CPU.</summary>
    /// <exception cref="LibtorchException">There is no libtorch, or it can't be loaded.</exception>
    public NoisePredictor Create()
    {
        // Before TorchSharp's own attempt, whose message is another.
        Libtorch.Load();
        return create();
    }
}
