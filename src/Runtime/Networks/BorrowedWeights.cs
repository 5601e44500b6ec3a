using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>Networks that hold other weights in the place of their own for a while, which come back: averaged ones.</summary>
internal static class BorrowedWeights
{
    /// <summary>What speaks against drawing with what each of them holds.</summary>
    private static readonly ConditionalWeakTable<nn.Module, IReadOnlyList<string>> Lent = [];

    /// <summary>Whether a network holds others' weights now.</summary>
    public static bool Has(nn.Module network) => Lent.TryGetValue(network, out _);

    /// <summary>What speaks against drawing with the others' weights that a network holds now, a sentence each.</summary>
    public static IReadOnlyList<string> DoubtsOf(nn.Module network) => Lent.TryGetValue(network, out var doubts) ? doubts : [];

    /// <summary>Notes that a network holds others' from now on; false: it holds some already.</summary>
    public static bool TryBegin(nn.Module network, IReadOnlyList<string> doubts) => Lent.TryAdd(network, doubts);

    /// <summary>It has its own again.</summary>
    public static void End(nn.Module network) => Lent.Remove(network);

    /// <exception cref="InvalidOperationException">A network holds others' weights, so that what is loaded into it now would be lost.</exception>
    /// <param name="network">Any.</param>
    /// <param name="wanted">What is to be done when they are gone.</param>
    public static void RequireNone(nn.Module network, string wanted)
    {
        if (Has(network))
            throw new InvalidOperationException(
                "The averaged weights are in the network now, and what was there before comes back when they go: end that, then "
                    + $"{wanted}.");
    }
}
