using System.CommandLine;
using Spectre.Console;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Examples;

/// <summary>Trains a network and leaves what a person wants to look at.</summary>
internal sealed class TrainCommand(Interrupt interrupt)
{
    private const string ShapesNetwork = nameof(ShapesUNet);
    private const string DigitsNetwork = nameof(MnistUNet);

    // With starting, drawing and writing, a little over two and a half minutes in all.
    private static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(150);

    private const int StripRows = 6;
    private const int StripColumns = 9;

    private readonly Option<string?> spec = new("--spec") { Description = $"The network; by default {ShapesNetwork} for the shapes, {DigitsNetwork} for MNIST.", HelpName = "NAME" };
    private readonly Option<string> data = new("--data") { Description = "shapes, a folder of PNG or JPEG files, or MNIST's folder or IDX file.", DefaultValueFactory = _ => DataSource.Shapes, HelpName = "shapes|PATH" };
    private readonly Option<int?> steps = new("--steps") { Description = "How many steps.", HelpName = "N", CustomParser = result => CommonOptions.Whole(result, 1) };
    private readonly Option<double?> time = new("--time")
    {
        Description = $"How many seconds, the learning rate falling with the clock; {DefaultTime.TotalSeconds:0} where neither is given.",
        HelpName = "SECONDS",
        CustomParser = result => CommonOptions.Real(result, seconds => seconds is > 0 and < 1e9, "a positive number of seconds"),
    };
    private readonly Option<int> batchSize = new("--batch-size")
    {
        Description = "Images a step.",
        HelpName = "N",
        CustomParser = result => CommonOptions.Whole(result, 1, 65536),
        DefaultValueFactory = _ => 16,
    };
    private readonly Option<double> learningRate = new("--learning-rate")
    {
        Description = "Adam's, after 50 steps of warm-up; falls to 0 along a cosine.",
        HelpName = "X",
        CustomParser = result => CommonOptions.Real(result, rate => rate is > 0 and < 1, "a number between 0 and 1"),
        DefaultValueFactory = _ => 2e-3,
    };
    private readonly Option<bool> flips = new("--flips") { Description = "Mirror half of the images; not for digits or letters." };
    private readonly Option<int> count = CommonOptions.Count("Samples in the grid.");
    private readonly Option<long> seed = CommonOptions.Seed();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> output = new("--out") { Description = "The run's folder; by default a new one under runs/.", HelpName = "FOLDER" };

    public Command AddTo(Command command)
    {
        foreach (var option in new Option[] { spec, data, steps, time, batchSize, learningRate, flips, count, seed, device, output })
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        var target = Libtorch.ParseDevice(parsed.GetValue(device));
        var dataText = parsed.GetRequiredValue(data);
        var options = Options(parsed);
        // The network's first weights are drawn from the seed as well.
        manual_seed(options.Seed);
        using var network = Catalog.Create(parsed.GetValue(spec) ?? (DataSource.IsIdx(dataText) ? DigitsNetwork : ShapesNetwork));
        network.to(target);
        var info = network.Info;
        var source = DataSource.Open(dataText, info.Channels, info.ImageHeight, info.ImageWidth, options.Seed);
        using var folder = RunFolder.Create(parsed.GetValue(output), info.Name);

        AnsiConsole.MarkupLineInterpolated($"[bold]{info.Name}[/] ({info.ParameterCount:N0} parameters, {info.SpecPath}) on {source.Description}, {target}");
        if (source is ImageFolderSource { BrokenFiles: { Count: > 0 } broken })
            AnsiConsole.MarkupLineInterpolated($"[yellow]warning:[/] {broken.Count} files can't be read and are left out; the first is {broken[0].Path}: {broken[0].Reason}");

        var losses = new List<(int Step, double Loss)>();
        using var trainer = new Trainer(network, source, options);
        TrainingSummary summary;
        try
        {
            summary = Progress.WhileTraining(options, report => trainer.Train(
                step =>
                {
                    losses.Add((step.Step, step.Loss));
                    report(step);
                },
                interrupt.Token));
        }
        catch (TrainingDivergedException) when (losses.Count > 0)
        {
            Save();
            AnsiConsole.MarkupLineInterpolated($"[yellow]warning:[/] the weights of step {losses.Count:N0}, before it diverged, are in {folder.Checkpoint}");
            throw;
        }

        if (losses.Count == 0)
            throw new OperationCanceledException(interrupt.Token);
        Save();
        AnsiConsole.MarkupLineInterpolated($"{summary.Steps:N0} steps in {summary.Elapsed.TotalSeconds:N0} s, loss {summary.Loss:0.0000}{(summary.Cancelled ? ", interrupted: saved, and now drawing; once more ends at once" : "")}");
        using (trainer.Ema.Apply())
            Draw(network, parsed.GetValue(count), options.Seed, folder, summary.Cancelled ? CancellationToken.None : interrupt.Token);
        Show(folder);
        return summary.Cancelled ? Program.Interrupted : 0;

        void Save()
        {
            new CheckpointStore(folder.Checkpoint).Save(new CheckpointContent
            {
                Network = network,
                Step = losses.Count,
                Loss = losses.TakeLast(100).Average(point => point.Loss),
                Training = options,
                State = [],
                Tensors = new Dictionary<string, IReadOnlyDictionary<string, Tensor>> { ["weights"] = network.state_dict(), ["ema"] = trainer.Ema.StateDict },
            });
            File.WriteAllLines(folder.Losses, losses.Select(point => FormattableString.Invariant($"{point.Step},{point.Loss}")).Prepend("step,loss"));
            LossCurve.Save(losses, folder.LossCurve, $"Training loss of {info.Name}");
        }
    }

    private TrainingOptions Options(ParseResult parsed)
    {
        var seconds = parsed.GetValue(time);
        return new TrainingOptions
        {
            Steps = parsed.GetValue(steps),
            TimeLimit = seconds is { } given ? TimeSpan.FromSeconds(given) : parsed.GetValue(steps) is null ? DefaultTime : null,
            BatchSize = parsed.GetValue(batchSize),
            LearningRate = parsed.GetValue(learningRate),
            WarmupSteps = 50,
            Decay = LearningRateDecay.Cosine,
            // Short runs: an average over the last few hundred steps, updated at every one.
            EmaDecay = 0.99,
            EmaUpdateEvery = 1,
            EmaStartAfter = 0,
            Seed = parsed.GetValue(seed),
            HorizontalFlips = parsed.GetValue(flips),
        };
    }

    private static void Draw(NoisePredictor network, int count, long seed, RunFolder folder, CancellationToken cancellation)
    {
        var sampler = SampleCommand.Ddim(network);
        var options = new SamplingOptions { Count = count, Seed = seed };
        // Evenly spaced over the way: pure noise first, the finished picture last.
        var frames = Enumerable.Range(0, StripColumns).Select(column => column * sampler.Steps / (StripColumns - 1)).ToHashSet();
        var strip = new List<Tensor>();
        var rows = Math.Min(StripRows, Math.Min(count, options.BatchSize));
        using var scope = NewDisposeScope();
        var images = Progress.WhileSampling(options, observe => sampler.Sample(network, options, at =>
        {
            if (at.FirstImage == 0 && frames.Contains(at.Step))
                strip.Add(at.Images.narrow(0, 0, rows).clone());
            observe(at);
        }, cancellation));
        ImageGrid.Save(images, folder.Samples);
        ImageGrid.SaveStrip(strip, folder.Strip);
    }

    private static void Show(RunFolder folder)
    {
        var files = new Grid().AddColumns(2);
        files.AddRow(new Text("samples"), new Text(folder.Samples, new Style(Color.Blue)));
        files.AddRow(new Text("noise to picture"), new Text(folder.Strip, new Style(Color.Blue)));
        files.AddRow(new Text("loss"), new Text(folder.LossCurve, new Style(Color.Blue)));
        files.AddRow(new Text("checkpoint"), new Text(folder.Checkpoint, new Style(Color.Blue)));
        AnsiConsole.Write(files);
        AnsiConsole.MarkupLineInterpolated($"More: [grey]dotnet run -c Release --project src/Examples -- sample --checkpoint {folder.Checkpoint} --seed 1[/]");
    }
}
