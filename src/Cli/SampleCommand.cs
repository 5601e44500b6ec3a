using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using TorchSharp;
using UNetGen.Backends;
using UNetGen.Cli.Runs;
using UNetGen.Distributed;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Draws pictures with a trained network: a grid, or thousands of files.</summary>
internal sealed class SampleCommand(Interrupt interrupt, ICollective ranks)
{
    private readonly Option<string> checkpoint = new(
        "--checkpoint")
    {
        Description =
            "A run's folder, for its newest checkpoint; a checkpoint's folder, for its averaged weights; or a .safetensors file in one.",
        Required = true,
        HelpName = "PATH"
    };
    private readonly SamplerOptions sampler = SamplerOptions.OfDrawing();
    private readonly Option<int[]> labels = new("--labels", "--class")
    {
        Description =
            "Of which classes, as 3 or 0,1,2 in turn, where the network takes labels; each class in turn where it isn't given. The last "
                + "class stands for none.",
        HelpName = "N,N...",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Numbers<int>(result, NumberStyles.None, "classes from 0"),
    };
    private readonly Option<double> guidance = new("--guidance")
    {
        Description = "Classifier-free guidance towards the class; 1 is off.",
        HelpName = "W",
        DefaultValueFactory = _ => 1,
        CustomParser = result => CommonOptions.Real(result, value => value >= 0, "a number of at least 0, up to 3.4e38"),
    };
    private readonly Option<double> guidanceRescale = new("--guidance-rescale")
    {
        Description =
            "How far, from 0 to 1, guided predictions are brought back to the deviation that they have without guidance; 0.7 for networks "
                + "with zero terminal SNR.",
        HelpName = "P",
        DefaultValueFactory = _ => 0,
        CustomParser = result => CommonOptions.Real(result, value => value is >= 0 and <= 1, "a number from 0 to 1"),
    };
    private readonly Option<int> count = CommonOptions.Count(
        "How many pictures; of an edit each class once, and at least 8, where it isn't given.");
    private readonly Option<int> batchSize = new("--batch-size")
    {
        Description = "How many pictures at once.",
        HelpName = "N",
        DefaultValueFactory = _ => new SamplingOptions().BatchSize,
        CustomParser = result => CommonOptions.Whole(result, 1, 65536),
    };
    private readonly Option<long> seed = CommonOptions.Seed();
    private readonly Option<string> device = CommonOptions.Device();
    private readonly Option<string?> precision = CommonOptions.Choice(
        "--precision", "float32; or bfloat16 or float16, for convolutions, linear layers and attention.",
        TextFormat.Choice<Precision>().Words, TextFormat.Choice<Precision>().Write(default));
    private readonly Option<string?> output = new("--out")
    {
        Description =
            "A grid in one picture, in the place of an earlier grid at most; or a folder for a file each, which the same command "
                + "continues; or a .safetensors file for latents, as they come out. By default a grid, or the latents of a network of "
                + "such, beside the checkpoint's folder.",
        HelpName = "FILE.png|FOLDER|FILE.safetensors",
    };

    private readonly Option<int?> negativeClass = new("--negative-class")
    {
        Description = "The class that --guidance leads away from, in the place of the one that stands for none.",
        HelpName = "N",
        CustomParser = result => CommonOptions.Whole(result, 0),
    };
    private readonly Option<long[]> seeds = new("--seeds")
    {
        Description = "Several seeds as a table, as 1,2,3: a row each, of --count pictures, or one of each class.",
        HelpName = "N,N...",
        Arity = ArgumentArity.ExactlyOne,
        CustomParser = result => Numbers<long>(
            result, NumberStyles.AllowLeadingSign, $"whole numbers from {long.MinValue} to {long.MaxValue}"),
    };
    private readonly ContextOptions contexts = new();
    private readonly EditOptions edits = new();

    public Command AddTo(Command command)
    {
        command.Add(checkpoint);
        sampler.AddTo(command);
        foreach (var option in new Option[] { labels, guidance, guidanceRescale, count, batchSize, seed, device, precision, output })
            command.Add(option);
        foreach (var option in (Option[])[negativeClass, .. contexts.All, seeds, .. edits.All])
            command.Add(option);
        command.SetAction(Run);
        return command;
    }

    private int Run(ParseResult parsed)
    {
        sampler.Check(parsed);
        if (parsed.GetValue(guidanceRescale) > 0 && parsed.GetValue(guidance) == 1)
            throw new UsageException("--guidance-rescale belongs to --guidance: where nothing is guided there is nothing to rescale.");
        DrawingTarget.Check(parsed.GetValue(output));
        edits.Check(parsed);
        CheckTable(parsed);
        // Where the pictures go and how many tables there are no drawing knows, which compares all that it draws with.
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to draw the same pictures", "Start all of them with the same options.",
            [RankFact.Text("--out", parsed.GetValue(output)), RankFact.Text("--seeds", string.Join(',', parsed.GetValue(seeds) ?? []))]);
        var path = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(checkpoint));
        var (trained, network) = TrainedWeights.Load(path, Warnings.Show);
        using var loaded = network;
        network.to(CommonOptions.Parse(parsed.GetValue(device), ranks));
        network.Precision = Enum.Parse<Precision>(parsed.GetValue(precision)!, ignoreCase: true);

        var chosen = sampler.Make(parsed, network);
        var arePictures = DrawnLatents.ArePictures(network);
        DrawingTarget.RequireKind(parsed.GetValue(output), network.Info, arePictures);
        if (arePictures == false)
            edits.RefuseForLatents(parsed, network.Info);
        var classes = new SampledClasses(network.Info, trained);
        var options = new SamplingOptions
        {
            Count = parsed.GetValue(count),
            BatchSize = parsed.GetValue(batchSize),
            Seed = parsed.GetValue(seed),
            Guidance = parsed.GetValue(guidance),
            GuidanceRescale = parsed.GetValue(guidanceRescale),
            // An option of an array that isn't given is an empty one.
            Labels = parsed.GetValue(labels) is { Length: > 0 } given ? given : classes.Each,
        };
        var edited = edits.Make(parsed, network.Info, trained);
        options = contexts.Make(parsed, Edited(parsed, options, edited, classes), network.Info, trained);
        using var ownContext = options.Context;
        using var ownNegativeContext = options.NegativeContext;
        classes.CheckLast(options, areLabelsGiven: parsed.IsGiven(labels));
        var rows = parsed.IsGiven(seeds) ? parsed.GetValue(seeds)! : null;
        var way = sampler.NameIn(parsed, network);
        // Where nothing says what is drawn, nothing is lost.
        var ending = rows is not null || arePictures == true ? ".png" : DrawnLatents.Ending;
        var name = $"{(edited is null ? "samples" : "edited")}-{way}-{(rows is null ? options.Seed : "seeds")}{ending}";
        var target = parsed.GetValue(output) ?? Path.Combine(FolderBeside(path), name);
        // From here on an interruption is heeded, for what is claimed is given up again.
        new DrawingTarget(network, chosen, options, ranks, interrupt.Token, trained)
            .Draw(target, edited, rows, areLatents: arePictures == false);
        if (arePictures is null && !DrawnLatents.IsName(target))
            Warnings.Show(
                $"weights alone don't say whether {network.Info.Name} draws pictures or latents, and its spec has `clip_sample: false`: "
                    + $"in {target} values are clipped to [-1, 1]. --out FILE{DrawnLatents.Ending} writes them as they are.");
        return 0;
    }

    /// <summary>
    /// Where a checkpoint lies: of a run's, its run. A checkpoint's own folder holds nothing else, so that of its files that is one further
    /// up.
    /// </summary>
    private static string FolderBeside(string path)
    {
        var full = Path.GetFullPath(path);
        if (Directory.Exists(Path.Combine(full, RunFolder.CheckpointName)))
            return full;
        var folder = Path.GetDirectoryName(full) ?? full;
        var isInCheckpoint = File.Exists(full) && File.Exists(Path.Combine(folder, CheckpointInfo.FileName));
        return isInCheckpoint ? Path.GetDirectoryName(folder) ?? folder : folder;
    }

    /// <exception cref="UsageException">Options of tables and strips don't belong together.</exception>
    private void CheckTable(ParseResult parsed)
    {
        if (edits.IsStrip(parsed) && parsed.IsGiven(count))
            throw new UsageException(
                "--count doesn't go with --between: --frames says how many pictures a strip has, and --labels or --seeds give several.");
        if (!parsed.IsGiven(seeds))
            return;
        if (parsed.IsGiven(seed))
            throw new UsageException("--seed and --seeds both say which noise: give one.");
        if (parsed.GetValue(output) is { } wanted && !DrawingTarget.IsPicture(wanted))
            throw new UsageException("--seeds makes a table, one .png file. For a folder, draw each seed with --seed.");
    }

    /// <summary>The same options for what is made of pictures, and of several seeds.</summary>
    private SamplingOptions Edited(ParseResult parsed, SamplingOptions options, EditedDrawing? edited, SampledClasses known)
    {
        var isStrip = edited is { Frames: > 0 };
        var classes = isStrip && !parsed.IsGiven(labels) ? known.None() : options.Labels;
        var each = classes?.Count ?? 1;
        if (parsed.IsGiven(seeds) && edited is { IsOfMany: true } && options.Count % edited.Before.shape[0] != 0 && parsed.IsGiven(count))
            throw new UsageException(
                $"--count {options.Count} isn't so many for each of the {edited.Before.shape[0]} pictures: in a table with --seeds each has a "
                    + "column. Give a multiple, or leave --count out.");
        return options with
        {
            NegativeClass = parsed.GetValue(negativeClass),
            Edit = edited?.Edit,
            Condition = edited?.Condition,
            Labels = classes,
            Count = isStrip ? edited!.Frames * each
                : parsed.IsGiven(count) ? options.Count
                : parsed.IsGiven(seeds) ? edited?.CountOfRow(each) ?? each
                : edited?.CountOf(each) ?? options.Count,
        };
    }

    private static T[] Numbers<T>(ArgumentResult result, NumberStyles styles, string range) where T : struct, IBinaryInteger<T>
    {
        var values = new List<T>();
        foreach (var part in result.Tokens[0].Value.Split(','))
        {
            if (!T.TryParse(part, styles, CultureInfo.InvariantCulture, out var value))
                return CommonOptions.Refuse<T[]>(result, $"{range}, with commas between them")!;
            values.Add(value);
        }
        return [.. values];
    }
}
