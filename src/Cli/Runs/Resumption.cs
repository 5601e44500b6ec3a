using System.Globalization;
using Spectre.Console;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Logging;
using UNetGen.Native;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli.Runs;

/// <summary>How a run goes on. All of it is decided before anything in the run's folder is changed.</summary>
internal static class Resumption
{
    /// <summary>Opens a run's folder for all ranks. Rank 0 takes it before any of them reads what is in it.</summary>
    /// <exception cref="UNetGenException">There is no run in it, it can't be written to, or another process trains it.</exception>
    public static RunFolder Open(string path, ICollective ranks)
    {
        var folder = RunFolder.Open(path);
        if (ranks.Rank == 0)
            Take(folder);
        ranks.Barrier();
        return folder;
    }

    /// <summary>
    /// The run's own options, and those changes that leave what was trained as it would have been; with another number of ranks, each one's
    /// batch.
    /// </summary>
    /// <exception cref="UNetGenException">A change would make it another run.</exception>
    public static RunOptions Options(RunFolder folder, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes, int ranks)
    {
        var before = new RunOptions().Apply(RunFile.Read(folder.Options));
        var after = before.Apply(changes);
        var last = LastStart(folder);
        // No checkpoint tells of it, as it does of other options that were changed in the file.
        if (last?.InitFrom is { } begun && begun != before.InitFrom)
            throw new UNetGenException(
                $"The run in {folder.Path} can't go on: it began with init_from: {begun}, and {folder.Options} says {before.InitFrom}. "
                    + $"Put that back, or begin a new run: train --run {ShellWord.Of(folder.Options)}");
        var changed = changes.Keys.Where(field => field.Write(before) != field.Write(after)).ToArray();
        var otherRanks = last is not null && last.Ranks != ranks;
        var refused = changed.Where(field => !field.IsFree && !(otherRanks && field.IsRanks)).ToArray();
        if (refused.Length > 0)
            throw new UNetGenException(
                $"A run goes on exactly only with its own options: "
                    + $"{string.Join("; ", refused.Select(field => $"{field.Option} was {field.Write(before)}"))}. "
                + $"Leave them out, or begin a new run: train --run {ShellWord.Of(folder.Options)}");
        foreach (var field in changed)
            AnsiConsole.MarkupLineInterpolated($"{field.Option} was {field.Write(before)} and is {field.Write(after)}");
        RequireImages(folder, before, changes);
        return after.Effective();
    }

    /// <summary>Versions before wrote paths into run files as they were given, from the folder in which the program was.</summary>
    private static void RequireImages(
        RunFolder folder, RunOptions before, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        (string Key, string Path)[] missing =
            [.. before.ImagePaths.Where(path => !changes.Keys.Any(field => field.Key == path.Key) && !Presence.Of(path.Path))];
        if (missing.Length == 0)
            return;
        throw new UNetGenException(
            $"The run in {folder.Path} can't go on: its images were at {string.Join(" and ", missing.Select(path => $"'{path.Path}'"))}, "
            + $"where there is nothing{ImageSources.SeenFrom(missing[0].Path)}. Say where they are now: "
            + MissingPaths.Call($"train --resume {ShellWord.Of(folder.Path)}", changes, missing.Select(path => path.Key)));
    }

    /// <summary>The newest whole checkpoint, from which a run goes on.</summary>
    /// <param name="folder">The run's.</param>
    /// <param name="options">Those that the run goes on with.</param>
    /// <param name="store">The run's checkpoints.</param>
    /// <param name="warnings">What the store tells of damaged ones.</param>
    /// <exception cref="UNetGenException">No checkpoint is whole, or it is of a later step than the run is to have.</exception>
    public static Checkpoint Newest(RunFolder folder, RunOptions options, CheckpointStore store, Warnings warnings)
    {
        var newest = store.Newest() ?? throw NoCheckpoint(folder, warnings.Told);
        if (newest.Info!.Step is var step && options.Training.Steps < step)
            throw new UNetGenException(
                $"The run in {folder.Path} is at step {step}, and can't end at step {options.Training.Steps}, which is before. "
                    + "Nothing was changed; give more --steps.");
        var trained = TimeSpan.FromSeconds(Trainer.StateOf(newest.Path, newest.Info).ElapsedSeconds);
        // A step that was begun in time ends after it.
        if (options.Training.TimeLimit is { } limit && limit < trained && !(limit >= newest.Info.Training.TimeLimit))
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture,
                $"The run in {folder.Path} has trained for {trained.TotalSeconds:0.#} s, and can't end after {limit.TotalSeconds:0.#}, which is ")
                    + "before. Nothing was changed; give more --time.");
        return newest;
    }

    /// <summary>The network that the run has trained until now, whatever its spec says by now.</summary>
    /// <param name="newest">The checkpoint from which the run goes on.</param>
    /// <param name="options">Those that it goes on with.</param>
    /// <param name="isSpecGiven">Whether the network is named anew: then it is to be the same.</param>
    /// <exception cref="UNetGenException">It is named anew, and is another.</exception>
    public static KnownNetwork NetworkOf(Checkpoint newest, RunOptions options, bool isSpecGiven)
    {
        var network = Catalog.Of(newest);
        if (isSpecGiven && !Catalog.IsFile(options.Spec!) && Catalog.Find(options.Spec!) is null)
            throw Catalog.Unknown(options.Spec!);
        var change = Catalog.ChangeOf(options.Spec!, newest.SpecHash);
        if (isSpecGiven && change is not null)
            throw new UNetGenException($"{change} A run goes on with its own network alone: leave --spec out, or begin a new run.");
        if (change is not null)
            Warnings.Show($"{change} The run goes on with its own spec: that of its checkpoint.");
        return network;
    }

    /// <summary>
    /// Whether no step is left and the end was drawn. Pictures of an end that is moved now, or that no grid over time tells of, may be of
    /// another step.
    /// </summary>
    public static bool HasEnded(RunFolder folder, RunOptions options, Trainer trainer) =>
        trainer.Ended && !HasMoved(folder, options) && options.SampleEvery is not null
        && File.Exists(folder.SamplesOf(trainer.Step)) && File.Exists(folder.Samples) && File.Exists(folder.Strip);

    private static bool HasMoved(RunFolder folder, RunOptions options)
    {
        var before = new RunOptions().Apply(RunFile.Read(folder.Options)).Effective().Training;
        return (before.Steps, before.TimeLimit) != (options.Training.Steps, options.Training.TimeLimit);
    }

    /// <summary>Other threads and devices add in another order.</summary>
    public static void WarnIfElsewhere(RunFolder folder, Device device)
    {
        if (LastStart(folder, Warnings.Show) is not { } last)
            return;
        var now = RunStart.Now(device);
        string[] differences =
        [
            .. last.Threads != now.Threads ? [$"threads {now.Threads}, not {last.Threads} as before"] : (string[])[],
            .. last.Device != now.Device ? [$"device {now.Device}, not {last.Device} as before"] : (string[])[],
            .. last.Processor != now.Processor ? [$"processor {now.Processor}, not {last.Processor} as before"] : (string[])[],
            .. last.Torchsharp != now.Torchsharp ? [$"TorchSharp {now.Torchsharp}, not {last.Torchsharp} as before"] : (string[])[],
            .. last.Unetgen != now.Unetgen ? [$"UNetGen {now.Unetgen}, not {last.Unetgen} as before"] : (string[])[],
        ];
        if (differences.Length > 0)
            Warnings.Show($"{string.Join("; ", differences)}: from here on the run is equal to an unbroken one to rounding only.");
    }

    private static RunStart? LastStart(RunFolder folder, Action<string>? damaged = null) =>
        File.Exists(folder.Starts) ? RunStart.Read(folder.Starts, damaged).LastOrDefault() : null;

    /// <summary>What is told of a run that has failed: why, from where it goes on, and how.</summary>
    public static UNetGenException Failed(RunFolder folder, Exception error, Warnings? warnings = null)
    {
        var hint = !folder.IsThere
            ? "What was moved goes on from its newest checkpoint: train --resume with the folder where it is now."
            : new CheckpointStore(folder.Checkpoints, logger: warnings).Newest() is { } newest
            ? $"The checkpoint {newest.Path} is whole; once that is mended, go on with: train --resume {ShellWord.Of(folder.Path)}"
            : "It has no checkpoint yet; once that is mended, begin it anew.";
        var why = error is UNetGenException ? error.Message : Shortage.Of(error) ?? error.Message;
        return new($"The run in {folder.Name} can't go on: {why.TrimEnd('.')}. {hint}", error);
    }

    /// <summary>What is told of a run that was stopped where it couldn't save: from where it goes on, and how.</summary>
    public static string Interrupted(RunFolder folder) => new CheckpointStore(folder.Checkpoints).Newest() is { } newest
        ? $"the newest checkpoint is {newest.Path}; to go on: train --resume {ShellWord.Of(folder.Path)}"
        : "there is no checkpoint yet, begin the run anew";

    private static void Take(RunFolder folder)
    {
        try
        {
            folder.Take();
        }
        catch (LockedException error)
        {
            throw new UNetGenException(
                $"The run in {folder.Path} can't go on: {error.Holder}, trains it. "
                + "Wait until that one has ended, or stop it; nothing was changed.",
                error);
        }
        catch (IOException error)
        {
            throw Failed(folder, error);
        }
    }

    private static UNetGenException NoCheckpoint(RunFolder folder, IReadOnlyList<string> damaged)
    {
        var anew = $"Nothing was changed. To begin it anew: train --run {ShellWord.Of(folder.Options)} --out NEW_FOLDER";
        if (damaged.Count > 0)
            return new(
                $"The run in {folder.Path} can't go on: no checkpoint in {folder.Checkpoints} is whole. "
                    + $"{string.Join(" ", damaged)} {anew}");
        var steps = File.Exists(folder.Log) ? TrainingLog.Read(folder.Log).Count : 0;
        return new($"The run in {folder.Path} can't go on: there is no checkpoint in {folder.Checkpoints}"
            + (steps > 0 ? $", though its log tells of {Counted.Of(steps, "step")}: either they were moved away, or the run ended before "
            + "the first was written. " : ". ")
            + anew);
    }
}
