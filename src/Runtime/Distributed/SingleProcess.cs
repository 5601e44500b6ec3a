using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>One process on its own: what it has is the sum, and nobody waits.</summary>
public sealed class SingleProcess : ICollective
{
    /// <inheritdoc/>
    public int Rank => 0;

    /// <inheritdoc/>
    public int Size => 1;

    /// <inheritdoc/>
    public int LocalRank => 0;

    /// <inheritdoc/>
    public string Description => "one process";

    /// <inheritdoc/>
    public void AllReduce(Tensor tensor) => SharedTensor.RequireSummable(tensor);

    /// <inheritdoc/>
    public void Broadcast(Tensor tensor, int root)
    {
        ArgumentOutOfRangeException.ThrowIfNotEqual(root, 0);
        SharedTensor.RequireMovable(tensor);
    }

    /// <inheritdoc/>
    public void Barrier()
    {
    }

    /// <inheritdoc/>
    public void Abort(int exitCode) => Environment.Exit(exitCode);

    /// <inheritdoc/>
    public void Dispose()
    {
    }
}
