using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>What is told of pictures that were read, by every command that reads them.</summary>
internal static class SourceWarnings
{
    /// <summary>Warns of pictures that were left out, and of pictures that look all of one grey.</summary>
    /// <param name="source">All of whose images were asked for.</param>
    /// <param name="instead">What is in the place of those that were left out, as a sentence.</param>
    public static void Show(IImageSource source, string instead)
    {
        if (source.BrokenFiles() is { } files && LeftOut(files) is { } broken)
            Warnings.Show($"{broken} {instead}");
        foreach (var strange in InputCheck.Images(source, new DiffusionOptions(), refuseNonNegative: false, CancellationToken.None))
            Warnings.Show(strange);
    }

    /// <summary>Warns of pictures that look all of one grey.</summary>
    /// <param name="names">As they were given: files, or a folder.</param>
    /// <param name="pictures">All that were read, [count, channels, height, width].</param>
    public static void Show(string names, Tensor pictures)
    {
        var count = (int)pictures.shape[0];
        if (ValueRange.Of(pictures).Doubt($"{Counted.Of(count, "picture")} ({names})", count == 1) is { } doubt)
            Warnings.Show(doubt);
    }

    /// <summary>How many were left out, and of the first why; null: none.</summary>
    public static string? LeftOut(IReadOnlyList<BrokenFile> broken) => broken.Count == 0
        ? null
        : $"{broken.Count:N0} picture {(broken.Count == 1 ? "file was" : "files were")} left out; the first, {broken[0].Path}, "
            + $"{broken[0].Reason}.";
}
