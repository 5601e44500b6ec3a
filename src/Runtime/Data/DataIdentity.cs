using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Serialization;
using UNetGen.Distributed;

namespace UNetGen.Data;

/// <summary>
/// Which images a source has, as far as that is known without reading files: enough to notice that files were added, taken away or renamed,
/// or that it is another set. It doesn't depend on where files lie, so that it can be held against another machine's. Whether files are
/// still the same, <see cref="FileRecord"/> tells, whether pixels are, <see cref="Fingerprint"/>.
/// </summary>
public sealed record DataIdentity
{
    /// <summary>How many images.</summary>
    public required int Count { get; init; }

    /// <summary>Of every image.</summary>
    public required int Channels { get; init; }

    /// <summary>Pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Pixels.</summary>
    public required int Width { get; init; }

    /// <summary>The classes' names, by label.</summary>
    public IReadOnlyList<string> Classes { get; init; } = [];

    /// <summary>Tokens and width of the images' contexts, <c>77 x 768</c>; null where they have none.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Context { get; init; }

    /// <summary>
    /// Whether all values lie in [-1, 1], <see cref="IImageSource.IsBounded"/>: of latents they don't. Null in checkpoints of earlier
    /// versions.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public bool? IsBounded { get; init; }

    /// <summary>What lies behind transparent pixels, <c>#rrggbb</c>. Null: black, or nothing is transparent.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Background { get; init; }

    /// <summary>
    /// What the images are to be made from, as <see cref="ConditionedSource.Condition"/> says; null: they have no condition.
    /// </summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)]
    public string? Condition { get; init; }

    /// <summary>What <see cref="Content"/> was made of, in the plural: <c>file names</c>. Null where the source doesn't say.</summary>
    public string? ContentKind { get; init; }

    /// <summary>Another text for another content: a hash, or a seed. Null where the source doesn't say.</summary>
    public string? Content { get; init; }

    /// <summary>What is known of any source: number and shape of its images, and its classes.</summary>
    /// <param name="source">Whose images.</param>
    /// <param name="contentKind">What tells its content from others', in the plural; null: nothing.</param>
    /// <param name="content">A text that is another where that is another.</param>
    public static DataIdentity Of(IImageSource source, string? contentKind = null, string? content = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        return new()
        {
            Count = source.Count,
            Channels = source.Channels,
            Height = source.Height,
            Width = source.Width,
            Classes = source.Classes,
            Context = source.Context?.ToString(),
            IsBounded = source.IsBounded,
            ContentKind = contentKind,
            Content = content,
        };
    }

    /// <summary>The same with more that tells the content from others'.</summary>
    /// <param name="contentKind">What it is, in the plural: <c>descriptions</c>.</param>
    /// <param name="content">Texts that are others where it is another.</param>
    public DataIdentity And(string contentKind, IEnumerable<string> content)
    {
        ArgumentNullException.ThrowIfNull(contentKind);
        ArgumentNullException.ThrowIfNull(content);
        return this with
        {
            ContentKind = contentKind + (ContentKind is null ? "" : $" or {ContentKind}"),
            Content = HashOf([Content ?? "", .. content]),
        };
    }

    /// <summary>
    /// What is another in another set of images, a clause for each, this one being the earlier: <c>the number of images was 5 and is 6</c>.
    /// Empty where they are the same.
    /// </summary>
    /// <param name="other">The later one. What either doesn't say is no difference.</param>
    public IReadOnlyList<string> DifferencesTo(DataIdentity other)
    {
        ArgumentNullException.ThrowIfNull(other);
        var differences = new List<string>();
        Compare("number of images", Count, other.Count);
        Compare("channels x height x width", $"{Channels} x {Height} x {Width}", $"{other.Channels} x {other.Height} x {other.Width}");
        Compare("tokens x width of contexts", Context ?? "none", other.Context ?? "none");
        Compare("number of classes", Classes.Count, other.Classes.Count);
        if (Classes.Zip(other.Classes).FirstOrDefault(pair => pair.First != pair.Second) is ({ } before, { } now))
            Compare("first class that differs", $"'{before}'", $"'{now}'");
        Compare("background", Background ?? "#000000", other.Background ?? "#000000");
        Compare("condition", Condition ?? "none", other.Condition ?? "none");
        if (Content is not null && other.Content is not null && (Content, ContentKind) != (other.Content, other.ContentKind))
            differences.Add(
                ContentKind == other.ContentKind
                    ? $"the {ContentKind} differ"
                    : $"images were told apart by their {ContentKind} and are by their {other.ContentKind}");
        return differences;

        void Compare<T>(string what, T before, T now)
        {
            if (!Equals(before, now))
                differences.Add(string.Create(CultureInfo.InvariantCulture, $"the {what} was {before} and is {now}"));
        }
    }

    /// <summary>What ranks that use the images as one compare, always as many facts.</summary>
    internal IReadOnlyList<RankFact> Facts =>
    [
        RankFact.Number("the data's number of images", Count),
        RankFact.Text("the data's shape or classes", HashOf([$"{Channels} {Height} {Width}", .. Classes])),
        RankFact.Text("the data's contexts", Context),
        RankFact.Text("the data's range of values", $"{IsBounded}"),
        RankFact.Text("the data's background", Background ?? "#000000"),
        RankFact.Text("the data's condition", Condition),
        RankFact.Text($"the data's {ContentKind ?? "content"}", HashOf([ContentKind ?? "", Content ?? ""])),
    ];

    /// <summary>SHA-256 over texts and where each ends, in hex.</summary>
    internal static string HashOf(IEnumerable<string> texts)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var text in texts)
            hash.AppendData(Encoding.UTF8.GetBytes(text + "\0"));
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }
}
