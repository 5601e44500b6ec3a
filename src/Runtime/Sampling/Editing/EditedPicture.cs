using System.Drawing;
using UNetGen.Data;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// A picture as a network takes it, brought to its size and channels as training data is: turned upright, in sRGB, laid on the background
/// where it is transparent, scaled. Only one of the network's aspect ratio is taken, so that nothing of it is cut off unseen.
/// </summary>
public sealed class EditedPicture : IDisposable
{
    private readonly Tensor image;

    private EditedPicture(Tensor image, int width, int height) => (this.image, Width, Height) = (image, width, height);

    /// <summary>[1, channels, height, width], float32 in [-1, 1], on the CPU; lives as long as this.</summary>
    /// <exception cref="ObjectDisposedException">The picture is disposed.</exception>
    public Tensor Image
    {
        get
        {
            ObjectDisposedException.ThrowIf(image.IsInvalid, this);
            return image;
        }
    }

    /// <summary>The file's own width, upright, in pixels.</summary>
    public int Width { get; }

    /// <summary>The file's own height, upright, in pixels.</summary>
    public int Height { get; }

    /// <summary>Reads a picture file: PNG, JPEG, WebP, BMP or GIF.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">For which network: its <c>Info</c>.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <exception cref="DataException">
    /// There is no such file, or it is no picture, an animated one, or of another aspect ratio; or the network's images have other channels
    /// than 1 or 3.
    /// </exception>
    public static EditedPicture Load(string path, NetworkInfo network, Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(network);
        return Of(PictureContent.OfFile(path), network, background);
    }

    /// <summary>The same brought to another shape; the aspect ratio must be the network's all the same.</summary>
    internal static EditedPicture Load(
        string path, NetworkInfo network, (int Channels, int Height, int Width) shape, Color? background) =>
        Of(PictureContent.OfFile(path), network, shape, background);

    /// <summary>The same of a stream, read to its end; it stays open.</summary>
    /// <param name="stream">A picture file's content.</param>
    /// <param name="network">For which network.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <exception cref="DataException">As of a file.</exception>
    public static EditedPicture Read(Stream stream, NetworkInfo network, Color? background = null)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(network);
        return Of(PictureContent.OfStream(stream, "The picture"), network, background);
    }

    /// <summary>The same of a file's bytes.</summary>
    /// <param name="content">All of them.</param>
    /// <param name="network">For which network.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <exception cref="DataException">As of a file.</exception>
    public static EditedPicture Decode(byte[] content, NetworkInfo network, Color? background = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(content);
        return Of(new PictureContent(content, "The picture"), network, background);
    }

    /// <inheritdoc/>
    public void Dispose() => image.Dispose();

    private static EditedPicture Of(PictureContent content, NetworkInfo network, Color? background) =>
        Of(content, network, (network.Channels, network.ImageHeight, network.ImageWidth), background);

    private static EditedPicture Of(
        PictureContent content, NetworkInfo network, (int Channels, int Height, int Width) shape, Color? background)
    {
        SourceChecks.CheckTarget(content.Name, shape.Channels, shape.Height, shape.Width);
        var (width, height) = content.Size();
        // As ImageFit scales it; less than a pixel is rounding.
        var scale = Math.Max((double)network.ImageWidth / width, (double)network.ImageHeight / height);
        if (width * scale >= network.ImageWidth + 1 || height * scale >= network.ImageHeight + 1)
            throw new DataException(
                $"{content.Name} is {width} x {height}, and {network.Name} draws {network.ImageWidth} x {network.ImageHeight}: it would be "
                    + "cut off at two sides. Crop or pad it to that aspect ratio first.");
        var pixels = content.Pixels(shape, background ?? Color.Black);
        var values = new float[pixels.Length];
        DecodedSource.ToValues(pixels, values);
        return new(tensor(values, [1, shape.Channels, shape.Height, shape.Width]).DetachFromDisposeScope(), width, height);
    }
}
