using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using System.Numerics;
using Spectre.Console;
using TorchSharp;
using UNetGen.Backends;
using UNetGen.Cli.Runs;
using UNetGen.Distributed;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Draws pictures with a trained network: a grid, or thousands of files.</summary>
internal sealed class SampleCommand(Interrupt interrupt, ICollective ranks)
{
    private static readonly string[] OtherPictures = [".jpg", ".jpeg", ".webp", ".gif", ".bmp", ".tif", ".tiff"];

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
        CustomParser = result => Numbers<int>(result, NumberStyles.None, "--labels must be classes from 0"),
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
            result, NumberStyles.AllowLeadingSign, $"--seeds must be whole numbers from {long.MinValue} to {long.MaxValue}"),
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
        if (parsed.GetValue(output) is { } wanted && !IsPictureOrFolder(wanted))
            throw new UsageException($"--out must be a .png file, a folder or, for latents, a .safetensors file, not '{wanted}'.");
        edits.Check(parsed);
        CheckTable(parsed);
        var path = Path.TrimEndingDirectorySeparator(parsed.GetRequiredValue(checkpoint));
        // A run's folder stands for the checkpoint in it.
        if (Directory.Exists(Path.Combine(path, RunFolder.CheckpointName)))
            path = Path.Combine(path, RunFolder.CheckpointName);
        var (trained, network) = TrainedWeights.Load(path, Warnings.Show);
        using var loaded = network;
        network.to(CommonOptions.Parse(parsed.GetValue(device), ranks));
        network.Precision = Enum.Parse<Precision>(parsed.GetValue(precision)!, ignoreCase: true);

        var chosen = sampler.Make(parsed, network);
        var arePictures = DrawnLatents.ArePictures(network, trained);
        RequireKind(parsed.GetValue(output), network.Info, arePictures);
        if (arePictures == false)
            edits.RefuseForLatents(parsed, network.Info);
        var ofData = TrainedWeights.ClassesOfData(network.Info, trained);
        var options = new SamplingOptions
        {
            Count = parsed.GetValue(count),
            BatchSize = parsed.GetValue(batchSize),
            Seed = parsed.GetValue(seed),
            Guidance = parsed.GetValue(guidance),
            GuidanceRescale = parsed.GetValue(guidanceRescale),
            // An option of an array that isn't given is an empty one.
            Labels = parsed.GetValue(labels) is { Length: > 0 } given ? given : EachClass(network.Info, ofData),
        };
        var edited = edits.Make(parsed, network.Info, trained.Condition);
        options = contexts.Make(parsed, Edited(parsed, options, edited, network.Info, ofData), network.Info, trained);
        using var ownContext = options.Context;
        using var ownNegativeContext = options.NegativeContext;
        CheckLastClass(
            network.Info, ofData, options.NegativeClass is null ? options.Guidance : 1, areLabelsGiven: parsed.IsGiven(labels));
        var rows = parsed.IsGiven(seeds) ? parsed.GetValue(seeds)! : null;
        var way = sampler.NameIn(parsed, network);
        // Where nothing says what is drawn, nothing is lost.
        var ending = rows is not null || arePictures == true ? ".png" : DrawnLatents.Ending;
        var name = $"{(edited is null ? "samples" : "edited")}-{way}-{(rows is null ? options.Seed : "seeds")}{ending}";
        var target = parsed.GetValue(output) ?? Path.Combine(FolderBeside(path), name);
        if (DrawnLatents.IsName(target))
            DrawLatents(network, chosen, options, target);
        else if (IsPicture(target))
            DrawGrid(network, chosen, options, edited, rows, target, areLatents: arePictures == false);
        else
            Stream(network, chosen, options, target);
        if (arePictures is null && !DrawnLatents.IsName(target))
            Warnings.Show(
                $"weights alone don't say whether {network.Info.Name} draws pictures or latents, and its spec has `clip_sample: false`: "
                    + $"in {target} values are clipped to [-1, 1]. --out FILE{DrawnLatents.Ending} writes them as they are.");
        return 0;
    }

    /// <summary>Where a checkpoint lies. Its own folder holds nothing else, so that of its files that is one further up.</summary>
    private static string FolderBeside(string path)
    {
        var full = Path.GetFullPath(path);
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
        if (parsed.GetValue(output) is { } wanted && !IsPicture(wanted))
            throw new UsageException("--seeds makes a table, one .png file. For a folder, draw each seed with --seed.");
    }

    /// <summary>The same options for what is made of pictures, and of several seeds.</summary>
    private SamplingOptions Edited(ParseResult parsed, SamplingOptions options, EditedDrawing? edited, NetworkInfo info, int? ofData)
    {
        var isStrip = edited is { Frames: > 0 };
        var classes = isStrip && !parsed.IsGiven(labels) ? NoClass(info, ofData) : options.Labels;
        var each = classes?.Count ?? 1;
        return options with
        {
            NegativeClass = parsed.GetValue(negativeClass),
            Edit = edited?.Edit,
            Condition = edited?.Condition,
            Labels = classes,
            Count = isStrip ? edited!.Frames * each
                : parsed.IsGiven(count) ? options.Count
                : parsed.IsGiven(seeds) ? each
                : edited?.CountOf(each) ?? options.Count,
        };
    }

    /// <exception cref="UNetGenException">A folder of pictures is asked for, and what the network draws are none.</exception>
    private static void RequireKind(string? wanted, NetworkInfo info, bool? arePictures)
    {
        if (wanted is null || IsPicture(wanted) || DrawnLatents.IsName(wanted) || arePictures != false)
            return;
        throw new UNetGenException(info.Channels is 1 or 3
            ? $"A folder is filled with pictures, and {info.Name} draws latents, as it was trained on: write them as they are, --out "
                + "FILE.safetensors, or show them, --out FILE.png."
            : $"A folder is filled with pictures, grey or RGB, and what {info.Name} draws has {info.Channels} channels: write it as it "
                + "is, --out FILE.safetensors, or show its channels beside each other, --out FILE.png.");
    }

    private void DrawLatents(NoisePredictor network, Sampler chosen, SamplingOptions options, string path)
    {
        using var claim = ranks.Rank == 0 ? NewFile.ClaimLatents(path) : null;
        using var images = Progress.WhileSampling(
            options, lines: false, observe => chosen.Sample(network, options, ranks, observe, interrupt.Token));
        if (ranks.Rank > 0)
            return;
        path = claim!.Path;
        DrawnLatents.Write(path, images, network, chosen, options);
        var shape = string.Join(" x ", images.shape[1..]);
        AnsiConsole.MarkupLineInterpolated($"{Counted.Of(options.Count, "latent")} of {shape} in [blue]{path}[/]");
    }

    private void DrawGrid(
        NoisePredictor network, Sampler chosen, SamplingOptions options, EditedDrawing? edited, long[]? seeds, string picture,
        bool areLatents)
    {
        var (drawn, isTable) = (options.Count, seeds is not null);
        var columns = edited?.Columns(drawn, isTable) ?? (isTable ? drawn : 0);
        var inGrid = (edited?.InGrid(drawn) ?? drawn) * (seeds?.LongLength ?? 1);
        GridSize.Require(
            network.Info, inGrid, "Name a folder, --out FOLDER, for a file each; or draw fewer.", columns,
            inGrid == drawn ? null : FormattableString.Invariant($"{inGrid:N0} pictures are"));
        using var claim = ranks.Rank == 0 ? NewFile.ClaimGrid(picture) : null;
        using var scope = torch.NewDisposeScope();
        var grids = new List<torch.Tensor>();
        foreach (var ofSeed in seeds?.Select(row => options with { Seed = row }) ?? [options])
        {
            var images = Progress.WhileSampling(
                ofSeed, lines: false, observe => chosen.Sample(network, ofSeed, ranks, observe, interrupt.Token)).cpu();
            grids.Add(edited?.Grid(images) ?? images);
        }
        if (ranks.Rank > 0)
            return;
        picture = claim!.Path;
        var all = torch.cat(grids);
        ImageGrid.Save(areLatents ? DrawnLatents.Shown(all) : all, picture, columns);
        var pictures = Counted.Of(drawn * (long)grids.Count, areLatents ? "latent" : "picture");
        AnsiConsole.MarkupLineInterpolated($"{pictures}{edited?.Legend} in [blue]{picture}[/]");
        if (areLatents)
            Console.WriteLine(
                $"they are shown, divided by the largest of their values; --out FILE{DrawnLatents.Ending} writes them as they are");
    }

    private void Stream(NoisePredictor network, Sampler chosen, SamplingOptions options, string path)
    {
        var folder = new SampleFolder(path);
        try
        {
            var drawn = Progress.WhileSampling(
                options, lines: true, observe => folder.Draw(network, chosen, options, observe, interrupt.Token, ranks));
            AnsiConsole.MarkupLineInterpolated($"{Counted.Of(options.Count, "picture")} in [blue]{folder.Folder}[/], {(drawn == options.Count ? "all" : $"{drawn}")} of them new");
        }
        catch (OperationCanceledException)
        {
            var same = folder.Folder == path ? "the same command continues in" : "the same command with its new name continues in";
            AnsiConsole.MarkupLineInterpolated($"interrupted: {same} [blue]{folder.Folder}[/]");
            throw;
        }
    }

    /// <summary>
    /// The classes of the data; where nothing says which, all but the last, which mostly stands for none. Null for a network without any.
    /// </summary>
    private static int[]? EachClass(NetworkInfo info, int? ofData) =>
        info.NumClasses is { } classes ? [.. Enumerable.Range(0, Math.Max(1, ofData ?? classes - 1))] : null;

    /// <summary>A strip's class, where none is named: the one that stands for none.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    private static int[]? NoClass(NetworkInfo info, int? ofData)
    {
        if (info.NumClasses is not { } classes)
            return null;
        return ofData == classes
            ? throw new UsageException(
                $"--between needs --class here: {info.Name} has no class that stands for none. Say of which the strip shall be.")
            : [classes - 1];
    }

    /// <summary>Whether the last class stands for none is the data's matter, not the network's.</summary>
    /// <exception cref="UNetGenException">Guidance is asked for, and no class stands for none.</exception>
    private static void CheckLastClass(NetworkInfo info, int? ofData, double guidance, bool areLabelsGiven)
    {
        if (info.NumClasses is not { } classes)
            return;
        if (guidance != 1 && ofData == classes)
            throw new UNetGenException(
                $"--guidance {guidance} needs a class that stands for none, but {info.Name} has {Counted.Of(classes, "class", "classes")}, as "
                    + $"many as the data that it was trained on: num_classes: {classes + 1} has one more. Leave the guidance at 1.");
        if (ofData is null && !(areLabelsGiven && guidance == 1))
            Warnings.Show(TrainedWeights.DoubtOfLastClass(classes, "name it with --labels, and don't guide"));
    }

    private static bool IsPictureOrFolder(string path) => IsPicture(path) || DrawnLatents.IsName(path)
        ? !Directory.Exists(path)
        : !File.Exists(path) && !OtherPictures.Contains(Path.GetExtension(path), StringComparer.OrdinalIgnoreCase);

    private static bool IsPicture(string path) => path.EndsWith(".png", StringComparison.OrdinalIgnoreCase);

    private static T[] Numbers<T>(ArgumentResult result, NumberStyles styles, string range) where T : struct, IBinaryInteger<T>
    {
        var values = new List<T>();
        var text = result.Tokens[0].Value;
        foreach (var part in text.Split(','))
        {
            if (!T.TryParse(part, styles, CultureInfo.InvariantCulture, out var value))
            {
                result.AddError($"{range}, with commas between them, not '{text}'.");
                return [];
            }
            values.Add(value);
        }
        return [.. values];
    }
}
