using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// A network's weights in bfloat16, made once for many passes on this thread, in which they don't change: otherwise each pass rounds each
/// weight anew, and launches a kernel for it on a GPU.
/// </summary>
internal sealed class RoundedWeights : IDisposable
{
    [ThreadStatic]
    private static RoundedWeights? current;

    private readonly RoundedWeights? before;
    private readonly Dictionary<Tensor, Tensor> rounded = new(ReferenceEqualityComparer.Instance);

    private RoundedWeights() => (before, current) = (current, this);

    /// <summary>
    /// Rounds each weight when it is first asked for, and keeps it until the result is disposed. No weight may change until then.
    /// </summary>
    /// <param name="precision">Of the network: nothing is kept in float32.</param>
    public static IDisposable? Keep(Precision precision) => precision == Precision.BFloat16 ? new RoundedWeights() : null;

    /// <summary>A weight in bfloat16, the keeper's; null where nobody keeps them, or gradients are asked for.</summary>
    /// <param name="weight">A network's parameter; null for any other tensor.</param>
    public static Tensor? Of(Tensor weight)
    {
        if (current is null || weight is not Parameter || is_grad_enabled())
            return null;
        if (!current.rounded.TryGetValue(weight, out var copy))
            current.rounded.Add(weight, copy = weight.to(ScalarType.BFloat16).DetachFromDisposeScope());
        return copy;
    }

    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (var copy in rounded.Values)
            copy.Dispose();
        current = before;
    }
}
