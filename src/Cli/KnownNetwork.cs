using UNetGen.Networks;

namespace UNetGen.Cli;

/// <summary>A network that commands can make, wherever its class is from.</summary>
internal sealed class KnownNetwork(NetworkInfo info, Func<NoisePredictor> create)
{
    /// <summary>What it is, without making it.</summary>
    public NetworkInfo Info => info;

    /// <summary>A fresh one, on the CPU.</summary>
    public NoisePredictor Create() => create();
}
