using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a checkpoint is to hold.</summary>
public sealed partial record CheckpointContent
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
    /// The file and key of a tensor with values that are no finite numbers; null where all are finite. Waits once for each device where
    /// they are.
    /// </summary>
    internal string? NotFinite
    {
        get
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            // Of a training on a GPU some lie on the CPU: what is known of files, a null context.
            var ofDevices = Tensors.Values.SelectMany(file => file.Values).GroupBy(tensor => (tensor.device_type, tensor.device_index));
            if (ofDevices.All(tensors => stack(tensors.Select(IsFinite)).all().item<bool>()))
                return null;
            return Tensors.SelectMany(file => file.Value.Select(tensor => (Name: $"{file.Key} {tensor.Key}", tensor.Value))).First(
                tensor => !IsFinite(tensor.Value).item<bool>()).Name;

            static Tensor IsFinite(Tensor tensor) => tensor.isfinite().all();
        }
    }

    /// <exception cref="ArgumentException">A checkpoint of it couldn't be written or read.</exception>
    /// <exception cref="UNetGenException">A number is NaN or infinite.</exception>
    internal static void Require(CheckpointContent content)
    {
        ArgumentNullException.ThrowIfNull(content);
        (string Name, object? Value)[] members =
        [
            (nameof(Network), content.Network), (nameof(Training), content.Training), (nameof(State), content.State),
            (nameof(Tensors), content.Tensors),
        ];
        RequireAll(members);
        RequireAll(content.Tensors.Select(file => ($"{nameof(Tensors)}[\"{file.Key}\"]", (object?)file.Value)));
        if (content.Step is < 0 or > CheckpointText.MostSteps)
            throw new ArgumentException(
                FormattableString.Invariant($"The step is {content.Step}: a checkpoint has one from 0 to {CheckpointText.MostSteps:N0}."),
                nameof(content));
        if (!CheckpointText.IsLoss(content.Loss) && !double.IsNaN(content.Loss))
            throw new ArgumentException(
                FormattableString.Invariant($"The loss is {content.Loss}: a checkpoint has one from 0 to 3.4e38, or NaN."),
                nameof(content));
        if (!content.Tensors.ContainsKey("weights"))
            throw new ArgumentException("A checkpoint holds 'weights' at least.", nameof(content));
        if (content.Tensors.Keys.FirstOrDefault(stem => !CheckpointSums.Name().IsMatch(stem)) is { } wrong)
            throw new ArgumentException(
                $"'{wrong}' can't be the name of a checkpoint's file: letters, digits, '.', '_' and '-' only, a letter or digit first.",
                nameof(content));
        if (content.Tensors.Keys.FirstOrDefault(stem => WindowsDevice().IsMatch(stem)) is { } device)
            throw new ArgumentException(
                $"'{device}' can't be the name of a checkpoint's file: on Windows it is a device's. Name it otherwise.", nameof(content));
        if (content.Tensors.Keys.GroupBy(stem => stem, StringComparer.OrdinalIgnoreCase).FirstOrDefault(same => same.Count() > 1)
            is { } alike)
            throw new ArgumentException(
                $"{string.Join(" and ", alike.Select(stem => $"'{stem}'"))} can't be the names of two files of a checkpoint: Windows and macOS "
                    + "make one of them. Let them differ by more than case.",
                nameof(content));
        foreach (var (stem, tensors) in content.Tensors)
        {
            StateDict.RequireCopyable(tensors, nameof(content));
            StateDict.RequireFinite($"'{stem}' of the checkpoint of step {content.Step}", tensors);
        }

        static void RequireAll(IEnumerable<(string Name, object? Value)> members)
        {
            if (members.FirstOrDefault(member => member.Value is null).Name is { } missing)
                throw new ArgumentException($"`{missing}` of a checkpoint's content is null.", nameof(content));
        }
    }

    // Whatever follows the first dot.
    [GeneratedRegex(@"\A(con|prn|aux|nul|com[0-9]|lpt[0-9])(\.|\z)", RegexOptions.IgnoreCase)]
    private static partial Regex WindowsDevice();

    /// <summary>Bytes of all tensors.</summary>
    internal long ByteCount => Tensors.Values.SelectMany(file => file.Values).Sum(
        tensor => tensor.numel() * SafetensorsHeader.SizeOf(tensor.dtype));
}
