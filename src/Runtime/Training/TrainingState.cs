using System.Text.Json.Serialization;
using UNetGen.Backends;
using UNetGen.Data;

namespace UNetGen.Training;

/// <summary>
/// What a training knows beside its tensors and its step, to go on exactly. No generator's state is among it: what a step draws follows
/// from (seed, step).
/// </summary>
public sealed record TrainingState
{
    /// <summary>What it is trained on; null in checkpoints of earlier versions.</summary>
    public DataIdentity? Data { get; init; }

    /// <summary>Processes that trained together, each with a batch of its own.</summary>
    public int Ranks { get; init; } = 1;

    /// <summary>
    /// Images trained on, over all steps and ranks: the place in the row of all epochs where the next batch begins. Null in checkpoints of
    /// earlier versions.
    /// </summary>
    public long? Images { get; init; }

    /// <summary>Time trained.</summary>
    public double ElapsedSeconds { get; init; }

    /// <summary>Steps that were skipped because loss or gradient was no finite number, or exploded.</summary>
    public int Skipped { get; init; }

    /// <summary>How many of them were the last steps.</summary>
    public int ConsecutivelySkipped { get; init; }

    /// <summary>
    /// In which form the network computed, on which the last bits of all numbers hang; null in checkpoints of earlier versions. No spec in
    /// a checkpoint says it.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public KernelForm? Kernels { get; init; }

    /// <summary>
    /// Whether no step so far has changed the weights by anything to speak of. False in checkpoints of earlier versions, which don't say.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool Unmoved { get; init; }

    /// <summary>
    /// Whether a class that stands for none was learnt before this training, which drops no labels, by the one of whose weights it began.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingDefault)]
    public bool NoneLearnt { get; init; }

    /// <summary>
    /// How much of each average is still the weights that the training began with, in the order of <see cref="TrainingOptions.Ema"/>; null
    /// in checkpoints of earlier versions.
    /// </summary>
    public IReadOnlyList<double>? FirstShares { get; init; }

    /// <summary>
    /// How much of each average is still the weights that it began from, the first ones or the last that were copied, in the same order;
    /// null in checkpoints of earlier versions.
    /// </summary>
    public IReadOnlyList<double>? StartShares { get; init; }

    /// <summary>
    /// The first accepted step's loss over the mean weight of its timesteps in it; null where there was none, or where that says nothing.
    /// </summary>
    public double? FirstError { get; init; }

    /// <summary>
    /// What the loss was multiplied by before the backward pass; null where nothing is, in other numbers than float16.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public double? LossScale { get; init; }

    /// <summary>Steps since that changed last, without an overflow; null likewise.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public int? LossScaleSteps { get; init; }

    /// <summary>The losses of the last steps that weren't skipped, at most 100, the latest last.</summary>
    public IReadOnlyList<double> Losses { get; init; } = [];

    /// <summary>The gradient norms of the same steps.</summary>
    public IReadOnlyList<double> GradientNorms { get; init; } = [];
}
