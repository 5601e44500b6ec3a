using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>Moving a module to a device, or converting it to a type, frees its weights and puts others in their place.</summary>
internal static class ReplacedWeights
{
    /// <param name="weights">What was taken from a network when <paramref name="owner"/> was made.</param>
    /// <param name="owner">The class of what works on them.</param>
    /// <exception cref="InvalidOperationException">Some were freed.</exception>
    public static void RequireNone(IEnumerable<Tensor> weights, string owner)
    {
        if (weights.Any(weight => weight.IsInvalid))
            throw new InvalidOperationException(
                $"The network was moved or converted (`to`, `cuda`), or disposed of, after its {owner} was made, and the weights that it "
                    + $"had then are gone: move or convert a network first, and make its {owner} after that.");
    }
}
