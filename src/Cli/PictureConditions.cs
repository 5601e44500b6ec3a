using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;
using Color = System.Drawing.Color;

namespace UNetGen.Cli;

/// <summary>The pictures of <c>sample --condition</c>, as the network has learnt to make images from them.</summary>
internal static class PictureConditions
{
    /// <summary>Reads them.</summary>
    /// <param name="source">A picture, or a folder; null: none is given.</param>
    /// <param name="mask">Where a network that inpaints is to paint; null: none is given.</param>
    /// <param name="network">The network.</param>
    /// <param name="learnt">
    /// What it was trained on, <see cref="Training.Checkpoint.Condition"/>; null: nothing says. Then the mask tells, and without one a
    /// picture is taken as it is.
    /// </param>
    /// <param name="colour">What lies behind transparent pixels.</param>
    /// <exception cref="UNetGenException">The network takes no condition, or nothing or something else is given.</exception>
    /// <exception cref="DataException">A picture can't be used.</exception>
    public static EditedDrawing Open(string? source, string? mask, NetworkInfo network, string? learnt, Color? colour)
    {
        if (network.ConditionChannels == 0)
            throw new UNetGenException(
                $"{network.Name} makes images of noise alone, and --condition belongs to networks whose spec has condition_channels. "
                    + "--from begins with a picture, and --inpaint paints a part of one.");
        var factor = UpscalingSource.FactorIn(learnt);
        var inpaints = InpaintingSource.Is(learnt) || (learnt is null && mask is not null);
        var given = inpaints ? "a picture, and with --mask where to paint in it" : factor is null ? "a picture" : "a small picture";
        if (source is null)
            throw new UNetGenException(
                $"{network.Name} makes images from others ({learnt ?? Counted.Of(network.ConditionChannels, "channel")}): give it {given}, "
                    + $"--condition PICTURE{(inpaints ? " --mask PICTURE" : "")}.");
        if (inpaints && mask is null)
            throw new UNetGenException(
                $"{network.Name} has learnt to inpaint: --mask says where, a picture of the same size, white there and black elsewhere.");
        if (!inpaints && mask is not null)
            throw new UNetGenException(
                $"--mask is for networks that have learnt to inpaint, and {network.Name} has learnt from other data ({learnt}): leave it "
                    + "out.");

        if (learnt is null && !inpaints)
            Warnings.Show(
                $"weights alone don't say what {network.Name} has learnt to make images from: the picture is taken as it is, "
                    + "and not as one in low resolution.");
        var files = EditOptions.Files(source);
        var condition = cat([.. files.Select(Read)]);
        // A hole is grey in the condition, whatever its picture is.
        SourceWarnings.Show(
            source, inpaints ? cat([.. files.Select(file => EditedPicture.Load(file, network, colour).Image)]) : condition);
        return new(null, Shown(condition, network.Channels, inpaints)) { Condition = condition };

        Tensor Read(string file) => inpaints ? PictureCondition.WithHole(file, mask!, network, colour)
            : factor is { } times ? PictureCondition.LowResolution(file, network, times, colour)
            : PictureCondition.Load(file, network, colour);
    }

    /// <summary>What of a condition is shown beside pictures, in their channels.</summary>
    private static Tensor Shown(Tensor condition, int channels, bool inpaints)
    {
        var pictures = inpaints ? condition.narrow(1, 1, channels) : condition;
        return pictures.shape[1] == channels ? pictures : pictures.mean([1L], keepdim: true).expand(-1, channels, -1, -1);
    }
}
