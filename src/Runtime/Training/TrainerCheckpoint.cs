using System.Collections;
using System.Globalization;
using System.Text.Json;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a checkpoint holds of a training, and how it goes on from one.</summary>
public sealed partial class Trainer
{
    internal const string WeightsFile = "weights";
    private const string EmaFile = "ema";
    private const string OptimizerFile = "optimizer";
    private const string FilesFile = "data";

    /// <summary>What stands for no context, for whoever draws with the checkpoint.</summary>
    internal const string ContextFile = "context";

    internal const string NullContextKey = "null_context";

    /// <summary>What may be another when a training goes on, without a step being another.</summary>
    private static readonly string[] FreeOptions = Keys(
        nameof(TrainingOptions.Steps), nameof(TrainingOptions.TimeLimit), nameof(TrainingOptions.CheckpointEvery),
        nameof(TrainingOptions.CheckpointInterval), nameof(TrainingOptions.GradientCheckpointing),
        nameof(TrainingOptions.MaxConsecutiveSkips), nameof(TrainingOptions.MaxSkips), nameof(TrainingOptions.RefuseNonNegativeImages),
        nameof(TrainingOptions.Workers));

    /// <summary>What of one rank may be another when their number is another, so that a step can stay as it was.</summary>
    private static readonly string[] RankOptions = Keys(nameof(TrainingOptions.BatchSize), nameof(TrainingOptions.Accumulation));

    private static readonly string EmaKey = KeyOf(nameof(TrainingOptions.Ema));

    /// <summary>
    /// All that a checkpoint needs to go on from here: the weights, all averages (<c>ema</c> the first, others <c>ema-DECAY</c>), the
    /// optimiser's state, what is known of the data's files, the null context of a network that takes one, and numbers. The tensors are the
    /// live ones: write them before the next step.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Averaged weights are in the network (<see cref="Ema.Apply"/>), or it was moved or converted after its trainer was made.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer, its network or one of its averages is disposed.</exception>
    public CheckpointContent Capture()
    {
        RequireOwnWeights(nameof(Capture));
        var tensors = new OrderedDictionary<string, IReadOnlyDictionary<string, Tensor>> { [WeightsFile] = network.state_dict() };
        for (var i = 0; i < averages.Count; i++)
            tensors.Add(EmaFileOf(i), averages[i].StateDict);
        tensors.Add(OptimizerFile, optimizer.StateDict);
        if (source.Record is { } record)
            tensors.Add(FilesFile, record.ToTensors());
        if (nullContext is not null)
            tensors.Add(ContextFile, new Dictionary<string, Tensor> { [NullContextKey] = nullContext });
        return new()
        {
            Network = network,
            Step = Step,
            Loss = guard.MeanLoss,
            Training = options,
            State = CheckpointText.WriteState(State with { Data = source.Identity }),
            Tensors = tensors,
        };
    }

    /// <summary>
    /// Goes on from a checkpoint, exactly: what is trained from here is what would have been without a stop. How long to train, how often
    /// to save and what is skipped may have changed since; and with the number of ranks each one's batch. Of several ranks every one
    /// restores. Where the number of ranks is another, or it can't be known whether files are the same, the trainer's logger is told what
    /// that means for what is trained from here.
    /// </summary>
    /// <param name="checkpoint">Of a network of the same spec, trained with the same options.</param>
    /// <exception cref="DataException">A file of the data was changed since.</exception>
    /// <exception cref="CheckpointException">
    /// It is another network's, lacks what a training needs, is of a later step than the training is to have, or was trained with other
    /// options or on other data; the message lists the differences.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The network is being trained, or averaged weights are in it (<see cref="Ema.Apply"/>), or it was moved or converted after its
    /// trainer was made.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer, its network or one of its averages is disposed.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        TakeTurn(nameof(Restore), "restored");
        try
        {
            RestoreAlone(checkpoint);
        }
        finally
        {
            EndTurn();
        }
    }

    private void RestoreAlone(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var info = checkpoint.Info ?? throw new CheckpointException(
            $"{checkpoint.Path} is weights alone: to go on with a training, give its checkpoint's folder.");
        var state = StateOf(checkpoint.Path, info);
        if (options.Steps < info.Step)
            throw new CheckpointException(string.Create(
                CultureInfo.InvariantCulture,
                $"The training of {checkpoint.Path} is at step {info.Step}, and can't end at step {options.Steps}, which is before: ")
                + "give more `Steps`.");
        RefuseOtherOptions(checkpoint.Path, info.Training, otherRanks: state.Ranks != ranks.Size);
        RefuseOtherData(checkpoint, state.Data);
        RefuseOtherNullContext(checkpoint);
        string?[] changes =
        [
            state.Ranks == ranks.Size ? null : WithOtherRanks(state.Ranks, info.Training.BatchSize),
            IsKnown(state.Data)
                ? null
                : "The checkpoint doesn't say on which images it was trained, as every one of this version does: "
                    + "whether these are the same isn't known.",
            source.Record is null || checkpoint.Stems.Contains(FilesFile)
                ? CompareFiles(checkpoint, (record, before) => record.GoOnFrom(before))
                : "The checkpoint knows none of the data's files, as every one of this version does: "
                    + "whether they were changed since isn't known.",
        ];
        Load(checkpoint);
        for (var i = 0; i < averages.Count; i++)
            (averages[i].FirstShare, averages[i].StartShare) = TrainingDoubts.SharesOf(options.Ema[i], i, info.Step, state);
        sizesUnmoved = state.Unmoved ? TrainingDoubts.SizesOf(network) : null;
        guard.Restore(state);
        lossScale?.Restore(state);
        Step = info.Step;
        images = state.Images ?? (long)info.Step * info.Training.BatchSize;
        restored = Path.GetFullPath(checkpoint.Path);
        elapsed = TimeSpan.FromSeconds(state.ElapsedSeconds);
        foreach (var change in changes.OfType<string>())
            logger.GoesOnOtherwise(change);
    }

    private TrainingState State => guard.Capture(elapsed) with
    {
        Ranks = ranks.Size,
        Images = images,
        Unmoved = Step > 0 && sizesUnmoved is not null,
        FirstShares = [.. averages.Select(average => average.FirstShare)],
        StartShares = [.. averages.Select(average => average.StartShare)],
        LossScale = lossScale?.Value,
        LossScaleSteps = lossScale?.Steps,
    };

    private string WithOtherRanks(int before, int batchBefore)
    {
        var effectiveBefore = (long)before * batchBefore;
        var change =
            $"{RankText(ranks.Size)} with batches of {options.BatchSize}, not {RankText(before)} with batches of {batchBefore} as before";
        if (effectiveBefore == EffectiveBatchSize)
            return $"{change}: a step still has {Counted.Of(effectiveBefore, "image")}, and what follows is equal to an unbroken training "
                + "to rounding.";
        var keep = effectiveBefore % ranks.Size == 0
            ? $" A `BatchSize` of {effectiveBefore / ranks.Size} would keep the step as it was."
            : "";
        return $"{change}: from here on a step has {Counted.Of(EffectiveBatchSize, "image")} where it had {effectiveBefore}, and the "
            + $"learning rate stays as it was.{keep}";

        static string RankText(int count) => count == 1 ? "1 rank" : $"{count} ranks";
    }

    /// <summary>Whether a checkpoint's file of that name, without its ending, is a network's weights.</summary>
    internal static bool HoldsWeights(string stem) => stem is not (OptimizerFile or FilesFile or ContextFile);

    private string EmaFileOf(int average) =>
        average == 0 ? EmaFile : string.Create(CultureInfo.InvariantCulture, $"{EmaFile}-{options.Ema[average].Decay}");

    /// <summary>Holds the data's files against those of a checkpoint; checkpoints of earlier versions know none.</summary>
    private T? CompareFiles<T>(Checkpoint checkpoint, Func<FileRecord, IReadOnlyDictionary<string, Tensor>, T> compare)
    {
        if (source.Record is not { } record || !checkpoint.Stems.Contains(FilesFile))
            return default;
        using var scope = NewDisposeScope();
        using var file = checkpoint.Tensors(FilesFile);
        return compare(record, file.ReadAll());
    }

    /// <summary>All files are opened, and looked whether they fit, before the first weight changes.</summary>
    private void Load(Checkpoint checkpoint)
    {
        var parts = new List<(SafetensorsFile File, IReadOnlyDictionary<string, Tensor> Targets)>();
        try
        {
            for (var i = 0; i < averages.Count; i++)
                parts.Add((checkpoint.Tensors(EmaFileOf(i)), averages[i].StateDict));
            parts.Add((checkpoint.Tensors(OptimizerFile), optimizer.StateDict));
            parts.ForEach(part => StateDict.RequireFit(part.File.Path, part.Targets, part.File));
            checkpoint.LoadInto(network, WeightsFile);
            parts.ForEach(part => StateDict.Load(part.File.Path, part.Targets, part.File));
        }
        catch (StateDictException error)
        {
            throw new CheckpointException(
                $"{checkpoint.Path} isn't the state of what is trained here. Weights that were frozen in its training (`requires_grad`) have "
                    + $"to be frozen before the trainer is made, and no others. {error.Message}",
                error);
        }
        finally
        {
            parts.ForEach(part => part.File.Dispose());
        }
    }

    /// <exception cref="CheckpointException">It is none that this version knows.</exception>
    internal static TrainingState StateOf(string path, CheckpointInfo info)
    {
        try
        {
            info.Training.Validate();
            return CheckpointText.ReadState(info.State, info.Step);
        }
        catch (Exception error) when (error is JsonException or UNetGenException)
        {
            throw new CheckpointException(
                $"{path} holds a training's state that this version doesn't know: "
                    + $"{(error is JsonException json ? JsonText.Explain(json) : Excerpt.Of(error.Message))}",
                error);
        }
    }

    private void RefuseOtherOptions(string path, TrainingOptions saved, bool otherRanks)
    {
        string[] changed =
        [
            .. Texts(saved).Zip(Texts(options), (was, now) => (now.Key, now.Name, Was: was.Text, Is: now.Text))
                .Where(option => option.Was != option.Is && !FreeOptions.Contains(option.Key) && !(
                    otherRanks && RankOptions.Contains(option.Key)))
                .Select(option => $"`{option.Name}` was {option.Was} and is {option.Is}"),
        ];
        if (changed.Length > 0)
            throw new CheckpointException(
                $"The training of {path} can't go on exactly with other options: {string.Join("; ", changed)}. Put them back, or begin a "
                    + "new training.");
    }

    /// <summary>
    /// Every option by its key in <c>checkpoint.json</c> and its name in messages, with its value; those of the averages list one value
    /// each.
    /// </summary>
    private static IEnumerable<(string Key, string Name, string Text)> Texts(TrainingOptions options) =>
        CheckpointJson.Default.TrainingOptions.Properties
            .Where(option => option.Name != EmaKey)
            .Select(option => (option.Name, PropertyOf(option.Name), Text(option.Get!(options))))
            .Concat(CheckpointJson.Default.EmaOptions.Properties
                .Select(option => (
                    EmaKey, $"{nameof(TrainingOptions.Ema)}.{PropertyOf(option.Name)}",
                    Text(options.Ema.Select(average => option.Get!(average))))));

    private static string[] Keys(params string[] properties) => [.. properties.Select(KeyOf)];

    private static string KeyOf(string property) => JsonNamingPolicy.SnakeCaseLower.ConvertName(property);

    private static string PropertyOf(string key) =>
        string.Concat(key.Split('_').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));

    private void RefuseOtherData(Checkpoint checkpoint, DataIdentity? saved)
    {
        if (saved?.DifferencesTo(source.Identity) is not { Count: > 0 } differences)
            return;
        var files = CompareFiles(checkpoint, (record, before) => record.OtherFiles(before)) ?? [];
        throw new CheckpointException(
            $"The training of {checkpoint.Path} can't go on exactly on other data, {source.Description}: "
            + $"{string.Join("; ", differences.Concat(files))}. "
            + "Put the data back as it was, or begin a new training with these weights (`Checkpoint.Begin`).");
    }

    private void RefuseOtherNullContext(Checkpoint checkpoint)
    {
        using var scope = NewDisposeScope();
        if (nullContext is not null && checkpoint.NullContext() is { } before
            && !(before.shape[1..].SequenceEqual(nullContext.shape) && before.eq(nullContext).all().item<bool>()))
            throw new CheckpointException(
                $"The training of {checkpoint.Path} can't go on exactly with another null context than it had. Put back what was there, or "
                    + "begin a new training.");
    }

    private static Tensor? NullContextOf(NetworkInfo info, IImageSource source)
    {
        if (info.ContextDim is null || source.Context is not { } shape)
            return null;
        var values = new float[shape.Count];
        source.ReadNullContext(values);
        return tensor(values, [shape.Tokens, shape.Width], device: CPU).DetachFromDisposeScope();
    }

    /// <summary>
    /// Whether it can be held against the source's; a source that doesn't say what its content is has nothing to be held against.
    /// </summary>
    private bool IsKnown(DataIdentity? saved) => saved is not null && (saved.Content is not null || source.Identity.Content is null);

    private static string Text(object? value) => value switch
    {
        null => "none",
        bool or Enum => value.ToString()!.ToLowerInvariant(),
        IFormattable formattable => formattable.ToString(null, CultureInfo.InvariantCulture),
        IEnumerable list and not string => $"[{string.Join(", ", list.Cast<object?>().Select(Text))}]",
        _ => value.ToString()!,
    };
}
