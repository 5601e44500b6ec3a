using System.Globalization;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Networks;
using UNetGen.Pictures;
using Color = System.Drawing.Color;

namespace UNetGen.Sampling;

/// <summary>
/// A folder that fills with pictures, <c>000000.png</c> and on by their numbers, as they are drawn: as many as one likes in the memory of
/// one batch. What is cut off is continued by the same call, and draws the missing numbers only. <c>samples.json</c> says what they were
/// drawn with, and nothing else is ever mixed in. Where the folder is renamed or moved within its disk meanwhile, pictures follow on Linux;
/// elsewhere, and for the ranks that don't hold it, that is an error.
/// </summary>
/// <param name="path">The folder; it is made where it is missing.</param>
public sealed class SampleFolder(string path)
{
    private const string InfoName = SampleInfo.FileName;

    private string path = FileNames.RequireFolder(path, nameof(path));

    // The process may go elsewhere, where the path as it was given leads to another folder.
    private string full = Path.GetFullPath(path);

    // The last part of every PNG: no data, its name, and their sum.
    private static readonly byte[] PngEnd = [0, 0, 0, 0, (byte)'I', (byte)'E', (byte)'N', (byte)'D', 0xAE, 0x42, 0x60, 0x82];

    /// <summary>What to do about a picture that is none of the folder's.</summary>
    internal const string DrawAgain = "Delete it: the call that has drawn the others draws it again.";

    /// <summary>The folder, by the last name that is known, as it was given where that leads there.</summary>
    internal string Folder => Path.GetFullPath(path) == full ? path : full;

    /// <summary>
    /// Names of the classes that the network was trained with, <c>Checkpoint.Classes</c>, which <c>samples.json</c> then has beside the
    /// labels: by them <c>evaluate</c> knows which class of a classifier was asked for. Null: nothing says.
    /// </summary>
    /// <exception cref="ArgumentException">One has no name.</exception>
    public IReadOnlyList<string>? Classes
    {
        get;
        init => field = value?.Contains(null) == true ? throw new ArgumentException("A class has no name.", nameof(value)) : value;
    }

    /// <summary>Draws what is missing. A picture's file is there as a whole or not at all.</summary>
    /// <param name="network">A trained network, on the device to be used.</param>
    /// <param name="sampler">How to draw.</param>
    /// <param name="options">
    /// Which numbers, and what. With the same batch size and device a continued folder is byte for byte as one that was never cut off:
    /// batches begin at multiples of the batch size, and one of which a picture is missing is drawn as a whole again.
    /// </param>
    /// <param name="observe">Called before the first and after every step of every batch, on the calling thread.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <param name="collective">
    /// Processes that draw together, each its share of the batches into the same folder, which all of them see; all call this. The pictures
    /// are those of one process. Null: this one alone.
    /// </param>
    /// <returns>How many pictures were missing, and have been written.</returns>
    /// <exception cref="UNetGenException">
    /// The network's images are no pictures, of 1 channel (grey) or 3 (RGB), but latents; or the folder has pictures of another network,
    /// sampler, seed, labels, guidance or edit, or other files; or the options don't fit the network.
    /// </exception>
    /// <exception cref="RanksDifferException">
    /// The processes are to draw something else, of other weights, or in other batches; the message names what differs, and the ranks.
    /// </exception>
    /// <exception cref="LockedException">
    /// Another call draws into the folder; several processes share it by a <paramref name="collective"/>.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled; the finished batches are in the folder.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public int Draw(
        NoisePredictor network, Sampler sampler, SamplingOptions options, Action<SamplingProgress>? observe = null,
        CancellationToken cancellation = default,
        ICollective? collective = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(sampler);
        ArgumentNullException.ThrowIfNull(options);
        options.Check(network);
        if (network.Info.Channels is not (1 or 3) || network.IsBounded == false)
            throw new UNetGenException(
                $"A folder is filled with pictures, grey or RGB, and what {network.Info.Name} draws "
                    + (network.IsBounded == false ? "are latents" : $"has {network.Info.Channels} channels") + ". "
                    + "Latents are a tensor of `Sampler.Sample`, which `SafetensorsFile.Write` keeps as it is.");
        var ranks = collective ?? new SingleProcess();
        var settings = SampleInfo.Of(network, sampler, options);
        // The file in the folder says neither how many are drawn nor in which batches.
        SampleInfo.RequireSame(ranks, settings, network.Info, options);
        var written = 0;
        var end = options.FirstImage + options.Count;
        // Two calls at once would each delete what the other is writing, and both could claim an empty folder.
        using var alone = ranks.Rank == 0 && !IsComplete(options.FirstImage, end) ? WriterLock.OfFolder(Folder) : null;
        if (ranks.Rank == 0)
        {
            SampleInfo.Claim(Folder, settings, sampler, Background, Classes);
            DeleteUnfinished(options.FirstImage, end);
            RequireFiles();
            RequireSize(options.FirstImage, end, network.Info);
        }
        ranks.Barrier();
        if (ranks.Rank > 0)
        {
            if (!Presence.OfFile(Path.Combine(Folder, InfoName)))
                throw new UNetGenException(
                    $"Rank {ranks.Rank} doesn't see the folder {Folder} that rank 0 has begun: processes that draw together need a folder "
                        + "that all of them see.");
            SampleInfo.Claim(Folder, settings, sampler, Background, Classes);
        }

        for (var first = options.FirstImage; first < end;)
        {
            var size = Math.Min(options.BatchSize - first % options.BatchSize, end - first);
            // By the batch's number, not by what is missing: meanwhile others write.
            var isOwn = first / options.BatchSize % ranks.Size == ranks.Rank;
            var missing = isOwn ? Enumerable.Range(first, size).Where(image => !IsWhole(PathOf(image))).ToList() : [];
            if (missing.Count > 0)
            {
                Follow(alone);
                // What is continued was written to before, and may not be any more.
                AtomicFile.Try(PathOf(missing[0]));
                using var images = sampler.Sample(
                    network, options with { FirstImage = first, Count = size, BatchSize = size }, observe, cancellation);
                Follow(alone);
                foreach (var image in missing)
                {
                    using var picture = images.narrow(0, image - first, 1);
                    ImageGrid.Save(picture, PathOf(image), scale: 1, gap: 0);
                }
            }
            written += missing.Count;
            first += size;
        }
        return (int)ranks.Gather(written).Sum(row => row[0]);
    }

    /// <summary>What the pictures in it were drawn with.</summary>
    /// <returns>
    /// The network's class; the images' channels, null of an earlier version's folder; and the classes that were asked for: picture i is
    /// one of number i modulo their count, null where the network knows none.
    /// </returns>
    /// <exception cref="UNetGenException">It is no folder of samples.</exception>
    public (string Network, int? Channels, IReadOnlyList<int>? Labels) Describe()
    {
        var info = Path.Combine(Folder, InfoName);
        if (!Presence.OfFile(info))
            throw new UNetGenException($"{Folder} is no folder of samples: it has no {InfoName}. `sample --out FOLDER` makes one.");
        return SampleInfo.Describe(info);
    }

    /// <summary>
    /// The numbers of its pictures, rising by one: that nothing else is in the folder, and nothing missing, is looked at.
    /// </summary>
    /// <exception cref="UNetGenException">
    /// There is no such folder, another file is in it, a picture is missing in between, or there is none.
    /// </exception>
    public IReadOnlyList<int> Pictures()
    {
        if (!Presence.OfFolder(Folder))
            throw new UNetGenException($"There is no folder {Folder}. `sample --out FOLDER` makes one.");
        RequireFiles();
        var numbers = new List<int>();
        foreach (var name in Directory.EnumerateFileSystemEntries(Folder).Select(entry => Path.GetFileName(entry)).Where(
            name => name != InfoName && !name.StartsWith('.')))
        {
            numbers.Add(NumberOf(name)
                ?? throw new UNetGenException($"{Path.Combine(Folder, name)} is none of the folder's pictures; take it out."));
        }

        numbers.Sort();
        if (numbers.Count == 0)
            throw new UNetGenException($"{Folder} has no pictures yet.");
        for (var i = 1; i < numbers.Count; i++)
        {
            if (numbers[i] != numbers[0] + i)
                throw new UNetGenException($"{PathOf(numbers[0] + i)} is missing; the call that has drawn the others draws it.");
        }

        return numbers;
    }

    /// <summary>
    /// What lay behind the transparent pixels of what the network was trained on, for who compares the pictures with that; null: black, or
    /// nothing says.
    /// </summary>
    internal Color? Background { get; init; }

    /// <summary>The same of the folder, as it was begun.</summary>
    /// <exception cref="UNetGenException">What it says is damaged.</exception>
    internal Color? WrittenBackground() => SampleInfo.BackgroundIn(Path.Combine(Folder, InfoName));

    /// <summary><see cref="Classes"/> of the folder, as it was begun.</summary>
    /// <exception cref="UNetGenException">What it says is damaged.</exception>
    internal IReadOnlyList<string>? WrittenClasses() => SampleInfo.ClassesIn(Path.Combine(Folder, InfoName));

    /// <summary><see cref="Pictures"/> in the order of their names, as a source of them has it: seven digits come before six there.</summary>
    internal IReadOnlyList<int> PicturesByName() => [.. Pictures().OrderBy(NameOf, StringComparer.Ordinal)];

    /// <summary>Its pictures' height and width.</summary>
    /// <exception cref="UNetGenException">One isn't as most are, and so none that the folder was filled with.</exception>
    internal (int Height, int Width) Size()
    {
        var pictures = Pictures().Select(PathOf)
            .Select(picture => (Path: picture, Header: PngHeader.Of(picture)
                ?? throw new UNetGenException($"{picture} is no PNG file. {DrawAgain}")))
            .ToList();
        var usual = pictures.CountBy(picture => picture.Header).MaxBy(counted => counted.Value).Key;
        foreach (var (picture, header) in pictures)
        {
            if ((header.Height, header.Width) != (usual.Height, usual.Width))
                throw new UNetGenException(
                    $"{picture} is {header.Height} x {header.Width}, where the folder's pictures are {usual.Height} x {usual.Width}. "
                        + DrawAgain);
            // The other way round it may be a picture without colours, which a program has saved in less room.
            if (header.IsRgb && !usual.IsRgb)
                throw new UNetGenException($"{picture} has colours, where the folder's pictures are grey. {DrawAgain}");
        }
        return (usual.Height, usual.Width);
    }

    /// <summary>A new folder under the old name would share the pictures out to both.</summary>
    private void Follow(WriterLock? alone)
    {
        if (alone is not null && alone.Folder is var now && now != Path.TrimEndingDirectorySeparator(full))
            (path, full) = (now, now);
        if (!File.Exists(Path.Combine(Folder, InfoName)))
            throw new UNetGenException($"{Path.Combine(Folder, InfoName)} isn't there any more: the folder was renamed, moved or deleted.");
    }

    /// <summary>Whether nothing is left to be written, which needs no right to write.</summary>
    private bool IsComplete(int first, int end) =>
        File.Exists(Path.Combine(Folder, InfoName)) && Enumerable.Range(first, end - first).All(image => IsWhole(PathOf(image)));

    /// <summary>Whether a picture has its end: one that a copy or a disk has cut short is drawn again.</summary>
    /// <exception cref="IOException">It is a named pipe, a socket or a device.</exception>
    private static bool IsWhole(string picture)
    {
        if (!File.Exists(picture) || RegularFile.MissingTarget(picture) is not null)
            return false;
        using var file = RegularFile.OpenRead(picture);
        Span<byte> end = stackalloc byte[PngEnd.Length];
        file.Position = Math.Max(0, file.Length - PngEnd.Length);
        return file.ReadAtLeast(end, end.Length, throwOnEndOfStream: false) == end.Length && end.SequenceEqual(PngEnd);
    }

    /// <summary>Refuses folders in the place of pictures, and links to nothing, which could be neither written nor read.</summary>
    private void RequireFiles()
    {
        foreach (var picture in Directory.EnumerateFileSystemEntries(Folder).Where(entry => NumberOf(Path.GetFileName(entry)) is not null))
        {
            if (RegularFile.MissingTarget(picture) is { } target)
                throw new UNetGenException($"{picture} is a link to {target}, which isn't there, in the place of a picture; take it out.");
            if (Directory.Exists(picture))
                throw new UNetGenException($"{picture} is a folder in the place of a picture; take it out.");
        }
    }

    /// <summary>Refuses pictures of another size than is drawn: none of these is drawn again, nor taken for one that was.</summary>
    private void RequireSize(int first, int end, NetworkInfo info)
    {
        foreach (var picture in Enumerable.Range(first, end - first).Select(PathOf).Where(IsWhole))
        {
            if (PngHeader.Of(picture) is { } header && (header.Height, header.Width) != (info.ImageHeight, info.ImageWidth))
                throw new UNetGenException(
                    $"{picture} is {header.Height} x {header.Width}, where {info.Name} draws {info.ImageHeight} x {info.ImageWidth}. "
                        + "Take it out.");
        }
    }

    /// <summary>What a killed process left of these pictures.</summary>
    private void DeleteUnfinished(int first, int end)
    {
        foreach (var (temporary, name) in AtomicFile.Unfinished(Folder))
        {
            if (NumberOf(name) is { } image && image >= first && image < end)
                File.Delete(temporary);
        }
    }

    private string PathOf(int image) => Path.Combine(Folder, NameOf(image));

    private static string NameOf(int image) => $"{image:D6}.png";

    /// <summary>The number of the picture that has this name; null where none has.</summary>
    private static int? NumberOf(string name) =>
        int.TryParse(Path.GetFileNameWithoutExtension(name), NumberStyles.None, CultureInfo.InvariantCulture, out var image)
        && name == NameOf(image)
            ? image
            : null;
}
