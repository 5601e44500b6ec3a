using Spectre.Console;
using TorchSharp;
using UNetGen.Distributed;
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Where a drawing goes: a grid in one picture, a folder of pictures, or a file of latents.</summary>
/// <param name="network">Draws.</param>
/// <param name="sampler">With it.</param>
/// <param name="options">How many, of what.</param>
/// <param name="ranks">That draw together.</param>
/// <param name="cancellation">Ends it.</param>
/// <param name="trained">The network's weights.</param>
internal sealed class DrawingTarget(
    NoisePredictor network, Sampler sampler, SamplingOptions options, ICollective ranks, CancellationToken cancellation, Checkpoint trained)
{
    /// <summary>Whether a path is that of a grid.</summary>
    public static bool IsPicture(string path) => path.EndsWith(".png", StringComparison.OrdinalIgnoreCase);

    /// <exception cref="UsageException">It is none of the three.</exception>
    public static void Check(string? wanted)
    {
        if (wanted is null)
            return;
        var isOne = IsPicture(wanted) || DrawnLatents.IsName(wanted)
            ? !Directory.Exists(wanted)
            : !File.Exists(wanted) && (Directory.Exists(wanted) || !NewFile.IsCalledAsOne(wanted));
        if (!isOne)
            throw new UsageException($"--out must be a .png file, a folder or, for latents, a .safetensors file, not '{wanted}'.");
    }

    /// <exception cref="UNetGenException">A folder of pictures is asked for, and what the network draws are none.</exception>
    public static void RequireKind(string? wanted, NetworkInfo info, bool? arePictures)
    {
        if (wanted is null || IsPicture(wanted) || DrawnLatents.IsName(wanted) || arePictures != false)
            return;
        throw new UNetGenException(info.Channels is 1 or 3
            ? $"A folder is filled with pictures, and {info.Name} draws latents, as it was trained on: write them as they are, --out "
                + "FILE.safetensors, or show them, --out FILE.png."
            : $"A folder is filled with pictures, grey or RGB, and what {info.Name} draws has {info.Channels} channels: write it as it "
                + "is, --out FILE.safetensors, or show its channels beside each other, --out FILE.png.");
    }

    /// <summary>Draws, and says where the pictures are.</summary>
    /// <param name="target">Path of one of the three.</param>
    /// <param name="edited">What is made of pictures; null where all is drawn from noise.</param>
    /// <param name="seeds">Of a table's rows; null where there is none.</param>
    /// <param name="areLatents">Whether the network draws latents.</param>
    public void Draw(string target, EditedDrawing? edited, long[]? seeds, bool areLatents)
    {
        if (DrawnLatents.IsName(target))
            WriteLatents(target);
        else if (IsPicture(target))
            DrawGrid(target, edited, seeds, areLatents);
        else
            FillFolder(target);
    }

    private void WriteLatents(string path)
    {
        using var claim = ranks.Rank == 0 ? NewFile.ClaimLatents(path) : null;
        using var images = Progress.WhileSampling(
            options, lines: false, observe => sampler.Sample(network, options, ranks, observe, cancellation));
        if (ranks.Rank > 0)
            return;
        path = claim!.Path;
        DrawnLatents.Write(path, images, network, sampler, options);
        var shape = string.Join(" x ", images.shape[1..]);
        AnsiConsole.MarkupLineInterpolated($"{Counted.Of(options.Count, "latent")} of {shape} in [blue]{path}[/]");
    }

    private void DrawGrid(string picture, EditedDrawing? edited, long[]? seeds, bool areLatents)
    {
        var (drawn, isTable) = (options.Count, seeds is not null);
        var columns = edited?.Columns(drawn, isTable) ?? (isTable ? drawn : 0);
        var times = seeds?.LongLength ?? 1;
        var inGrid = edited?.InGrid(drawn, times) ?? drawn * times;
        GridSize.Require(
            network.Info, inGrid, "Name a folder, --out FOLDER, for a file each; or draw fewer.", columns,
            inGrid == drawn ? null : FormattableString.Invariant($"{inGrid:N0} pictures are"));
        using var claim = ranks.Rank == 0 ? NewFile.ClaimGrid(picture) : null;
        using var scope = torch.NewDisposeScope();
        var grids = new List<torch.Tensor>();
        foreach (var ofSeed in seeds?.Select(row => options with { Seed = row }) ?? [options])
        {
            var images = Progress.WhileSampling(
                ofSeed, lines: false, observe => sampler.Sample(network, ofSeed, ranks, observe, cancellation)).cpu();
            grids.Add(edited?.Grid(images, isFirst: grids.Count == 0) ?? images);
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

    private void FillFolder(string path)
    {
        var folder = new SampleFolder(path) { Background = trained.Background, Classes = trained.Classes };
        try
        {
            var drawn = Progress.WhileSampling(
                options, lines: true, observe => folder.Draw(network, sampler, options, observe, cancellation, ranks));
            var news = (options.Count, drawn) switch
            {
                (1, 0) => "no new one",
                (1, _) => "a new one",
                _ => $"{(drawn == options.Count ? "all" : $"{drawn}")} of them new",
            };
            AnsiConsole.MarkupLineInterpolated($"{Counted.Of(options.Count, "picture")} in [blue]{folder.Folder}[/], {news}");
        }
        catch (OperationCanceledException stopped) when (cancellation.IsCancellationRequested)
        {
            var same = folder.Folder == path ? "the same command" : "the same command with its new name";
            throw new InterruptedException($"{same} continues in {folder.Folder}", stopped);
        }
    }
}
