using TorchSharp.Modules;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What has to hold of a network, and of gradients, before it learns.</summary>
internal static class NetworkCheck
{
    /// <exception cref="InvalidOperationException">Gradients are off for good, for all that is made here.</exception>
    public static void RequireGradients()
    {
        if (is_inference_mode_enabled())
            throw new InvalidOperationException(
                "A training needs gradients, and torch.inference_mode() has none: train outside of it, and make there what is trained.");
    }

    /// <exception cref="ArgumentException">There is nothing to train, or it is of a kind that never has a gradient.</exception>
    /// <exception cref="InvalidOperationException">Gradients are off for good.</exception>
    public static void Gradients(NoisePredictor network)
    {
        RequireGradients();
        var smallest = network.parameters().Where(parameter => parameter.requires_grad).MinBy(parameter => parameter.numel())
            ?? throw new ArgumentException(
                $"{network.Info.Name} has no parameters to train: all are frozen (requires_grad is false), or it is disposed, or, written by "
                    + "hand, doesn't register its modules itself.",
                nameof(network));
        using var gradients = enable_grad();
        using var result = smallest.neg();
        // There is no asking a tensor whether it was made in inference mode, but what is computed with it has no gradient.
        if (!result.requires_grad)
            throw new ArgumentException(
                $"{network.Info.Name} was made within torch.inference_mode(), so that its weights never have a gradient: make it outside.",
                nameof(network));
    }

    /// <exception cref="ArgumentException">
    /// Weights are of another type than float32, in which they are trained, or have no numbers, as on the device meta.
    /// </exception>
    public static void Type(NoisePredictor network)
    {
        StateDict.RequireCopyable(network.state_dict(), nameof(network));
        var (key, other) = network.named_parameters().FirstOrDefault(pair => pair.parameter.dtype != ScalarType.Float32);
        if (other is not null)
            throw new ArgumentException(
                $"{network.Info.Name} has weights of {other.dtype}, as {key}, and a Trainer keeps them in float32: make the network without "
                    + $"a `dtype`, or call `to(ScalarType.Float32)` before. To compute in bfloat16, set `{nameof(TrainingOptions.Precision)}`.",
                nameof(network));
    }

    /// <summary>Refuses to add small numbers to weights of 16 bits: most would be rounded away, and nobody would see it.</summary>
    /// <param name="weights">What is added to, by its names.</param>
    /// <param name="parameter">The caller's, for the exception.</param>
    /// <exception cref="ArgumentException">One is in bfloat16 or float16.</exception>
    public static void RequirePrecise(IEnumerable<(string Key, Tensor Weight)> weights, string parameter)
    {
        foreach (var (key, weight) in weights)
        {
            if (weight.dtype is ScalarType.BFloat16 or ScalarType.Float16)
                throw new ArgumentException(
                    $"{key} is in {weight.dtype}, where what a step adds to a weight or its average is mostly rounded away. Keep the "
                        + $"weights in float32, by `to(ScalarType.Float32)` before; to compute in 16 bits, set `NoisePredictor.Precision`.",
                    parameter);
        }
    }

    /// <exception cref="InvalidOperationException">Some weight that has a gradient by now isn't trained.</exception>
    public static void AreTrained(NoisePredictor network, IReadOnlyList<Parameter> trained)
    {
        var known = trained.ToHashSet<Tensor>(ReferenceEqualityComparer.Instance);
        if (network.named_parameters().FirstOrDefault(named => named.parameter.requires_grad && !known.Contains(named.parameter))
            is { parameter: not null } other)
            throw new InvalidOperationException(
                $"{network.Info.Name}'s {other.name} was frozen when its trainer was made and isn't any more (`requires_grad`): a trainer "
                    + "trains the weights that aren't frozen when it is made. Make another one.");
    }
}
