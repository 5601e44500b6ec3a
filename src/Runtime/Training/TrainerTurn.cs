using System.Runtime.CompilerServices;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>Whose turn it is with a network, and what has to hold of it then.</summary>
public sealed partial class Trainer
{
    private static readonly Lock Turns = new();

    // The trainer that works on a network now, and what it does.
    private static readonly ConditionalWeakTable<nn.Module, Turn> Taken = [];

    /// <exception cref="InvalidOperationException">
    /// It is another's turn, or the network doesn't hold the weights that are trained.
    /// </exception>
    private void TakeTurn(string call, string done)
    {
        lock (Turns)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (Taken.TryGetValue(network, out var other))
                throw new InvalidOperationException(
                    $"{call} is called while {network.Info.Name} is being {other.Done} now: wait until that call has returned, or take "
                        + "another network of its class.");
            RequireOwnWeights(call);
            Taken.Add(network, new(this, done));
        }
    }

    private void EndTurn()
    {
        lock (Turns)
        {
            Taken.Remove(network);
            if (isDisposed)
                Free();
        }
    }

    /// <summary>
    /// Frees the averages and the optimiser's state. While it trains it ends the training after the step, with an
    /// <see cref="ObjectDisposedException"/>, and what the step works on is freed then.
    /// </summary>
    public void Dispose()
    {
        lock (Turns)
        {
            isDisposed = true;
            if (!Taken.TryGetValue(network, out var turn) || turn.Trainer != this)
                Free();
        }
    }

    private void Free()
    {
        optimizer.Dispose();
        nullContext?.Dispose();
        averages.ForEach(average => average.Dispose());
    }

    /// <summary>Looks, before they change or are saved, whether the weights in the network are those that are trained.</summary>
    /// <param name="call">What asks for it.</param>
    private void RequireOwnWeights(string call)
    {
        ObjectDisposedException.ThrowIf(isDisposed, this);
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        BorrowedWeights.RequireNone(network, $"call {call}");
        ReplacedWeights.RequireNone(optimizer.Parameters, nameof(Trainer));
        averages.ForEach(average => average.RequireWhole());
    }

    private sealed record Turn(Trainer Trainer, string Done);
}
