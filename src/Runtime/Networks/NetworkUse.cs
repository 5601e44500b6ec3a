using System.Runtime.CompilerServices;

namespace UNetGen.Networks;

/// <summary>
/// Who uses a network now: any number of drawings, in evaluation mode, or one step of a training. A drawing waits for the step that is
/// computed, and a step for the drawings, so that neither sees the other's mode or weights that change.
/// </summary>
internal sealed class NetworkUse
{
    private static readonly ConditionalWeakTable<NoisePredictor, NetworkUse> All = [];

    // A drawing's observer may draw.
    private readonly ReaderWriterLockSlim gate = new(LockRecursionPolicy.SupportsRecursion);
    private readonly Lock mode = new();
    private int drawings;
    private bool wasTraining;

    /// <summary>Draws with a network in evaluation mode, and on a GPU with its filters as that takes them.</summary>
    /// <param name="network">Back in its mode when the last drawing ends.</param>
    /// <param name="draw">Draws.</param>
    public static T Drawing<T>(NoisePredictor network, Func<T> draw)
    {
        var use = All.GetOrCreateValue(network);
        use.gate.EnterReadLock();
        try
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
        }
        finally
        {
            use.gate.ExitReadLock();
        }
    }

    /// <summary>Computes a step of a training.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="step">Computes it.</param>
    /// <exception cref="InvalidOperationException">This thread draws with the network now.</exception>
    public static T Step<T>(NoisePredictor network, Func<T> step)
    {
        var use = All.GetOrCreateValue(network);
        if (use.gate.IsReadLockHeld)
            throw new InvalidOperationException(
                $"{network.Info.Name} is being drawn with: train it when the drawing has ended, and not while one is observed.");
        use.gate.EnterWriteLock();
        try
        {
            return step();
        }
        finally
        {
            use.gate.ExitWriteLock();
        }
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
