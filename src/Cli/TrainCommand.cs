using System.CommandLine;
using Spectre.Console;
using TorchSharp;
using UNetGen.Backends;
using UNetGen.Cli.Runs;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Native;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>Trains a network, or goes on with a training, and leaves what a person wants to look at.</summary>
internal sealed class TrainCommand
{
    private const string SpecKey = "spec";
    private const string InitFromKey = "init_from";

    private readonly Interrupt interrupt;
    private readonly ICollective ranks;
    private readonly IReadOnlyDictionary<RunField, Option<Func<RunOptions, RunOptions>?>> given = RunFields.All.ToDictionary(
        field => field, OptionOf);
    private readonly Option<string?> output =
        new("--out") { Description = "The run's folder; by default a new one under runs/.", HelpName = "FOLDER" };
    private readonly Option<string?> file = new("--run")
    {
        Description = "A file with options, as a run's run.yaml; those of the command line win. Paths in it hold from the current folder.",
        HelpName = "FILE.yaml",
    };
    private readonly Option<string?> resumed =
        new("--resume") { Description = "Go on with a run that was stopped, exactly, with its own options.", HelpName = "FOLDER" };

    public TrainCommand(Interrupt interrupt, ICollective ranks) => (this.interrupt, this.ranks) = (interrupt, ranks);

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { file, resumed, output }.Concat(RunFields.All.Select(field => given[field])))
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        if (parsed.GetValue(resumed) is not null && (parsed.GetValue(file) ?? parsed.GetValue(output)) is not null)
            throw new UsageException("A run goes on in its own folder and with its own options: --resume stands without --run and --out.");
        var changes = given
            .Select(option => (option.Key, Change: parsed.GetValue(option.Value)))
            .Where(option => option.Change is not null)
            .ToDictionary(option => option.Key, option => option.Change!);
        RequireSame([RankFact.Text("--resume", parsed.GetValue(resumed)), RankFact.Text("--out", parsed.GetValue(output))]);
        // What is held of a run that goes on is given up.
        if (parsed.GetValue(resumed) is not null)
            _ = interrupt.Token;
        using var previous = parsed.GetValue(resumed) is { } path ? Resumption.Open(path, ranks) : null;
        var options = previous is null ? Begun(parsed.GetValue(file), changes) : Resumption.Options(previous, changes, ranks.Size);
        options.Training.Validate();
        RequireSame([
            .. RunFields.All.Where(field => !field.IsOfEachRank).Select(field => RankFact.Text(field.Option, field.Write(options)))]);

        var target = CommonOptions.Parse(options.Device, ranks);
        // The network's first weights are drawn from the seed as well.
        manual_seed(options.Training.Seed);
        var warnings = new Warnings();
        var store = previous is null ? null : new CheckpointStore(previous.Checkpoints, options.KeepCheckpoints, warnings);
        var newest = previous is null ? null : Resumption.Newest(previous, options, store!, warnings);
        var known = newest is null
            ? NetworkOf(options, parsed.GetValue(file), changes)
            : Resumption.NetworkOf(newest, options, IsGiven(changes, SpecKey));
        using var network = known.Create();
        newest?.SetKernels(network);
        network.to(target);
        var start = previous is null ? FirstWeights.Load(options.InitFrom, network, ranks) : null;
        // By the checkpoint, since a run has others later on.
        options = options with { InitFrom = start?.Path ?? options.InitFrom };
        var info = network.Info;
        GridSize.Require(
            info, options.Count, "Draw fewer; when the training has ended, sample --out FOLDER draws any number, a file each.");
        var localRanks = (int)ranks.Gather(ranks.LocalRank).Max(row => row[0]) + 1;
        var source = RunData.Open(options, info, localRanks);
        start?.WarnOfOtherClasses(network.Info, source);
        using var trainer = new Trainer(network, source, options.Training, collective: ranks, logger: warnings);
        // From here on: a run's folder that was begun for nothing goes again. Until now nothing is lost, and data may be long in coming.
        _ = interrupt.Token;
        // Rank 0 alone writes, and makes a folder when all ranks have come so far; the others need a run's folder only to go on from it.
        using var folder = previous ?? (ranks.Rank == 0 ? RunFolder.Create(parsed.GetValue(output), info.Name) : null);
        if (folder is not null)
            store ??= new CheckpointStore(folder.Checkpoints, options.KeepCheckpoints, warnings);
        if (previous is not null)
        {
            trainer.Restore(newest!);
            // Rank 0's word: a file system may show others an older state.
            if (ranks.Gather(Resumption.HasEnded(previous, options, trainer) ? 1 : 0)[0][0] == 1)
            {
                AnsiConsole.MarkupLineInterpolated($"Nothing is left to train: the run in {previous.Path} has ended at step {trainer.Step:N0}, and nothing was changed. To train longer, give more --steps or --time.");
                return 0;
            }
            Resumption.WarnIfElsewhere(previous, network.Device);
        }
        // What the others have still read in the run's folder, rank 0 begins to change when all have come so far.
        var place = ranks.Gather(folder?.Path ?? "")[0];
        if (ranks.Rank > 0)
            return Follow(trainer, source, place);

        var computing = (network.Kernels == KernelForm.Reference ? ", reference kernels" : "") + (
            options.Training.Precision == Precision.Float32 ? "" : $", in {options.Training.Precision.ToString().ToLowerInvariant()}") + (
            options.Training.GradientCheckpointing ? ", with gradient checkpointing" : "");
        // What a hook has registered is trained as well.
        var parameters = network.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());
        AnsiConsole.MarkupLineInterpolated($"[bold]{info.Name}[/] ({parameters:N0} parameters, {known.Info.SpecPath}) on {source.Description}, {target}{computing}{(trainer.Step > 0 ? $", going on after step {trainer.Step:N0}" : "")}");
        if (!folder!.IsAlone)
        {
            const string free = "has no locks, so that nothing keeps another training out: begin none there now.";
            Warnings.Show($"the file system of {folder.Path} {free}");
        }
        if (ranks.Size > 1)
            AnsiConsole.MarkupLineInterpolated($"{ranks.Size} ranks with batches of {options.Training.BatchSize}, {trainer.EffectiveBatchSize} images a step; {ranks.Description}");
        try
        {
            using var run = new TrainingRun(options, folder, network, source, trainer, store!, ranks);
            return Finish(run, folder);
        }
        catch (OperationCanceledException stopped) when (interrupt.Token.IsCancellationRequested)
        {
            // One of several ranks whose data doesn't come can't save with the others.
            throw new InterruptedException(Resumption.Interrupted(folder), stopped);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException or CheckpointException or ShortageException
            || error is DataException && trainer.Step > 0 || Shortage.Of(error) is not null)
        {
            throw Resumption.Failed(folder, error, warnings);
        }
    }

    /// <summary>What ranks do that write nothing.</summary>
    private int Follow(Trainer trainer, IImageSource source, string run)
    {
        try
        {
            var (_, interrupted) = TrainingRun.TrainOrStop(trainer, report: null, store: null, interrupt.Token);
            if (source.BrokenFiles() is not null)
                BrokenFileList.OfAll(source, ranks);
            return interrupted ? UNetGenProgram.Interrupted : 0;
        }
        catch (OperationCanceledException stopped) when (interrupt.Token.IsCancellationRequested)
        {
            throw new InterruptedException(
                "this rank's data didn't come, and ranks save together only. From its newest checkpoint the run goes on with: train --resume "
                    + ShellWord.Of(run),
                stopped);
        }
    }

    private int Finish(TrainingRun run, RunFolder folder)
    {
        var (summary, interrupted) = run.Train(interrupt.Token);
        if (summary.Steps == 0)
        {
            AnsiConsole.MarkupLine("interrupted before the first step: there is nothing to go on with, the same command begins anew");
            return UNetGenProgram.Interrupted;
        }

        var hasLearntNothing = double.IsNaN(summary.Loss);
        var loss = hasLearntNothing ? "none of which counted" : $"loss {summary.Loss:0.0000}";
        AnsiConsole.MarkupLineInterpolated($"{Counted.Of(summary.Steps, "step")} in {summary.Elapsed.TotalSeconds:N0} s, {loss}{(summary.Skipped > 0 ? $", {summary.Skipped:N0} skipped" : "")}");
        if (interrupted)
        {
            AnsiConsole.MarkupLineInterpolated($"interrupted: saved at step {summary.Steps:N0}");
            AnsiConsole.MarkupLineInterpolated($"To go on: [grey]train --resume {ShellWord.Of(folder.Path)}[/]");
            AnsiConsole.MarkupLineInterpolated($"To draw:  [grey]{run.CommandToDraw}[/]");
            return UNetGenProgram.Interrupted;
        }
        try
        {
            run.Draw(interrupt.Token);
        }
        catch (OperationCanceledException) when (interrupt.Token.IsCancellationRequested)
        {
            AnsiConsole.MarkupLineInterpolated(
                $"interrupted: saved at step {summary.Steps:N0}, the last one; what is left is to draw its samples");
            AnsiConsole.MarkupLineInterpolated($"To draw them: [grey]train --resume {ShellWord.Of(folder.Path)}[/]");
            return UNetGenProgram.Interrupted;
        }
        Show(folder, run.CommandToDraw);
        return summary.SkippedAtEnd > 0 || hasLearntNothing ? UNetGenProgram.Failure : 0;
    }

    /// <exception cref="RanksDifferException">The ranks' command lines, or files with options, say different things.</exception>
    private void RequireSame(IReadOnlyList<RankFact> facts) => RanksDifferException.ThrowUnlessSame(
        ranks, "The ranks aren't to do the same training", "Start all of them with the same options.", facts);

    private static RunOptions Begun(string? file, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        var options = new RunOptions();
        if (file is not null)
            options = options.Apply(RunFile.Read(file));
        foreach (var (key, path) in options.ImagePaths.Where(path => !IsGiven(changes, path.Key)))
        {
            if (ImageSources.SeenFrom(path) is { Length: > 0 } seen)
                AnsiConsole.MarkupLineInterpolated($"{file} has a relative path: the {key} is '{path}'{seen}");
        }
        if (file is not null)
            RequirePaths(file, options, changes);
        return options.Apply(changes).Effective();
    }

    /// <summary>The network of a run that begins.</summary>
    /// <exception cref="UNetGenException">There is none; where a run file names it, the message says so.</exception>
    private static KnownNetwork NetworkOf(
        RunOptions options, string? file, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        if (Catalog.Find(options.Spec!) is { } known)
            return known;
        var unknown = Catalog.Unknown(options.Spec!);
        throw file is null || IsGiven(changes, SpecKey) ? unknown : new UNetGenException($"{unknown.Message} {AskedBy(file, changes, [SpecKey])}");
    }

    /// <exception cref="UNetGenException">Something that a run file names was moved, or never was there.</exception>
    private static void RequirePaths(string file, RunOptions options, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        var named = options.ImagePaths;
        if (options.InitFrom != TextFormat.None)
            named = named.Append((InitFromKey, options.InitFrom));
        (string Key, string Path)[] missing = [.. named.Where(path => !IsGiven(changes, path.Key) && !Presence.Of(path.Path))];
        if (missing.Length > 0)
            throw new UNetGenException(
                $"There is no file or folder {string.Join(" or ", missing.Select(path => $"'{path.Path}'"))}"
                    + $"{ImageSources.SeenFrom(missing[0].Path)}. {AskedBy(file, changes, [.. missing.Select(path => path.Key)])}");
    }

    private static string AskedBy(string file, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes, string[] missing) =>
        $"{file} asks for {(missing.Length == 1 ? "it. Say where it is" : "them. Say where they are")} now: "
            + MissingPaths.Call($"train --run {ShellWord.Of(file)}", changes, missing);

    private static bool IsGiven(IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes, string key) =>
        changes.Keys.Any(field => field.Key == key);

    private static Option<Func<RunOptions, RunOptions>?> OptionOf(RunField field)
    {
        var standard = field.Write(new RunOptions());
        return new(field.Option)
        {
            Description = standard is null ? field.Help : $"{field.Help} [{standard}]",
            HelpName = field.Unit,
            Arity = field.IsFlag ? ArgumentArity.ZeroOrOne : ArgumentArity.ExactlyOne,
            CustomParser = result =>
            {
                var text = result.Tokens.Count == 0 ? "true" : result.Tokens[0].Value;
                try
                {
                    return field.Parse(text);
                }
                catch (FormatException error)
                {
                    result.AddError($"{field.Option} {error.Message}");
                    return null;
                }
            },
        };
    }

    private static void Show(RunFolder folder, string draw)
    {
        var files = new Grid().AddColumns(2);
        files.AddRow(new Text("samples"), new Text(folder.Samples, new Style(Color.Blue)));
        files.AddRow(new Text("noise to picture"), new Text(folder.Strip, new Style(Color.Blue)));
        files.AddRow(new Text("loss"), new Text(folder.LossCurve, new Style(Color.Blue)));
        files.AddRow(new Text("checkpoints"), new Text(folder.Checkpoints, new Style(Color.Blue)));
        AnsiConsole.Write(files);
        AnsiConsole.MarkupLineInterpolated(
            $"More: [grey]{draw} --seed 1[/], or all on a page: [grey]report {ShellWord.Of(folder.Path)}[/]");
    }
}
