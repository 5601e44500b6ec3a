using UNetGen.Files;

namespace UNetGen.Data;

/// <summary>What every image source checks of its arguments.</summary>
internal static class SourceChecks
{
    public static int PixelCount(this IImageSource source) => checked(source.Channels * source.Height * source.Width);

    /// <summary>Whether a folder of data is there, or a link to one.</summary>
    /// <exception cref="DataException">It can't be reached, so that nobody knows.</exception>
    public static bool HasFolder(string path) => IsThere(path, Presence.OfFolder);

    /// <summary>Whether a file of data is there, or a link to one.</summary>
    /// <inheritdoc cref="HasFolder"/>
    public static bool HasFile(string path) => IsThere(path, Presence.OfFile);

    private static bool IsThere(string path, Func<string, bool> find)
    {
        try
        {
            return find(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{path}' can't be reached: {error.Message}", error);
        }
    }

    /// <summary>What has kept a folder's folders from being classes, to follow a sentence; empty: nothing.</summary>
    public static string WhyNoClasses(this IImageSource source) => source switch
    {
        ImageFolderSource { Stray: { } stray } => $" {stray}",
        DerivedSource derived => derived.Images.WhyNoClasses(),
        _ => "",
    };

    /// <summary>The picture files that were found broken until now; null: the images are no picture files.</summary>
    public static IReadOnlyList<BrokenFile>? BrokenFiles(this IImageSource source) => source switch
    {
        ImageFolderSource pictures => pictures.BrokenFiles,
        PairSource pairs => pairs.BrokenFiles,
        DerivedSource derived => derived.Images.BrokenFiles(),
        _ => null,
    };

    /// <summary>
    /// The file of an image that was found broken, so that another image stands in; null: none was. Who has read the image knows.
    /// </summary>
    public static BrokenFile? BrokenFile(this IImageSource source, int index) => source switch
    {
        ImageFolderSource pictures => pictures.BrokenFile(index),
        PairSource pairs => pairs.BrokenFile(index),
        SubsetSource subset => subset.BrokenFile(index),
        DerivedSource derived => derived.Images.BrokenFile(index),
        _ => null,
    };

    /// <summary>Reads an image, unless its own file is broken: who counts images wants none that stands in for another.</summary>
    /// <returns>Whether it is that image.</returns>
    /// <exception cref="DataException">As of <see cref="IImageSource.Read"/>, where another may have to stand in.</exception>
    public static bool TryRead(this IImageSource source, int index, Span<float> pixels)
    {
        switch (source)
        {
            case ImageFolderSource pictures:
                return pictures.TryRead(index, pixels);
            case SubsetSource subset:
                return subset.TryRead(index, pixels);
            default:
                source.Read(index, pixels);
                return source.BrokenFile(index) is null;
        }
    }

    public static int ConditionCount(this IImageSource source) => checked(source.ConditionChannels * source.Height * source.Width);

    public static void CheckCondition(IImageSource source, Span<float> condition)
    {
        if (condition.Length != source.ConditionCount())
            throw new ArgumentException(
                $"A condition is {source.ConditionChannels} x {source.Height} x {source.Width} = {source.ConditionCount()} values; the "
                    + $"span holds {condition.Length}.",
                nameof(condition));
    }

    public static void CheckIndex(IImageSource source, int index)
    {
        if ((uint)index >= (uint)source.Count)
            throw new ArgumentOutOfRangeException(
                nameof(index), index, $"There {(source.Count == 1 ? "is" : "are")} {Counted.Of(source.Count, "image")}.");
    }

    /// <exception cref="DataException">
    /// A source says neither which classes there are nor that there are none, or one's name can't be written down.
    /// </exception>
    public static void RequireClasses(IImageSource source)
    {
        if (source.Classes is null)
            throw new DataException(
                $"The `Classes` of {source.Description} are null: a source without any has an empty list.");
        if (source.Classes.Any(name => name is null))
            throw new DataException($"A name among the `Classes` of {source.Description} is null: give each class one.");
        if (source.Classes.FirstOrDefault(name => !IsWhole(name)) is { } torn)
            throw new DataException(
                $"The class '{Excerpt.Of(torn)}' of {source.Description} has half of a character in its name (a surrogate without its pair), "
                    + "which no file can hold: give it another name.");
    }

    /// <summary>Whether each surrogate of a text has its pair.</summary>
    private static bool IsWhole(string text)
    {
        for (var i = 0; i < text.Length; i++)
        {
            if (char.IsSurrogatePair(text, i))
                i++;
            else if (char.IsSurrogate(text[i]))
                return false;
        }
        return true;
    }

    /// <exception cref="DataException">They are latents, of which no network of pictures sees anything.</exception>
    public static void RequirePictures(IImageSource source)
    {
        if (!source.IsBounded)
            throw new DataException($"Pictures are wanted, with values in [-1, 1], and these are none: {source.Description}. Decode them first.");
    }

    /// <exception cref="DataException">Mirroring would make something else of the images than of what they show.</exception>
    public static void RequireMirrorable(IImageSource source)
    {
        if (!source.IsBounded)
            throw new DataException(
                $"`HorizontalFlips` can't be of {source.Description}: a mirrored picture's latent is another than the latent mirrored. "
                    + "Leave it out, and put the latents of mirrored pictures beside the others.");
    }

    /// <summary>The class of an image, as the source must name it: another would be one that the network has for something else.</summary>
    /// <exception cref="DataException">It is none of the source's classes.</exception>
    public static int LabelOf(this IImageSource source, int index)
    {
        var (label, classes) = (source.Label(index), source.Classes.Count);
        return (uint)label < (uint)classes
            ? label
            : throw new DataException(FormattableString.Invariant(
                $"Image {index} of {source.Description} has the label {label}, but `Classes` names ")
                + FormattableString.Invariant($"{Counted.Of(classes, "class", "classes")}, which are 0 to {classes - 1}."));
    }

    public static void CheckRead(IImageSource source, int index, Span<float> pixels)
    {
        CheckIndex(source, index);
        if (pixels.Length != source.PixelCount())
            throw new ArgumentException(
                $"An image is {source.Channels} x {source.Height} x {source.Width} = {source.PixelCount()} values; the span holds "
                    + $"{pixels.Length}.",
                nameof(pixels));
    }

    /// <summary>Refuses what images from files can't become.</summary>
    public static void CheckTarget(string path, int channels, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        if (channels is not (1 or 3))
            throw new DataException($"'{path}': pictures have 1 channel (grey) or 3 (RGB), and the network wants {channels}. Latents "
                + $"are in {LatentSearch.LookedFor}.");
    }
}
