using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Compiler;

/// <summary>A checkpoint with a live network of its own spec, which has its weights.</summary>
public sealed class OpenedCheckpoint : IDisposable
{
    private readonly CompiledNetwork compiled;

    internal OpenedCheckpoint(Checkpoint checkpoint, CompiledNetwork compiled, NoisePredictor network, IReadOnlyList<string> doubts) =>
        (Checkpoint, this.compiled, Network, Doubts) = (checkpoint, compiled, network, doubts);

    /// <summary>What lies on the disk: how it was trained, the classes' names, other weights.</summary>
    public Checkpoint Checkpoint { get; }

    /// <summary>The network, with the averaged weights where there are any, else the trained ones. It is disposed with this.</summary>
    public NoisePredictor Network { get; }

    /// <summary>What speaks against drawing with it, a sentence each.</summary>
    public IReadOnlyList<string> Doubts { get; }

    /// <summary>Disposes the network and gives its class up.</summary>
    public void Dispose()
    {
        Network.Dispose();
        compiled.Dispose();
    }
}
