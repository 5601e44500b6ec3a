using System.Drawing;
using UNetGen.Data;

namespace UNetGen.Sampling.Editing;

/// <summary>A picture file's bytes, and what messages call it.</summary>
internal sealed record PictureContent(byte[] Bytes, string Name)
{
    /// <exception cref="DataException">There is no such file, or it can't be read.</exception>
    public static PictureContent OfFile(string path)
    {
        if (Directory.Exists(path))
            throw new DataException($"'{path}' is a folder; name a picture in it.");
        if (!SourceChecks.HasFile(path))
            throw new DataException($"There is no picture '{path}'{ImageSources.SeenFrom(path)}.");
        var content = PatientFile.Read(path, out var fault);
        return new(content ?? throw new DataException($"'{path}' {fault!.Reason}."), path);
    }

    public static PictureContent OfStream(Stream stream, string name)
    {
        if (!stream.CanRead)
            throw new ArgumentException("The stream can't be read: it is closed, or made for writing.", nameof(stream));
        using var memory = new MemoryStream();
        stream.CopyTo(memory);
        return new(memory.ToArray(), name);
    }

    /// <summary>Width and height of the picture, upright.</summary>
    /// <exception cref="DataException">It is no picture, or has several.</exception>
    public (int Width, int Height) Size()
    {
        if (PictureFile.Look(Bytes, out var reason) is not { } found)
            throw Unusable(reason!);
        return found.Frames == 1
            ? (found.Width, found.Height)
            : throw new DataException($"{Name} is animated, {found.Frames} pictures in one file: save the one that is meant as a PNG.");
    }

    /// <summary>The picture's pixels in another shape, as training data is brought to it.</summary>
    /// <exception cref="DataException">It is damaged, or a grid of UNetGen.</exception>
    public byte[] Pixels((int Channels, int Height, int Width) shape, Color background) =>
        PictureFile.Decode(Bytes, shape, background, out var reason) ?? throw Unusable(reason!);

    private DataException Unusable(string reason) =>
        new($"{Name} {reason}. Put one whole picture in its place.");
}
