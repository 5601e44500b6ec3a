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
    /// <summary>This thread's, the last made at the end; some may be disposed by now.</summary>
    [ThreadStatic]
    private static List<KeptWeights>? keepers;

    private readonly Dictionary<WeightForm, Dictionary<Tensor, Tensor>> made = Enum.GetValues<WeightForm>().ToDictionary(
        form => form, _ => new Dictionary<Tensor, Tensor>(ReferenceEqualityComparer.Instance));

    private volatile bool isDisposed;

    private KeptWeights()
    {
    }

    /// <summary>
    /// Makes each form of a weight when it is first asked for, and keeps it until the result is disposed. No weight may change until then.
    /// </summary>
    public static IDisposable Keep()
    {
        LetGo();
        var keeper = new KeptWeights();
        (keepers ??= []).Add(keeper);
        return keeper;
    }

    /// <summary>A form of a weight, the keeper's; null where nobody keeps them, or gradients are asked for.</summary>
    /// <param name="weight">A network's parameter; null for any other tensor.</param>
    /// <param name="form">Which.</param>
    /// <param name="make">Makes it.</param>
    public static Tensor? Of(Tensor weight, WeightForm form, Func<Tensor, Tensor> make)
    {
        if (weight is not Parameter || is_grad_enabled())
            return null;
        LetGo();
        if (keepers is not [.., var keeper])
            return null;
        if (!keeper.made[form].TryGetValue(weight, out var kept))
            keeper.made[form].Add(weight, kept = make(weight).DetachFromDisposeScope());
        return kept;
    }

    /// <summary>
    /// Ends it, in any order and on any thread. Its thread frees what it kept, at once or when it next looks: on another thread, where an
    /// await may lead, nobody knows whether its own is computing with that just now.
    /// </summary>
    public void Dispose()
    {
        isDisposed = true;
        LetGo();
    }

    /// <summary>Frees what the disposed ones of this thread kept.</summary>
    private static void LetGo() => keepers?.RemoveAll(keeper =>
    {
        if (!keeper.isDisposed)
            return false;
        foreach (var kept in keeper.made.Values.SelectMany(of => of.Values))
            kept.Dispose();
        return true;
    });
}
