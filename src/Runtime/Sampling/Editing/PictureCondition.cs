using System.Drawing;
using UNetGen.Data;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// Makes <see cref="SamplingOptions.Condition"/> of picture files, as the source of the training made it of images. Pictures are brought to
/// the network's size as <see cref="EditedPicture"/> does it, and must have its aspect ratio.
/// </summary>
public static class PictureCondition
{
    /// <summary>A picture as it is, for a network that has learnt from pairs (<see cref="PairSource"/>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">For which network.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <returns>[1, condition channels, height, width], float32 in [-1, 1], on the CPU.</returns>
    /// <exception cref="DataException">There is no such file, or it is no picture, or of another aspect ratio.</exception>
    /// <exception cref="UNetGenException">The network takes no condition.</exception>
    public static Tensor Load(string path, NetworkInfo network, Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        Require(network, network.ConditionChannels > 0 ? network.ConditionChannels : 1, "a picture");
        var shape = (network.ConditionChannels, network.ImageHeight, network.ImageWidth);
        return EditedPicture.Load(path, network, shape, background).Image;
    }

    /// <summary>
    /// A picture in low resolution, for a network that has learnt to enlarge (<see cref="UpscalingSource"/>): each of its pixels becomes a
    /// square. A larger picture than the low one is scaled down to it first.
    /// </summary>
    /// <param name="path">The file; of the network's height and width, each divided by the factor.</param>
    /// <param name="network">For which network.</param>
    /// <param name="factor">The source's.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <returns>[1, channels, height, width], float32 in [-1, 1], on the CPU.</returns>
    /// <exception cref="DataException">There is no such file, or it is no picture, or of another aspect ratio.</exception>
    /// <exception cref="UNetGenException">
    /// The network takes no condition of as many channels, or the factor doesn't divide its sides.
    /// </exception>
    public static Tensor LowResolution(
        string path, NetworkInfo network, int factor = UpscalingSource.UsualFactor, Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        ArgumentOutOfRangeException.ThrowIfLessThan(factor, 2);
        Require(network, network.Channels, "a picture in low resolution");
        if (network.ImageHeight % factor != 0 || network.ImageWidth % factor != 0)
            throw new UNetGenException(
                $"{network.Name} makes images of {network.ImageHeight} x {network.ImageWidth}, which {factor} doesn't divide: it can't "
                    + "have learnt to enlarge pictures so many times.");
        using var scope = NewDisposeScope();
        var shape = (network.Channels, network.ImageHeight / factor, network.ImageWidth / factor);
        using var small = EditedPicture.Load(path, network, shape, background);
        return small.Image.repeat_interleave(factor, 2).repeat_interleave(factor, 3).MoveToOuterDisposeScope();
    }

    /// <summary>A picture with a hole, for a network that has learnt to inpaint (<see cref="InpaintingSource"/>).</summary>
    /// <param name="path">The file.</param>
    /// <param name="mask">A picture of the same size, white where it is to be painted and black elsewhere.</param>
    /// <param name="network">For which network.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <returns>
    /// [1, 1 + channels, height, width], float32, on the CPU: the mask, 1 where it is to be painted, then the picture, with 0 there.
    /// </returns>
    /// <exception cref="DataException">
    /// There is no such file, or it is no picture, or of another aspect ratio, or the mask has another size or is all black or white.
    /// </exception>
    /// <exception cref="UNetGenException">The network takes no condition of as many channels.</exception>
    public static Tensor WithHole(string path, string mask, NetworkInfo network, Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentException.ThrowIfNullOrEmpty(mask);
        ArgumentNullException.ThrowIfNull(network);
        Require(network, network.Channels + 1, "a picture with its mask");
        using var scope = NewDisposeScope();
        using var picture = EditedPicture.Load(path, network, background);
        var painted = PaintMask.Load(mask, picture);
        var known = picture.Image * (-painted).add(Number.One, Number.One);
        return cat([painted, known], 1).MoveToOuterDisposeScope();
    }

    /// <exception cref="UNetGenException">The network's condition has other channels.</exception>
    private static void Require(NetworkInfo network, int channels, string what)
    {
        if (network.ConditionChannels != channels)
            throw new UNetGenException(
                network.ConditionChannels == 0
                    ? $"{network.Name} makes images of noise alone: its spec has no condition_channels."
                    : $"{network.Name} makes images from a condition of {Counted.Of(network.ConditionChannels, "channel")}, and {what} has "
                        + $"{channels}.");
    }
}
