using System.Collections.Concurrent;
using System.Drawing;

namespace UNetGen.Data;

/// <summary>A picture file that could not be used.</summary>
/// <param name="Path">Relative to the folder that was opened, with <c>/</c>.</param>
/// <param name="Reason">What is wrong with it, without a full stop.</param>
public sealed record BrokenFile(string Path, string Reason);

/// <summary>
/// The picture files (PNG, JPEG, WebP, BMP, GIF) of a folder and of the folders in it, in ordinal order of their relative paths, the same
/// on every machine. Where all of them lie in folders, each first-level folder is a class. Links are followed, never in a circle. Hidden
/// files and folders are left out, and folders in it that hold a <c>run.yaml</c> or a <c>samples.json</c>, with all that is in them: what a
/// run or a drawing has left is no data.
/// </summary>
/// <remarks>
/// <para>Each picture is turned upright (EXIF), converted to sRGB (from its colour profile; a PNG's gAMA and cHRM count as one), laid on
/// the background where it is transparent, cropped around its centre to the wanted aspect ratio, and scaled: mip-mapped where it shrinks,
/// Mitchell's cubic where it grows. Grey is Rec. 601 luma; RGB from a grey picture repeats it.</para>
/// <para>A file is decoded when its image is first asked for, and stays decoded while there is room. One that turns out broken is left out:
/// the next whole file of its class stands in for it, the first following the last. So what an image is depends on the files alone, never
/// on who reads what when. What passes (too many open files, short memory, a share that is away) makes no file broken: it is waited for,
/// and is an exception where it lasts.</para>
/// </remarks>
public sealed class ImageFolderSource : IImageSource
{
    private readonly PictureFolder folder;
    private readonly Color background;
    private readonly byte[]?[] decoded;
    private readonly ConcurrentDictionary<int, string> broken = new();
    private readonly Lazy<DataIdentity> identity;
    private readonly int firstInRecord;
    private long room;

    /// <param name="folder">The files, and their classes.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="memory">Bytes of decoded images to keep.</param>
    /// <param name="background">What lies behind transparent pixels, opaque.</param>
    /// <param name="record">One that knows other files as well; null: one of these alone.</param>
    /// <param name="firstInRecord">Of the first of these files, the number there.</param>
    internal ImageFolderSource(
        PictureFolder folder, int channels, int height, int width, long memory, Color background, FileRecord? record = null,
        int firstInRecord = 0)
    {
        SourceChecks.CheckTarget(folder.Path, channels, height, width);
        (this.folder, Channels, Height, Width, room) = (folder, channels, height, width, memory);
        this.background = background.A == byte.MaxValue
            ? background
            : throw new ArgumentException($"The background is opaque, and {background} isn't.", nameof(background));
        decoded = new byte[folder.Files.Length][];
        var classes = Classes.Count == 0 ? "" : " of " + Counted.Of(Classes.Count, "class", "classes");
        Description = $"{Counted.Of(Count, "picture")}{classes} in {folder.Path}";
        (Record, this.firstInRecord) = (record ?? new(folder.Path, folder.Files), firstInRecord);
        identity = new(
            () => DataIdentity.Of(this, "file names", DataIdentity.HashOf(folder.Files)) with { Background = TextOf(background) });
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <summary>How many files there are, broken ones among them.</summary>
    public int Count => decoded.Length;

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>The first-level folders in ordinal order; empty where a picture lies in the opened folder itself.</summary>
    public IReadOnlyList<string> Classes => folder.Classes;

    /// <summary>By a hash of the files' names, relative to the folder, and by the background.</summary>
    public DataIdentity Identity => identity.Value;

    /// <inheritdoc/>
    public bool ScalesBytes => true;

    /// <inheritdoc/>
    public FileRecord Record { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => [.. folder.Notes.Select(note => $"{folder.Path}: {note}")];

    /// <summary>The folder as it was given.</summary>
    internal string Folder => folder.Path;

    /// <summary>Why folders are no classes that may be meant so, as a sentence; null: nothing speaks for that.</summary>
    internal string? Stray => folder.Stray;

    /// <summary>The files that were found broken until now, in the images' order. A program should tell its user of them.</summary>
    public IReadOnlyList<BrokenFile> BrokenFiles =>
        [.. broken.OrderBy(file => file.Key).Select(file => new BrokenFile(folder.Files[file.Key], file.Value))];

    /// <summary>Finds every picture in a folder by its name; none is opened yet.</summary>
    /// <param name="folder">Searched with everything in it.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <param name="memory">
    /// Bytes of decoded images to keep, channels * height * width each; null is a quarter of the machine's. It changes the speed alone.
    /// </param>
    /// <param name="background">What lies behind transparent pixels, opaque; null is black.</param>
    /// <exception cref="DataException">There is no such folder, or no picture in it.</exception>
    public static ImageFolderSource Open(string folder, int channels, int height, int width, long? memory = null, Color? background = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (memory is { } bytes)
            ArgumentOutOfRangeException.ThrowIfNegative(bytes, nameof(memory));
        if (!SourceChecks.HasFolder(folder))
            throw new DataException($"There is no folder '{folder}'.");
        // Before its files are looked at: no file could mend that.
        SourceChecks.CheckTarget(folder, channels, height, width);
        var found = PictureFolder.Search(folder);
        if (found.Files.Length == 0)
            throw new DataException($"'{folder}' holds no {PictureFile.ExtensionList} file.{found.Instead}");
        return new(found, channels, height, width, memory ?? GC.GetGCMemoryInfo().TotalAvailableMemoryBytes / 4, background ?? Color.Black);
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        SourceChecks.CheckIndex(this, index);
        return Classes.Count > 0
            ? folder.ClassOf(index).Label
            : throw new InvalidOperationException($"{Description}: the images have no classes.");
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">No file of the image's class can be used, or the folder is gone.</exception>
    public void Read(int index, Span<float> pixels)
    {
        SourceChecks.CheckRead(this, index, pixels);
        var (label, start, end) = folder.ClassOf(index);
        for (var i = index; i < index + end - start; i++)
        {
            if (Decoded(i < end ? i : i - (end - start)) is not { } image)
                continue;
            DecodedSource.ToValues(image, pixels);
            return;
        }
        var place = Classes.Count == 0 ? folder.Path : Path.Combine(folder.Path, Classes[label]);
        var which = end - start == 1 ? "its only picture file" : $"not one of its {end - start} picture files can be used; the first";
        throw new DataException(
            $"'{place}': {which}, {folder.Files[start]}, {broken[start]}. Take the folder away, or mend the files.");
    }

    /// <summary>The image's own file, if it was found broken until now.</summary>
    internal BrokenFile? BrokenFile(int index) =>
        broken.TryGetValue(index, out var reason) ? new(folder.Files[index], reason) : null;

    /// <summary>Whether the image's own file can be used; it is decoded for it.</summary>
    internal bool IsWhole(int index) => Decoded(index) is not null;

    /// <summary>Writes the image of its own file alone, where no other may stand in for it.</summary>
    /// <returns>Whether that can be used.</returns>
    internal bool TryRead(int index, Span<float> pixels)
    {
        if (Decoded(index) is not { } image)
            return false;
        DecodedSource.ToValues(image, pixels);
        return true;
    }

    /// <summary>None for black, which is what earlier versions had without saying so.</summary>
    private static string? TextOf(Color colour) => (colour.ToArgb() & 0xFFFFFF) == 0 ? null : BackgroundText.Of(colour);

    private byte[]? Decoded(int index)
    {
        if (Volatile.Read(ref decoded[index]) is { } kept)
            return kept;
        if (broken.ContainsKey(index))
            return null;
        if (Decode(index, out var reason) is not { } image)
        {
            broken.TryAdd(index, reason!);
            return null;
        }
        // A file's room is taken once, though two may have decoded it.
        if (Interlocked.Add(ref room, -image.Length) < 0 || Interlocked.CompareExchange(ref decoded[index], image, null) is not null)
            Interlocked.Add(ref room, image.Length);
        return image;
    }

    private byte[]? Decode(int index, out string? reason)
    {
        var content = PatientFile.Read(PictureFolder.PathOf(folder.FullPath, folder.Files[index]), out var fault);
        // Otherwise an unplugged disk would be a million broken files.
        if (content is null && !SourceChecks.HasFolder(folder.FullPath))
            throw new DataException($"'{folder.Path}' is gone while it is being read; {folder.Files[index]} was asked for.");
        Record.Met(firstInRecord + index, content, fault);
        if (content is not null)
            return PictureFile.Decode(content, (Channels, Height, Width), background, out reason);
        reason = fault!.Reason;
        return null;
    }
}
