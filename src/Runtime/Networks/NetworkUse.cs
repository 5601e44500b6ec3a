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
    private readonly NetworkGate gate = new();
    private readonly Lock mode = new();
    private int drawings;
    private bool wasTraining;
    private volatile bool isTrained;

    /// <summary>Draws with a network in evaluation mode, and on a GPU with its filters as that takes them.</summary>
    /// <param name="network">Back in its mode when the last drawing ends.</param>
    /// <param name="draw">Draws.</param>
    /// <param name="cancellation">Ends the waiting for others.</param>
    public static T Drawing<T>(NoisePredictor network, Func<T> draw, CancellationToken cancellation)
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
        }, cancellation);
    }

    /// <summary>Reads a network's weights, all of one step.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="read">Reads them.</param>
    /// <param name="cancellation">Ends the waiting for others.</param>
    public static T Reading<T>(nn.Module network, Func<T> read, CancellationToken cancellation = default)
    {
        using var turn = All.GetOrCreateValue(network).gate.Read(cancellation);
        // Meanwhile, perhaps.
        ObjectDisposedException.ThrowIf(network is NoisePredictor { IsDisposed: true }, network);
        return read();
    }

    /// <summary>Does what no drawing may see half done.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="change">Does it.</param>
    /// <exception cref="InvalidOperationException">The caller draws with the network now.</exception>
    public static T Alone<T>(nn.Module network, Func<T> change)
    {
        using var turn = Alone(network);
        return change();
    }

    /// <summary>Waits until nobody draws with a network, and keeps others from it until what is returned is disposed.</summary>
    /// <param name="network">In its own mode.</param>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <exception cref="InvalidOperationException">The caller draws with the network now.</exception>
    public static IDisposable Alone(nn.Module network, CancellationToken cancellation = default)
    {
        var gate = All.GetOrCreateValue(network).gate;
        return !gate.IsReadHere
            ? gate.Write(cancellation)
            : throw new InvalidOperationException(
                $"{network.GetName()} is being drawn with: what is called while a drawing is observed can't train it, change its weights "
                    + "or free them. Wait until the drawing has ended.");
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
