using System.Text.Json.Nodes;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a checkpoint is to hold.</summary>
public sealed record CheckpointContent
{
    /// <summary>Whose class and spec it names.</summary>
    public required NoisePredictor Network { get; init; }

    /// <summary>Steps trained.</summary>
    public required int Step { get; init; }

    /// <summary>The smoothed loss, by which the best checkpoint is found; NaN where there is none yet.</summary>
    public required double Loss { get; init; }

    /// <summary>How it is trained.</summary>
    public required TrainingOptions Training { get; init; }

    /// <summary>What else the training needs to go on, besides tensors.</summary>
    public required JsonObject State { get; init; }

    /// <summary>
    /// File names without their extension, and the tensors of each by their keys: <c>weights</c>, and usually <c>ema</c> and
    /// <c>optimizer</c>. They are read while the checkpoint is written, and stay the caller's.
    /// </summary>
    public required IReadOnlyDictionary<string, IReadOnlyDictionary<string, Tensor>> Tensors { get; init; }

    /// <summary>
    /// The file and key of a tensor with values that are no finite numbers; null where all are finite. Waits once for the device where they
    /// are.
    /// </summary>
    internal string? NotFinite
    {
        get
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            if (stack(Tensors.Values.SelectMany(file => file.Values).Select(IsFinite)).all().item<bool>())
                return null;
            return Tensors.SelectMany(file => file.Value.Select(tensor => (Name: $"{file.Key} {tensor.Key}", tensor.Value))).First(
                tensor => !IsFinite(tensor.Value).item<bool>()).Name;

            static Tensor IsFinite(Tensor tensor) => tensor.isfinite().all();
        }
    }

    /// <summary>Bytes of all tensors.</summary>
    internal long ByteCount => Tensors.Values.SelectMany(file => file.Values).Sum(
        tensor => tensor.numel() * SafetensorsHeader.SizeOf(tensor.dtype));
}
