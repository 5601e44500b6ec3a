using System.Collections;
using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Data;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a checkpoint holds of a training, and how it goes on from one.</summary>
public sealed partial class Trainer
{
    private const string WeightsFile = "weights";
    private const string EmaFile = "ema";
    private const string OptimizerFile = "optimizer";

    /// <summary>What may be another when a training goes on, without a step being another.</summary>
    private static readonly string[] FreeOptions =
    [
        nameof(TrainingOptions.Steps), nameof(TrainingOptions.TimeLimit), nameof(TrainingOptions.CheckpointEvery), nameof(TrainingOptions.CheckpointInterval),
        nameof(TrainingOptions.MaxConsecutiveSkips), nameof(TrainingOptions.MaxSkips), nameof(TrainingOptions.RefuseNonNegativeImages), nameof(TrainingOptions.Workers),
    ];

    /// <summary>
    /// All that a checkpoint needs to go on from here: the weights, all averages (<c>ema</c> the first, others <c>ema-DECAY</c>), the optimiser's state, and numbers.
    /// The tensors are the live ones: write them before the next step.
    /// </summary>
    public CheckpointContent Capture()
    {
        var tensors = new OrderedDictionary<string, IReadOnlyDictionary<string, Tensor>> { [WeightsFile] = network.state_dict() };
        for (var i = 0; i < averages.Count; i++)
            tensors.Add(EmaFileOf(i), averages[i].StateDict);
        tensors.Add(OptimizerFile, optimizer.StateDict);
        return new()
        {
            Network = network,
            Step = Step,
            Loss = guard.MeanLoss,
            Training = options,
            State = (JsonObject)JsonSerializer.SerializeToNode(guard.Capture(elapsed) with { Data = source.Identity }, CheckpointInfo.Json)!,
            Tensors = tensors,
        };
    }

    /// <summary>
    /// Goes on from a checkpoint, exactly: what is trained from here is what would have been without a stop. How long to train, how often to save and what
    /// is skipped may have changed since.
    /// </summary>
    /// <param name="checkpoint">Of a network of the same spec, trained with the same options.</param>
    /// <exception cref="CheckpointException">It is another network's, lacks what a training needs, or was trained with other options or on other data; the message lists the differences.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        var info = checkpoint.Info ?? throw new CheckpointException($"{checkpoint.Path} is weights alone: to go on with a training, give its checkpoint's folder.");
        RefuseOtherOptions(checkpoint.Path, info.Training);
        var state = StateOf(checkpoint.Path, info);
        RefuseOtherData(checkpoint.Path, state.Data);
        checkpoint.LoadInto(network, WeightsFile);
        for (var i = 0; i < averages.Count; i++)
            Load(checkpoint, EmaFileOf(i), averages[i].StateDict);
        Load(checkpoint, OptimizerFile, optimizer.StateDict);
        guard.Restore(state);
        Step = info.Step;
        restored = Path.GetFullPath(checkpoint.Path);
        elapsed = TimeSpan.FromSeconds(state.ElapsedSeconds);
    }

    private string EmaFileOf(int average) =>
        average == 0 ? EmaFile : string.Create(CultureInfo.InvariantCulture, $"{EmaFile}-{options.Ema[average].Decay}");

    private static void Load(Checkpoint checkpoint, string stem, IReadOnlyDictionary<string, Tensor> targets)
    {
        using var file = checkpoint.Tensors(stem);
        StateDict.Load(file.Path, targets, file);
    }

    private static TrainingState StateOf(string path, CheckpointInfo info)
    {
        try
        {
            return info.State.Deserialize<TrainingState>(CheckpointInfo.Json)!;
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path} holds a training's state that this version doesn't know: {error.Message}", error);
        }
    }

    private void RefuseOtherOptions(string path, TrainingOptions saved)
    {
        string[] changed =
        [
            .. typeof(TrainingOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
                .Where(option => !FreeOptions.Contains(option.Name) && option.Name != nameof(TrainingOptions.Ema))
                .Select(option => (Name: OptionNames.Of(option.Name), Was: Text(option.GetValue(saved)), Is: Text(option.GetValue(options))))
                .Concat(typeof(EmaOptions).GetProperties(BindingFlags.Public | BindingFlags.Instance)
                    .Select(option => (Name: OptionNames.OfAverage(option.Name), Was: Text(saved.Ema.Select(option.GetValue)), Is: Text(options.Ema.Select(option.GetValue)))))
                .Where(option => option.Was != option.Is)
                .Select(option => $"`{option.Name}` was {option.Was} and is {option.Is}"),
        ];
        if (changed.Length > 0)
            throw new CheckpointException(
                $"The training of {path} can't go on exactly with other options: {string.Join("; ", changed)}. Put them back, or begin a new training.");
    }

    private void RefuseOtherData(string path, DataIdentity? saved)
    {
        if (saved?.DifferencesTo(source.Identity) is { Count: > 0 } differences)
            throw new CheckpointException(
                $"The training of {path} can't go on exactly on other data, {source.Description}: {string.Join("; ", differences)}. "
                + "Put the data back as it was, or begin a new training; in C#, `Checkpoint.LoadInto` gives it these weights.");
    }

    private static string Text(object? value) => value switch
    {
        null => "none",
        bool or Enum => value.ToString()!.ToLowerInvariant(),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list and not string => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => value.ToString()!,
    };
}
