using System.Collections;
using System.Globalization;
using System.Text.Json;
using UNetGen.Data;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>Holds what a checkpoint was trained with against what is trained here: what isn't as it was is refused, or told.</summary>
public sealed partial class Trainer
{
    /// <summary>
    /// What may be another when a training goes on; where steps become others by it, if by rounding alone, <see cref="Changes"/> says so.
    /// </summary>
    private static readonly string[] FreeOptions = Keys(
        nameof(TrainingOptions.Steps), nameof(TrainingOptions.TimeLimit), nameof(TrainingOptions.CheckpointEvery),
        nameof(TrainingOptions.CheckpointInterval), nameof(TrainingOptions.GradientCheckpointing),
        nameof(TrainingOptions.MaxConsecutiveSkips), nameof(TrainingOptions.MaxSkips), nameof(TrainingOptions.RefuseNonNegativeImages),
        nameof(TrainingOptions.Workers));

    /// <summary>What of one rank may be another when their number is another, so that a step can stay as it was.</summary>
    private static readonly string[] RankOptions = Keys(nameof(TrainingOptions.BatchSize), nameof(TrainingOptions.Accumulation));

    private static readonly string EmaKey = KeyOf(nameof(TrainingOptions.Ema));

    /// <summary>What isn't as it was and may be another, or isn't known, a sentence each.</summary>
    private IEnumerable<string> Changes(Checkpoint checkpoint, CheckpointInfo info, TrainingState state)
    {
        if (state.Kernels is { } kernels && kernels != network.Kernels)
            yield return $"The training computed with the {kernels} kernels so far, and goes on with the {network.Kernels} ones "
                + $"(`{nameof(NoisePredictor)}.{nameof(NoisePredictor.Kernels)}`): to rounding what it would have been, and not to the bit.";
        if (checkpoint.DoubtOf(network) is { } doubt)
            yield return char.ToUpperInvariant(doubt[0]) + doubt[1..];
        if (options.Decay != LearningRateDecay.Constant
            && (info.Training.Steps, info.Training.TimeLimit) != (options.Steps, options.TimeLimit))
            yield return "The learning rate falls to its end, which has moved: what follows isn't what either length would have given from "
                + "the beginning.";
        if (info.Training.GradientCheckpointing != options.GradientCheckpointing)
            yield return $"The training goes on {(options.GradientCheckpointing ? "with" : "without")} gradient checkpointing "
                + $"(`{nameof(TrainingOptions.GradientCheckpointing)}`), unlike before: to rounding what it would have been, and not always "
                + "to the bit.";
        if (state.Ranks != ranks.Size)
            yield return WithOtherRanks(state.Ranks, info.Training.BatchSize);
        if (!IsKnown(state.Data))
            yield return "The checkpoint doesn't say on which images it was trained, as every one of this version does: "
                + "whether these are the same isn't known.";
        if (source.Record is not null && !checkpoint.Stems.Contains(FilesFile))
            yield return "The checkpoint knows none of the data's files, as every one of this version does: "
                + "whether they were changed since isn't known.";
        else if (CompareFiles(checkpoint, (record, before) => record.GoOnFrom(before)) is { } ofFiles)
            yield return ofFiles;
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

    /// <summary>Holds the data's files against those of a checkpoint; checkpoints of earlier versions know none.</summary>
    private T? CompareFiles<T>(Checkpoint checkpoint, Func<FileRecord, IReadOnlyDictionary<string, Tensor>, T> compare)
    {
        if (source.Record is not { } record || !checkpoint.Stems.Contains(FilesFile))
            return default;
        using var scope = NewDisposeScope();
        using var file = checkpoint.Tensors(FilesFile);
        return compare(record, file.ReadAll());
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
