using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// Who uses a network now: any number of drawings, in evaluation mode, or one who changes its weights or mode, as a step of a training
/// does. Drawings wait for that one, and it for the drawings.
/// </summary>
internal sealed class NetworkUse
{
    private static readonly ConditionalWeakTable<nn.Module, NetworkUse> All = [];

    // A drawing's observer may draw.
    private readonly ReaderWriterLockSlim gate = new(LockRecursionPolicy.SupportsRecursion);
    private readonly Lock mode = new();
    private int drawings;
    private bool wasTraining;
    private volatile bool isTrained;

    /// <summary>Draws with a network in evaluation mode, and on a GPU with its filters as that takes them.</summary>
    /// <param name="network">Back in its mode when the last drawing ends.</param>
    /// <param name="draw">Draws.</param>
    public static T Drawing<T>(NoisePredictor network, Func<T> draw)
    {
        var use = All.GetOrCreateValue(network);
        return Reading(network, () =>
        {
            use.Begin(network);
            try
            {
                return draw();
            }
            finally
            {
                use.End(network);
            }
        });
    }

    /// <summary>Reads a network's weights, all of one step.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="read">Reads them.</param>
    public static T Reading<T>(nn.Module network, Func<T> read)
    {
        var use = All.GetOrCreateValue(network);
        use.gate.EnterReadLock();
        try
        {
            return read();
        }
        finally
        {
            use.gate.ExitReadLock();
        }
    }

    /// <summary>Does what no drawing may see half done.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="change">Does it.</param>
    /// <exception cref="InvalidOperationException">This thread draws with the network now.</exception>
    public static T Alone<T>(nn.Module network, Func<T> change)
    {
        var use = All.GetOrCreateValue(network);
        if (use.gate.IsReadLockHeld)
            throw new InvalidOperationException(
                $"{network.GetName()} is being drawn with: what is called while a drawing is observed can't train it or change its "
                    + "weights. Wait until the drawing has ended.");
        use.gate.EnterWriteLock();
        try
        {
            return change();
        }
        finally
        {
            use.gate.ExitWriteLock();
        }
    }

    /// <summary>Notes that a training has begun.</summary>
    public static void BeginTraining(nn.Module network) => All.GetOrCreateValue(network).isTrained = true;

    /// <summary>Notes that it has ended.</summary>
    public static void EndTraining(nn.Module network) => All.GetOrCreateValue(network).isTrained = false;

    /// <summary>Weights that come in the midst of a training would meet the averages and the optimiser's state of others.</summary>
    /// <exception cref="InvalidOperationException">The network is being trained.</exception>
    public static void RequireNotTrained(nn.Module network)
    {
        if (All.TryGetValue(network, out var use) && use.isTrained)
            throw new InvalidOperationException(
                $"{network.GetName()} is being trained, and what is loaded into it now would be trained on with the averages and the "
                    + "optimiser's state of other weights: load when the call of Train has returned, or before it begins.");
    }

    private void Begin(NoisePredictor network)
    {
        lock (mode)
        {
            if (drawings++ > 0)
                return;
            WeightLayout.ForDevice(network);
            wasTraining = network.training;
            network.eval();
        }
    }

    private void End(NoisePredictor network)
    {
        lock (mode)
        {
            if (--drawings == 0)
                network.train(wasTraining);
        }
    }
}
