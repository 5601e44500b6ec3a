using System.Drawing;

namespace UNetGen.Data;

/// <summary>
/// Pairs of picture files in two folders, as <c>sharp/cat.png</c> and <c>blurred/cat.jpg</c>: the first folder's are learnt to be made from
/// the second's. They belong together by their paths below the folders, without the ending. Either folder is read as
/// <see cref="ImageFolderSource"/> reads one; the first one's folders are the classes. A pair of which one file turns out broken is left
/// out whole: the next whole pair of its class stands in for it.
/// </summary>
public sealed class PairSource : ConditionedSource
{
    private readonly PictureFolder folder;
    private readonly ImageFolderSource images;
    private readonly ImageFolderSource conditions;

    /// <summary>By the images' order, the condition of each.</summary>
    private readonly int[] partners;

    private PairSource(PictureFolder folder, ImageFolderSource images, ImageFolderSource conditions, int[] partners, DataIdentity identity)
        : base(images, conditions.Channels)
    {
        (this.folder, this.images, this.conditions, this.partners, Identity) = (folder, images, conditions, partners, identity);
        Description = $"{images.Description} and their partners in {conditions.Folder}";
    }

    /// <inheritdoc/>
    public override string Condition => Words;

    /// <inheritdoc/>
    public override string Description { get; }

    /// <summary>By a hash of the names of both folders' files.</summary>
    public override DataIdentity Identity { get; }

    /// <summary>The files of both folders.</summary>
    public override FileRecord Record => images.Record;

    /// <inheritdoc/>
    public override IReadOnlyList<string> Notes => [.. images.Notes, .. conditions.Notes];

    /// <summary>The files of both folders that were found broken until now, each with the path of its folder.</summary>
    public IReadOnlyList<BrokenFile> BrokenFiles => [.. InFolder(images), .. InFolder(conditions)];

    private const string Words = "pairs of pictures";

    /// <summary>Finds the pairs by the files' names; none is opened yet.</summary>
    /// <param name="images">The folder of the pictures that are to be made.</param>
    /// <param name="conditions">The folder of those that they are to be made from.</param>
    /// <param name="channels">Of the images: 1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels, of both.</param>
    /// <param name="width">Pixels, of both.</param>
    /// <param name="conditionChannels">Of the conditions: 1 (grey) or 3 (RGB).</param>
    /// <param name="memory">Bytes of decoded pictures to keep; null is a quarter of the machine's. It changes the speed alone.</param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <exception cref="DataException">
    /// A folder isn't there or has no picture, a picture has no partner or several, or files can't have so many channels.
    /// </exception>
    public static PairSource Open(
        string images, string conditions, int channels, int height, int width, int conditionChannels, long? memory = null,
        Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(images);
        ArgumentException.ThrowIfNullOrEmpty(conditions);
        SourceChecks.CheckTarget(images, channels, height, width);
        SourceChecks.CheckTarget(conditions, conditionChannels, height, width);
        var (first, second) = (Search(images), Search(conditions));
        var partners = Partners(first, second);
        var record = new FileRecord(first.Path, first.Files, (second.Path, second.Files));
        // Each keeps what is its share by its channels.
        var bytes = memory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4;
        var ofImages = bytes / (channels + conditionChannels) * channels;
        var behind = background ?? Color.Black;
        var source = new ImageFolderSource(first, channels, height, width, ofImages, behind, record);
        var identity = source.Identity with
        {
            Condition = Words,
            Content = DataIdentity.HashOf([.. first.Files, Words, .. second.Files]),
        };
        return new(
            first, source,
            new ImageFolderSource(second, conditionChannels, height, width, bytes - ofImages, behind, record, first.Files.Length), partners,
            identity);
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">No pair of the image's class can be used, or a folder is gone.</exception>
    public override void Read(int index, Span<float> pixels)
    {
        SourceChecks.CheckRead(this, index, pixels);
        images.TryRead(Whole(index), pixels);
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">No pair of the image's class can be used, or a folder is gone.</exception>
    public override void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition)
    {
        SourceChecks.CheckRead(this, index, pixels);
        SourceChecks.CheckCondition(this, condition);
        var whole = Whole(index);
        images.TryRead(whole, pixels);
        conditions.TryRead(partners[whole], condition);
    }

    /// <inheritdoc/>
    protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition) =>
        throw new InvalidOperationException("A pair's condition is a file, and isn't made of its image.");

    /// <summary>The pair itself, or the next of its class both of whose files are whole, the first following the last.</summary>
    private int Whole(int index)
    {
        var (_, start, end) = folder.ClassOf(index);
        for (var i = index; i < index + end - start; i++)
        {
            var pair = i < end ? i : i - (end - start);
            if (images.IsWhole(pair) && conditions.IsWhole(partners[pair]))
                return pair;
        }
        throw new DataException(
            $"'{folder.Path}': not one of {Counted.Of(end - start, "pair")} can be used; the first, {folder.Files[start]}: "
                + $"{BrokenFiles[0].Path} {BrokenFiles[0].Reason}. Mend the files, or take them away.");
    }

    /// <summary>The file of the pair that was found broken until now.</summary>
    internal BrokenFile? BrokenFile(int index) => (images.BrokenFile(index), conditions.BrokenFile(partners[index])) switch
    {
        ({ } image, _) => Of(images, image),
        (_, { } condition) => Of(conditions, condition),
        _ => null,
    };

    private static IEnumerable<BrokenFile> InFolder(ImageFolderSource source) => source.BrokenFiles.Select(file => Of(source, file));

    private static BrokenFile Of(ImageFolderSource source, BrokenFile file) => file with { Path = $"{source.Folder}/{file.Path}" };

    private static PictureFolder Search(string path)
    {
        if (!SourceChecks.HasFolder(path))
            throw new DataException(
                File.Exists(path)
                    ? $"'{path}' is a file: pairs are pictures in two folders, which have the same names in both."
                    : $"There is no folder '{path}'{ImageSources.SeenFrom(path)}: pairs are pictures in two folders.");
        var found = PictureFolder.Search(path);
        return found.Files.Length > 0
            ? found
            : throw new DataException($"'{path}' holds no {PictureFile.ExtensionList} file.{found.Instead}");
    }

    /// <exception cref="DataException">A picture has no partner, or several.</exception>
    private static int[] Partners(PictureFolder images, PictureFolder conditions)
    {
        var (first, second) = (ByName(images), ByName(conditions));
        string[] faults =
        [
            .. Alone(images, first.Keys.Except(second.Keys), conditions),
            .. Alone(conditions, second.Keys.Except(first.Keys), images),
        ];
        if (faults.Length > 0)
            throw new DataException($"{string.Join("; ", faults)}. Pairs have the same names in both folders, whatever their endings.");
        return [.. images.Files.Select(file => second[NameOf(file)])];

        static IEnumerable<string> Alone(PictureFolder folder, IEnumerable<string> names, PictureFolder other)
        {
            string[] files = [.. names.Order(StringComparer.Ordinal)];
            if (files.Length > 0)
                yield return $"{Counted.Of(files.Length, "picture")} in '{folder.Path}' {(files.Length == 1 ? "has" : "have")} no partner "
                    + $"in '{other.Path}': {Excerpt.List(files)}";
        }
    }

    private static Dictionary<string, int> ByName(PictureFolder folder)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        foreach (var (number, file) in folder.Files.Index())
        {
            if (!numbers.TryAdd(NameOf(file), number))
                throw new DataException(
                    $"'{folder.Path}' has {folder.Files[numbers[NameOf(file)]]} and {file}, which differ in their endings, or in Unicode's form of a letter, alone: pairs "
                        + "are told by names without these. Take one of them away, or rename it.");
        }
        return numbers;
    }

    /// <summary>
    /// A file's path without its ending. An é is one letter or two to Unicode, and what has passed through a Mac or an archive has the
    /// other: they are one name.
    /// </summary>
    private static string NameOf(string file)
    {
        var name = file[..^Path.GetExtension(file).Length];
        try
        {
            return name.Normalize();
        }
        catch (ArgumentException)
        {
            // Half of a letter, which Windows lets names have.
            return name;
        }
    }
}
