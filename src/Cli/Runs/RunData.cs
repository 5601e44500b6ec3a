using UNetGen.Data;
using UNetGen.Networks;

namespace UNetGen.Cli.Runs;

/// <summary>The images of a run, with what they are to be made from.</summary>
internal static class RunData
{
    /// <summary>Opens them as the network takes them, and shows what the user should know of them.</summary>
    /// <param name="options">The run's.</param>
    /// <param name="network">Its network.</param>
    /// <param name="sharers">Processes of this machine that open them.</param>
    /// <exception cref="UNetGenException">They can't be opened, or the network's condition has other channels than the task's.</exception>
    public static IImageSource Open(RunOptions options, NetworkInfo network, int sharers)
    {
        Check(options, network);
        if (options.Condition == TextFormat.None)
        {
            var images = DataOptions.Open(options.Data, network, options.Background, options.Training.Seed, sharers);
            return options.Task switch
            {
                ImageTask.Upscale => new UpscalingSource(images, options.TaskFactor),
                ImageTask.Inpaint => new InpaintingSource(images, options.Training.Seed),
                _ => images,
            };
        }
        var pairs = PairSource.Open(
            options.Data, options.Condition, network.Channels, network.ImageHeight, network.ImageWidth, network.ConditionChannels,
            GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 / sharers, options.Background);
        foreach (var note in pairs.Notes)
            Warnings.Show(note);
        return pairs;
    }

    private static void Check(RunOptions options, NetworkInfo network)
    {
        var (channels, takes) = (network.Channels, network.ConditionChannels);
        var arePairs = options.Condition != TextFormat.None;
        if (arePairs && options.Task != ImageTask.None)
            throw new UNetGenException(
                $"--condition and --task {Name(options.Task)} both say what images are to be made from: give one of them.");
        if (arePairs && options.Data == ImageSources.Shapes)
            throw new UNetGenException(
                $"--condition {options.Condition} has partners of pictures, and the shapes are none: name their folder with --data.");
        if (options.Task != ImageTask.Upscale && options.TaskFactor != new RunOptions().TaskFactor)
            throw new UNetGenException(
                $"--task-factor {options.TaskFactor} says how far --task upscale enlarges, and that isn't given. Leave it out.");
        if (takes == 0 && !arePairs && options.Task == ImageTask.None)
            return;
        if (!arePairs && options.Task == ImageTask.None)
            throw new UNetGenException(
                $"{network.Name} makes images from a condition of {Counted.Of(takes, "channel")} (condition_channels), and nothing says "
                    + $"from what. --task upscale makes one of {channels}, --task inpaint one of {channels + 1}, and --condition FOLDER "
                    + "has pictures, of 1 or 3.");
        if (arePairs)
        {
            if (takes is not (1 or 3))
                throw new UNetGenException(
                    $"--condition {options.Condition} has pictures, which are of 1 channel (grey) or 3: the spec of {network.Name} needs "
                        + $"condition_channels: 1 or 3, and {Has(takes)}.");
            return;
        }
        var (needs, made) = options.Task == ImageTask.Upscale
            ? (channels, "the picture in low resolution")
            : (channels + 1, "the mask, and the picture without what it hides");
        if (takes != needs)
            throw new UNetGenException(
                $"--task {Name(options.Task)} needs a spec with condition_channels: {needs} ({made}), and that of {network.Name} "
                    + $"{Has(takes)}.");
    }

    private static string Has(int takes) => takes == 0 ? "has none" : $"has {takes}";

    private static string Name(ImageTask task) => task.ToString().ToLowerInvariant();
}
