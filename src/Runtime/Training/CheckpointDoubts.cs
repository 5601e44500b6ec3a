using UNetGen.Interop;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>What speaks against drawing with a checkpoint, or with a network that was made for it.</summary>
public sealed partial class Checkpoint
{
    /// <summary>
    /// In what a network's class differs that was made of the same spec, as a sentence: in code of its user's; null: in nothing that is
    /// known.
    /// </summary>
    internal string? DoubtOf(NoisePredictor network)
    {
        var trained = TrainedHooks;
        if (trained.Except(network.Hooks).ToArray() is { Length: > 0 } missing)
            return $"the class that was trained in {Path} has code of its own ({string.Join(", ", missing)}), and the network that is "
                + "made of its spec here hasn't: where that code changes what is computed, use the program that has the class.";
        return network.Hooks.Except(trained).ToArray() is { Length: > 0 } added
            ? $"the class {network.Info.Name} has code of its own here ({string.Join(", ", added)}), and the one that was trained in "
                + $"{Path} had not: where that code changes what is computed, the weights have learnt without it."
            : null;
    }

    /// <summary>What the class that was trained had of <see cref="NoisePredictor.HookNames"/>.</summary>
    internal IReadOnlyList<string> TrainedHooks
    {
        get
        {
            using var file = Tensors(DefaultStem);
            return NetworkMetadata.HooksOf(file);
        }
    }

    /// <summary>As <see cref="Doubts"/>, of one of <see cref="Stems"/>; null is <see cref="DefaultStem"/>.</summary>
    internal IReadOnlyList<string> DoubtsOf(string? which) =>
        whole is null ? written : DoubtsOf(Path, whole, which ?? origin ?? DefaultStem);

    /// <summary>What speaks against drawing with the weights in a file of a checkpoint.</summary>
    /// <param name="path">The checkpoint's.</param>
    /// <param name="info">What it says of itself.</param>
    /// <param name="stem">The file's name there, without its ending.</param>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    internal static IReadOnlyList<string> DoubtsOf(string path, CheckpointInfo info, string stem)
    {
        var state = Trainer.StateOf(path, info);
        return
        [
            .. TrainingDoubts.Of(info.Training, info.Step, state, Trainer.AverageIn(info.Training, stem)),
            .. state.Data?.Classes.Count > 0 && info.Training.LabelDropout == 1
                ? ["the training taught no class but the one that stands for none: it replaced every label by that (`LabelDropout` is 1)."]
                : (string[])[],
            .. info.Training.ContextDropout == 1
                ? ["the training taught no context but the null context: it replaced every one by that (`ContextDropout` is 1)."]
                : (string[])[],
        ];
    }

    /// <summary>As <see cref="NoisePredictor.HasLearntNone"/>, of a network that knows so many classes.</summary>
    internal bool? HasLearntNone(int? classes) => whole is not null && Classes?.Count + 1 == classes
        ? whole.Training.LabelDropout != 0 || Trainer.StateOf(Path, whole).NoneLearnt
        : null;
}
