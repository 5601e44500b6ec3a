using System.Drawing;

namespace UNetGen.Data;

/// <summary>Opens the image source that a word or a path stands for.</summary>
public static class ImageSources
{
    /// <summary>The word that stands for <see cref="ShapesSource"/>. A folder of that name is reached as <c>./shapes</c>.</summary>
    public const string Shapes = "shapes";

    /// <summary>Opens a source that delivers images as the network wants them.</summary>
    /// <param name="text">
    /// <c>shapes</c>; or an IDX file; or a folder with MNIST's files, CIFAR-10's binary ones, latents in safetensors files or pictures,
    /// nested or not, looked for in this order.
    /// </param>
    /// <param name="channels">1 (grey) or 3 (RGB); the shapes and latents have any number.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="seed">Which shapes; files don't depend on it.</param>
    /// <param name="sharers">
    /// Processes of this machine that open it, this one among them, at least 1: they share the memory in which pictures stay decoded.
    /// </param>
    /// <param name="background">What lies behind the transparent pixels of pictures, opaque; null is black. Other images have none.</param>
    /// <exception cref="DataException">
    /// There is nothing at the path, or nothing that can be used. The message says what was looked for.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There are to be fewer than one sharer.</exception>
    public static IImageSource Open(
        string text, int channels, int height, int width, long seed = 0, int sharers = 1, Color? background = null)
    {
        ArgumentNullException.ThrowIfNull(text);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(sharers);
        if (text == Shapes)
            return new ShapesSource(channels, height, width, seed);
        if (File.Exists(text))
            return OpenFile(text, channels, height, width);
        if (!SourceChecks.HasFolder(text))
            throw new DataException(
                $"There is no file or folder '{text}'{SeenFrom(text)}.{EditDistance.Suggestion(text, [Shapes])} "
                + $"Training data is the word '{Shapes}', an IDX file, or a folder of pictures, of MNIST's files, of CIFAR-10's or of "
                + "latents.");
        if (IdxSource.FindIn(text) is { } idx)
            return WithNotes(IdxSource.Open(idx, channels, height, width), text, "MNIST's files");
        if (Cifar10Source.FindIn(text) is { } cifar)
            return WithNotes(Cifar10Source.Open(cifar, channels, height, width), text, "CIFAR-10's files");
        if (LatentSearch.IsIn(text))
        {
            var latents = LatentFolderSource.Open(text, channels, height, width);
            latents.Notes = [.. latents.Notes, .. NotesOf(text, "the latents", PicturesIn(text))];
            return latents;
        }
        var pictures = PictureFolder.Search(text);
        // Whatever is wrong with these files is what there is to say.
        if (pictures.Files.Length == 0 && LatentSearch.MayBeIn(text))
            return LatentFolderSource.Open(text, channels, height, width);
        if (pictures.Files.Length == 0 && LatentSearch.FoldersIn(text, LatentSearch.IsIn) is { Length: > 0 } inner)
            throw new DataException(
                $"'{text}' holds no {LatentSearch.LookedFor} itself, and those in its folders aren't read: "
                    + $"{Excerpt.List(inner)}. "
                    + (inner.Length == 1
                        ? $"Give that one, '{Path.Combine(text, inner[0])}'."
                        : "Give one of these, or put all files into one folder; classes are told by `labels` in the files."));
        if (pictures.Files.Length == 0)
            throw new DataException(
                $"'{text}' {(Directory.EnumerateFileSystemEntries(text).Any() ? "holds no images" : "is empty")}: looked for "
                    + $"{IdxSource.LookedFor}, "
                + $"for {Cifar10Source.LookedFor}, for {LatentSearch.LookedFor}, and for {PictureFile.ExtensionList} files in it and "
                + $"in its folders.{pictures.Instead}");
        return new ImageFolderSource(
            pictures, channels, height, width, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4 / sharers, background ?? Color.Black);
    }

    /// <summary>From where a relative path was looked for, to follow it in a message; empty for a full one.</summary>
    /// <param name="path">As it was given.</param>
    public static string SeenFrom(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Path.IsPathRooted(path) ? "" : $", seen from {Environment.CurrentDirectory}";
    }

    /// <summary>Whether <see cref="Open"/> would find IDX images there, as MNIST's are.</summary>
    /// <param name="text">As for <see cref="Open"/>.</param>
    public static bool IsIdx(string text)
    {
        ArgumentNullException.ThrowIfNull(text);
        return text != Shapes
            && (File.Exists(text) ? IdxFile.LooksLike(text) : Directory.Exists(text) && IdxSource.FindIn(text) is not null);
    }

    /// <summary>Says what lies in the same folder and would be data if the files that were found weren't there.</summary>
    private static DecodedSource WithNotes(DecodedSource source, string folder, string found)
    {
        source.Notes =
        [
            .. NotesOf(
                folder, found,
                [
                    .. source is not Cifar10Source && Cifar10Source.FindIn(folder) is not null ? ["CIFAR-10's files"] : (string[])[],
                    .. LatentSearch.IsIn(folder) ? ["latents"] : (string[])[],
                    .. PicturesIn(folder),
                ]),
        ];
        return source;
    }

    private static string[] NotesOf(string folder, string found, string[] others) => others.Length == 0
        ? []
        : [
            $"{folder}: read are {found} alone: left out are {string.Join(" and ", others)}. To learn from those, put them into a "
                + "folder of their own."];

    private static string[] PicturesIn(string folder)
    {
        try
        {
            return PictureFolder.Search(folder).Files is { Length: > 0 } pictures
                ? [$"{Counted.Of(pictures.Length, "picture")} ({pictures[0]}{(pictures.Length == 1 ? "" : " and others")})"]
                : [];
        }
        catch (DataException)
        {
            // A folder that is none of the data may be one that can't be read.
            return [];
        }
    }

    private static string FolderOf(string file) => Path.GetDirectoryName(file) is { Length: > 0 } folder ? folder : ".";

    private static IdxSource OpenFile(string file, int channels, int height, int width)
    {
        try
        {
            if (!IdxFile.LooksLike(file))
                throw new DataException(LatentSearch.IsName(file)
                    ? $"'{file}' is a single file. Latents are read from a folder: give the one that holds it, '{FolderOf(file)}'."
                    : $"'{file}' is not an IDX file. To train on pictures, on CIFAR-10 or on latents, give the folder that holds the "
                        + "files.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{file}' can't be read: {e.Message}", e);
        }
        return IdxSource.Open(file, channels, height, width);
    }
}
