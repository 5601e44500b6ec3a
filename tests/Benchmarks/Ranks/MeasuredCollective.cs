using System.Diagnostics;
using UNetGen.Distributed;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Ranks;

/// <summary>
/// Passes on what is asked of another, and notes the time within: that of the transport, and of waiting for ranks that come later.
/// </summary>
internal sealed class MeasuredCollective(ICollective inner) : ICollective
{
    public TimeSpan Within { get; set; }

    public int Rank => inner.Rank;

    public int Size => inner.Size;

    public int LocalRank => inner.LocalRank;

    public string Description => inner.Description;

    public void AllReduce(Tensor tensor) => Measure(() => inner.AllReduce(tensor));

    public void Broadcast(Tensor tensor, int root) => Measure(() => inner.Broadcast(tensor, root));

    public void Barrier() => Measure(inner.Barrier);

    public void Abort(int exitCode) => inner.Abort(exitCode);

    public void Dispose() => inner.Dispose();

    private void Measure(Action work)
    {
        var start = Stopwatch.GetTimestamp();
        work();
        Within += Stopwatch.GetElapsedTime(start);
    }
}
