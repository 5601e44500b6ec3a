using System.CommandLine;
using Spectre.Console;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Examples.Runs;
using UNetGen.Native;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Examples;

/// <summary>Trains a network, or goes on with a training, and leaves what a person wants to look at.</summary>
internal sealed class TrainCommand
{
    private readonly Interrupt interrupt;
    private readonly IReadOnlyDictionary<RunField, Option<Func<RunOptions, RunOptions>?>> given = RunFields.All.ToDictionary(field => field, OptionOf);
    private readonly Option<string?> output = new("--out") { Description = "The run's folder; by default a new one under runs/.", HelpName = "FOLDER" };
    private readonly Option<string?> file = new("--run") { Description = "A file with options, as a run's run.yaml; those of the command line win.", HelpName = "FILE.yaml" };
    private readonly Option<string?> resumed = new("--resume") { Description = "Go on with a run that was stopped, exactly, with its own options.", HelpName = "FOLDER" };

    public TrainCommand(Interrupt interrupt) => this.interrupt = interrupt;

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { file, resumed, output }.Concat(RunFields.All.Select(field => given[field])))
            command.Add(option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(resumed) is not null && (result.GetValue(file) ?? result.GetValue(output)) is not null)
                result.AddError("A run goes on in its own folder and with its own options: --resume stands without --run and --out.");
        });
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var changes = given
            .Select(option => (option.Key, Change: parsed.GetValue(option.Value)))
            .Where(option => option.Change is not null)
            .ToDictionary(option => option.Key, option => option.Change!);
        using var previous = parsed.GetValue(resumed) is { } path ? RunFolder.Open(path) : null;
        var options = previous is null ? Begun(parsed.GetValue(file), changes) : Continued(previous, changes);
        options.Training.Validate();

        var target = Libtorch.ParseDevice(options.Device);
        // The network's first weights are drawn from the seed as well.
        manual_seed(options.Training.Seed);
        using var network = Catalog.Create(options.Spec!);
        network.to(target);
        var info = network.Info;
        var source = DataSource.Open(options.Data, info.Channels, info.ImageHeight, info.ImageWidth, options.Training.Seed);
        using var folder = previous ?? RunFolder.Create(parsed.GetValue(output), info.Name);
        using var run = new TrainingRun(options, folder, network, source, resume: previous is not null);

        AnsiConsole.MarkupLineInterpolated($"[bold]{info.Name}[/] ({info.ParameterCount:N0} parameters, {info.SpecPath}) on {source.Description}, {target}{(run.Step > 0 ? $", going on after step {run.Step:N0}" : "")}");
        var summary = run.Train(interrupt.Token);
        if (summary.Steps == 0)
            throw new OperationCanceledException(interrupt.Token);

        AnsiConsole.MarkupLineInterpolated($"{summary.Steps:N0} steps in {summary.Elapsed.TotalSeconds:N0} s, loss {summary.Loss:0.0000}{(summary.Skipped > 0 ? $", {summary.Skipped:N0} skipped" : "")}{(summary.Cancelled ? ", interrupted: saved" : "")}");
        if (summary.Cancelled)
        {
            AnsiConsole.MarkupLineInterpolated($"To go on: [grey]dotnet run -c Release --project src/Examples -- train --resume {folder.Path}[/]");
            AnsiConsole.MarkupLineInterpolated($"To draw:  [grey]dotnet run -c Release --project src/Examples -- sample --checkpoint {folder.Path}[/]");
            return Program.Interrupted;
        }
        run.Draw(interrupt.Token);
        Show(folder);
        return 0;
    }

    private static RunOptions Begun(string? file, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        var options = new RunOptions();
        if (file is not null)
            options = options.Apply(RunFile.Read(file));
        return options.Apply(changes).Effective();
    }

    /// <summary>The run's own options, and those changes that leave what was trained as it would have been.</summary>
    private static RunOptions Continued(RunFolder folder, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes)
    {
        var before = new RunOptions().Apply(RunFile.Read(folder.Options));
        var after = before.Apply(changes);
        var changed = changes.Keys.Where(field => field.Write(before) != field.Write(after)).ToArray();
        var refused = changed.Where(field => !field.IsFree).ToArray();
        if (refused.Length > 0)
            throw new UNetGenException(
                $"A run goes on exactly only with its own options: {string.Join("; ", refused.Select(field => $"{field.Option} was {field.Write(before)}"))}. "
                + $"Leave them out, or begin a new run with train --run {folder.Options}.");
        foreach (var field in changed)
            AnsiConsole.MarkupLineInterpolated($"{field.Option} was {field.Write(before)} and is {field.Write(after)}");
        if (changed.Any(field => field.Key is "steps" or "time") && after.Training.Decay != LearningRateDecay.Constant)
            AnsiConsole.MarkupLine("[yellow]warning:[/] the learning rate falls to its end, which has moved: what follows isn't what either length would have given from the beginning.");
        return after.Effective();
    }

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

    private static void Show(RunFolder folder)
    {
        var files = new Grid().AddColumns(2);
        files.AddRow(new Text("samples"), new Text(folder.Samples, new Style(Color.Blue)));
        files.AddRow(new Text("noise to picture"), new Text(folder.Strip, new Style(Color.Blue)));
        files.AddRow(new Text("loss"), new Text(folder.LossCurve, new Style(Color.Blue)));
        files.AddRow(new Text("checkpoints"), new Text(folder.Checkpoints, new Style(Color.Blue)));
        AnsiConsole.Write(files);
        AnsiConsole.MarkupLineInterpolated($"More: [grey]dotnet run -c Release --project src/Examples -- sample --checkpoint {folder.Path} --seed 1[/]");
    }
}
