using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>
/// What is known of the files behind a source's images: each one's size and time, and of what was read of it a sum of the bytes.
/// A training keeps it in its checkpoints, and one that goes on holds the files against it. So a copy elsewhere is the same data, whatever
/// its times, and a file that was changed, mended or lost meanwhile is noticed before a step is made of it. No file is read for it that
/// isn't read anyway, but those whose time differs.
/// </summary>
public sealed class FileRecord
{
    private const string SizeKey = "size";
    private const string TimeKey = "time";
    private const string SumKey = "sum";
    private const string NamesKey = "names";
    private const string ContentsKey = "contents";

    // UTF-8, each name with an end that no file's name can have.
    private const char NameEnd = '\0';

    /// <summary>In the place of a sum: not read yet.</summary>
    private const long Unread = 0;

    /// <summary>In the place of a sum: there were no bytes that could be read, so that another file stood in.</summary>
    private const long Unusable = 1;

    /// <summary>In the place of a size: there is no file that could be asked.</summary>
    private const long NoSize = -1;

    private const string PutBack =
        "A training goes on exactly only on the images that it was trained on: put back what was there, or begin a new training.";

    // Looked at before the first step; of more, each is when it is read, which no step comes before either.
    private const int MostReadAtOnce = 1000;

    // Before the names of a second folder's files, which may be those of the first one's.
    private const string OfSecond = "condition: ";

    private readonly string folder;
    private readonly string[] files;
    private readonly (string Folder, string[] Files) second;
    private readonly FilePieces? pieces;

    // Of either folder: the process may go elsewhere before files are asked.
    private readonly (string First, string Second) full;

    // Of each file, or of each of its pieces.
    private readonly long[] sums;
    private readonly Lazy<(long[] Sizes, long[] Times)> now;

    // By file, in what its source's identity tells it from others; none where that is its name alone.
    private readonly Lazy<long[]> contents;
    private bool goesOn;

    /// <param name="folder">The folder as it was given.</param>
    /// <param name="files">Relative paths, with <c>/</c>.</param>
    /// <param name="second">Those of a second folder, whose numbers follow.</param>
    /// <param name="pieces">What is read of a file at a time; null: all of it.</param>
    /// <param name="contentOf">
    /// Of a file, a text that is another where its source's identity is another by what is in it; null: that knows names alone.
    /// </param>
    internal FileRecord(
        string folder, string[] files, (string Folder, string[] Files)? second = null, FilePieces? pieces = null,
        Func<int, string>? contentOf = null)
    {
        (this.folder, this.second, this.pieces) = (folder, second ?? (folder, []), pieces);
        full = (Path.GetFullPath(folder), Path.GetFullPath(this.second.Folder));
        this.files = [.. files, .. this.second.Files.Select(file => OfSecond + file)];
        sums = new long[pieces?.Count ?? this.files.Length];
        now = new(Ask);
        contents = new(() => contentOf is null
            ? []
            : [.. Enumerable.Range(0, this.files.Length).Select(i => SumOf(Encoding.UTF8.GetBytes(contentOf(i))))]);
    }

    /// <summary>
    /// By the files' order: bytes, ticks of the last change in UTC, sums, also of pieces, names, and sums of what else tells files apart.
    /// The caller's to dispose.
    /// </summary>
    internal OrderedDictionary<string, Tensor> ToTensors()
    {
        var tensors = new OrderedDictionary<string, Tensor>
        {
            [SizeKey] = tensor(now.Value.Sizes, device: CPU),
            [TimeKey] = tensor(now.Value.Times, device: CPU),
            [SumKey] = Sums(),
            [NamesKey] = tensor(Encoding.UTF8.GetBytes(string.Concat(files.Select(file => file + NameEnd))), device: CPU),
        };
        if (contents.Value.Length > 0)
            tensors.Add(ContentsKey, tensor(contents.Value, device: CPU));
        return tensors;
    }

    /// <summary>
    /// Which files were added since, which are missing and which are others under their names, a clause for each; none where all are the
    /// same, or an earlier version kept nothing of it.
    /// </summary>
    /// <param name="before">What <see cref="ToTensors"/> said then.</param>
    internal IReadOnlyList<string> OtherFiles(IReadOnlyDictionary<string, Tensor> before)
    {
        if (!before.TryGetValue(NamesKey, out var names) || names.dtype != ScalarType.Byte)
            return [];
        var earlier = Encoding.UTF8.GetString(names.data<byte>().ToArray()).Split(NameEnd)[..^1];
        var (then, since) = (ByName(earlier, Kept(before, ContentsKey, earlier.Length) ?? []), ByName(files, contents.Value));
        var changed = since.Where(file => then.TryGetValue(file.Key, out var was) && was != file.Value).Select(file => file.Key);
        return [.. Clause("added", files.Except(earlier)), .. Clause("missing", earlier.Except(files)), .. Clause("changed", changed)];

        static OrderedDictionary<string, long> ByName(string[] some, long[] values) =>
            new(some.Zip(values, KeyValuePair.Create).DistinctBy(file => file.Key));

        static string[] Clause(string what, IEnumerable<string> some) =>
            some.ToArray() is { Length: > 0 } all ? [$"{what} {(all.Length == 1 ? "is" : "are")} {Excerpt.List(all)}"] : [];
    }

    /// <summary>The sums alone, to be shared with other ranks. The caller's to dispose.</summary>
    internal Tensor Sums() => tensor(sums, device: CPU);

    /// <summary>Takes over what another rank has read.</summary>
    /// <exception cref="DataException">It has read other bytes.</exception>
    internal void Join(Tensor others)
    {
        foreach (var (index, sum) in others.data<long>().ToArray().Index())
        {
            if (sum != Unread)
                Know(index, sum);
        }
    }

    /// <summary>Holds the files against those of the training that goes on, and from here on each against what it was.</summary>
    /// <param name="before">What <see cref="ToTensors"/> said then.</param>
    /// <returns>What can't be known, in a sentence; null where all is as it was.</returns>
    /// <exception cref="DataException">
    /// A file is another, or is usable that wasn't, or the other way round; the message names it.
    /// </exception>
    internal string? GoOnFrom(IReadOnlyDictionary<string, Tensor> before)
    {
        var (sizes, times, was) = (Numbers(SizeKey, files.Length), Numbers(TimeKey, files.Length), Numbers(SumKey, sums.Length));
        goesOn = true;
        if (Enumerable.Range(0, files.Length).Where(i => sizes[i] != now.Value.Sizes[i]).ToArray() is { Length: > 0 } others)
        {
            var first = others[0];
            throw new DataException(
                $"{Counted.Of(others.Length, "file")} in {Folders} {(others.Length == 1 ? "has" : "have")} another size than when the training "
                    + $"was at work; the first, {NameOf(first)}, had {Bytes(sizes[first])} and has {Bytes(now.Value.Sizes[first])}. {PutBack}");
        }
        was.CopyTo(sums, 0);
        var touched = Enumerable.Range(0, sums.Length).Where(i => times[FileOf(i)] != now.Value.Times[FileOf(i)]).ToArray();
        var unusable = Enumerable.Range(0, sums.Length).Where(i => was[i] == Unusable);
        foreach (var index in touched.Where(i => was[i] != Unread).Union(unusable).Take(MostReadAtOnce))
            MeetAgain(index);
        var unknown = touched.Where(i => was[i] == Unread).Select(FileOf).Distinct().Count();
        return unknown == 0
            ? null
            : $"{Counted.Of(unknown, "file")} in {Folders} {(unknown == 1 ? "has" : "have")} another time than before, the same size, and "
                + $"{(unknown == 1 ? "wasn't" : "weren't")} read {(pieces is null ? "" : "to the end ")}before: whether they are what an "
                + "unbroken training would read isn't known. After a copy they are, after an edit they aren't.";

        long[] Numbers(string key, int count) => Kept(before, key, count) ?? throw new DataException(
            $"The checkpoint's record of the data's files has no '{key}' for the {Counted.Of(files.Length, "file")} in '{folder}': another "
                + "program has written it.");
    }

    /// <summary>To be told of every file that is read.</summary>
    /// <param name="index">Its place among the files.</param>
    /// <param name="content">Its bytes; null where it can't be used.</param>
    /// <param name="fault">Why it can't.</param>
    /// <exception cref="DataException">It is another than it was.</exception>
    internal void Met(int index, byte[]? content, FileFault? fault)
    {
        var sum = content is null ? Unusable : SumOf(content);
        var known = Know(index, sum, fault);
        // Its content is as it was, or its time would be another; whether it could be opened then, nobody knows.
        if (goesOn && known == Unread && fault is { IsOfContent: false })
            throw new DataException(
                $"'{PathOf(index)}' {fault.Reason}. An unbroken training may have read it. Make it readable; the training then goes on "
                    + "exactly.");
    }

    /// <summary>To be told of every piece that is read.</summary>
    /// <param name="piece">Its number.</param>
    /// <param name="sum">By <see cref="SumOf"/>.</param>
    /// <exception cref="DataException">It is another than it was.</exception>
    internal void Met(int piece, long sum) => Know(piece, sum);

    /// <summary>63 bits of the SHA-256 of some bytes.</summary>
    internal static long SumOf(ReadOnlySpan<byte> content)
    {
        Span<byte> hash = stackalloc byte[SHA256.HashSizeInBytes];
        SHA256.HashData(content, hash);
        // Neither of the two that mean something else.
        return BinaryPrimitives.ReadInt64LittleEndian(hash) | 2;
    }

    /// <summary>So many numbers of a record; null: it has none of that name and number.</summary>
    private static long[]? Kept(IReadOnlyDictionary<string, Tensor> record, string key, int count) =>
        record.TryGetValue(key, out var kept) && kept.dtype == ScalarType.Int64 && kept.numel() == count
            ? kept.data<long>().ToArray()
            : null;

    private void MeetAgain(int index)
    {
        if (pieces is null)
            Met(index, PatientFile.Read(FullPathOf(index), out var fault), fault);
        else
            Met(index, pieces.Sum(index));
    }

    private int FileOf(int index) => pieces?.FileOf(index) ?? index;

    private long Know(int index, long sum, FileFault? fault = null)
    {
        var known = Interlocked.CompareExchange(ref sums[index], sum, Unread);
        if (known == Unread || known == sum)
            return known;
        throw new DataException($"'{PathOf(FileOf(index))}' " + (known, sum) switch
        {
            (
                Unusable,
                _) => "couldn't be used when this training met it first, so that another picture stood in for it, and now it can be. "
                + "Another set of pictures is another training: take it back, or begin a new one.",
            (_, Unusable) when fault is not null => $"{fault.Reason}, and this training has learnt from it before. {PutBack}",
            _ => $"has changed since this training has read it first. {PutBack}",
        });
    }

    private (long[] Sizes, long[] Times) Ask()
    {
        var (sizes, times) = (new long[files.Length], new long[files.Length]);
        Parallel.For(0, files.Length, i => (sizes[i], times[i]) = SizeAndTime(FullPathOf(i)));
        return (sizes, times);
    }

    private static (long Size, long Time) SizeAndTime(string path)
    {
        try
        {
            var file = new FileInfo(path);
            // Of a link it is the file that counts.
            if (file.Attributes.HasFlag(FileAttributes.ReparsePoint))
                file = file.ResolveLinkTarget(returnFinalTarget: true) as FileInfo ?? file;
            return (file.Length, file.LastWriteTimeUtc.Ticks);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return (NoSize, 0);
        }
    }

    /// <summary>For messages, in the folder as it was given.</summary>
    private string PathOf(int index) => PathOf(index, folder, second.Folder);

    private string FullPathOf(int index) => PathOf(index, full.First, full.Second);

    private string PathOf(int index, string ofFirst, string ofSecond) => files.Length - second.Files.Length is var own && index < own
        ? PictureFolder.PathOf(ofFirst, files[index])
        : PictureFolder.PathOf(ofSecond, second.Files[index - own]);

    private string Folders => second.Files.Length == 0 ? $"'{folder}'" : $"'{folder}' and '{second.Folder}'";

    private string NameOf(int file) => file < files.Length - second.Files.Length ? files[file] : PathOf(file);

    private static string Bytes(long size) => size == NoSize ? "none that can be asked for" : Counted.Of(size, "byte");
}
