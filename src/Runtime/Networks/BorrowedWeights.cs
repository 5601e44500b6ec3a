using System.Runtime.CompilerServices;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>Networks that hold other weights in the place of their own for a while, which come back: averaged ones.</summary>
internal static class BorrowedWeights
{
    private static readonly ConditionalWeakTable<nn.Module, object> Lenders = [];

    /// <summary>Whether a network holds others' weights now.</summary>
    public static bool Has(nn.Module network) => Lenders.TryGetValue(network, out _);

    /// <summary>Notes whose a network holds from now on; false: it holds some already.</summary>
    public static bool TryBegin(nn.Module network, object lender) => Lenders.TryAdd(network, lender);

    /// <summary>It has its own again.</summary>
    public static void End(nn.Module network) => Lenders.Remove(network);

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
