using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Backends.Memory;

/// <summary>What is made of a weight before it is computed with.</summary>
internal enum WeightForm
{
    /// <summary>The same in bfloat16.</summary>
    BFloat16,

    /// <summary>The same in float16.</summary>
    Float16,

    /// <summary>Filters of mean 0 and variance 1.</summary>
    Standardized,
}

/// <summary>
/// What a network's weights become before they are computed with, made once for many passes on this thread, in which they don't change:
/// otherwise each pass makes it anew, and where there is one small image that is much of the pass.
/// </summary>
internal sealed class KeptWeights : IDisposable
{
    [ThreadStatic]
    private static KeptWeights? current;

    private readonly KeptWeights? before;
    private readonly Dictionary<WeightForm, Dictionary<Tensor, Tensor>> made = Enum.GetValues<WeightForm>().ToDictionary(
        form => form, _ => new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance));

    private KeptWeights() => (before, current) = (current, this);

    /// <summary>
    /// Makes each form of a weight when it is first asked for, and keeps it until the result is disposed. No weight may change until then.
    /// </summary>
    public static IDisposable Keep() => new KeptWeights();

    /// <summary>A form of a weight, the keeper's; null where nobody keeps them, or gradients are asked for.</summary>
    /// <param name="weight">A network's parameter; null for any other tensor.</param>
    /// <param name="form">Which.</param>
    /// <param name="make">Makes it.</param>
    public static Tensor? Of(Tensor weight, WeightForm form, Func<Tensor, Tensor> make)
    {
        if (current is null || weight is not Parameter || is_grad_enabled())
            return null;
        if (!current.made[form].TryGetValue(weight, out var kept))
            current.made[form].Add(weight, kept = make(weight).DetachFromDisposeScope());
        return kept;
    }

    /// <summary>Frees them.</summary>
    public void Dispose()
    {
        foreach (var kept in made.Values.SelectMany(of => of.Values))
            kept.Dispose();
        current = before;
    }
}
