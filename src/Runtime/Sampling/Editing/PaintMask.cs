using System.Drawing;
using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// Reads masks for <see cref="Inpainting"/>: white is to be painted, black is known, as diffusers has it. Of greys and of colours the
/// Rec. 601 luma counts, at the network's size: 128 of 255 and more is white. Transparent pixels are black.
/// </summary>
public static class PaintMask
{
    private const byte LeastWhite = 128;

    /// <summary>Reads a picture file as a mask.</summary>
    /// <param name="path">The file, of as many pixels as the picture's.</param>
    /// <param name="picture">The picture that is to be painted in.</param>
    /// <returns>[1, 1, height, width], float32: 1 is to be painted, 0 known; on the CPU.</returns>
    /// <exception cref="DataException">
    /// There is no such file, or it is no picture, an animated one, of another size than the picture, or all black or white.
    /// </exception>
    public static Tensor Load(string path, EditedPicture picture)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        ArgumentNullException.ThrowIfNull(picture);
        return Of(PictureContent.OfFile(path), picture);
    }

    /// <summary>The same of a stream, read to its end; it stays open.</summary>
    /// <param name="stream">A picture file's content.</param>
    /// <param name="picture">The picture that is to be painted in.</param>
    /// <returns>As of a file.</returns>
    /// <exception cref="DataException">As of a file.</exception>
    public static Tensor Read(Stream stream, EditedPicture picture)
    {
        ArgumentNullException.ThrowIfNull(stream);
        ArgumentNullException.ThrowIfNull(picture);
        return Of(PictureContent.OfStream(stream, "The mask"), picture);
    }

    /// <summary>The same of a file's bytes.</summary>
    /// <param name="content">All of them.</param>
    /// <param name="picture">The picture that is to be painted in.</param>
    /// <returns>As of a file.</returns>
    /// <exception cref="DataException">As of a file.</exception>
    public static Tensor Decode(byte[] content, EditedPicture picture)
    {
        ArgumentNullException.ThrowIfNull(content);
        ArgumentNullException.ThrowIfNull(picture);
        return Of(new PictureContent(content, "The mask"), picture);
    }

    private static Tensor Of(PictureContent content, EditedPicture picture)
    {
        var (width, height) = content.Size();
        if ((width, height) != (picture.Width, picture.Height))
            throw new DataException(
                $"{content.Name} is {width} x {height}, and the picture {picture.Width} x {picture.Height}: a mask has the picture's size, "
                    + "white where it is to be painted and black elsewhere.");
        var (rows, columns) = ((int)picture.Image.shape[2], (int)picture.Image.shape[3]);
        var grey = content.Pixels((1, rows, columns), Color.Black);
        var white = grey.Count(value => value >= LeastWhite);
        if (white == 0)
            throw new DataException(
                $"{content.Name} has no white at the network's {columns} x {rows}, so that nothing is to be painted: make white what is. "
                    + "Transparent pixels are black.");
        if (white == grey.Length)
            throw new DataException(
                $"{content.Name} is all white, so that nothing of the picture is kept: make black what is to stay, or draw without a "
                    + "picture.");
        return tensor(Array.ConvertAll(grey, value => value >= LeastWhite ? 1f : 0f), [1, 1, rows, columns]);
    }
}
