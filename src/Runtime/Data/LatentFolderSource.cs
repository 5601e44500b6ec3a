namespace UNetGen.Data;

/// <summary>
/// Latents in a folder of safetensors files, in ordinal order of their names: what an autoencoder has made of pictures, and what these
/// show. Each file has <c>latents</c> [images, channels, height, width]; for networks with a context <c>context</c> [images, tokens,
/// width], or [tokens, width] for all of its images; and where images have classes <c>labels</c> [images], int64 or int32. All real
/// numbers are float32, float16 or bfloat16. The file <c>null.safetensors</c> has <c>null_context</c> [tokens, width], which stands for no
/// context: of a text encoder what it makes of an empty text. Where it is missing that is zeros.
/// </summary>
/// <remarks>
/// When the folder is opened, the files' headers and labels are read; an image's numbers are when it is asked for, and nothing is kept: a
/// folder may be larger than the memory. Values have no bounds, so that <see cref="IsBounded"/> is false.
/// </remarks>
public sealed class LatentFolderSource : IImageSource
{
    /// <summary>The file in which the null context is.</summary>
    public const string NullFileName = "null.safetensors";

    // Such a file's metadata go with it, whatever it is called.
    private const string WhyNotOwn =
        "Such files, drawn latents as well as weights, say so themselves, in their metadata, wherever they are copied to, and are no data.";

    private readonly LatentFile[] files;

    // The number of each file's first image, and behind them that of all.
    private readonly int[] firsts;
    private readonly int[]? labels;
    private readonly LatentFile? nullFile;
    private readonly Lazy<DataIdentity> identity;

    // Each image's latents, then each one's context, or the one of all.
    private readonly FilePieces pieces;

    private LatentFolderSource(
        string folder, LatentFile[] files, LatentFile? nullFile, (int Channels, int Height, int Width) shape)
    {
        (this.files, this.nullFile) = (files, nullFile);
        (Channels, Height, Width) = shape;
        firsts = FirstsOf(folder, [.. files.Select(file => file.CountOf(shape))]);
        Context = ContextOf(files);
        labels = LabelsOf(files);
        Classes = labels is null ? [] : [.. Enumerable.Range(0, labels.Max() + 1).Select(label => FormattableString.Invariant($"{label}"))];
        CheckNull();
        Description = $"{Counted.Of(Count, "latent")}{Of(Context)}{Of(Classes)} in {folder}";
        LatentFile[] all = [.. files.Append(nullFile).OfType<LatentFile>()];
        pieces = new([.. all.Select(PiecesOf)], SumAgain);
        var sums = new Lazy<string[]>(() => [.. all.Select(file => file.Sum())]);
        Record = new(
            folder, [.. all.Select(NameOf)], pieces: pieces, contentOf: file => $"{sums.Value[file]} {string.Join(' ', LabelsIn(file))}");
        identity = new(() => DataIdentity.Of(
            this, "file names or contents",
            DataIdentity.HashOf([
                .. all.Zip(sums.Value, (file, sum) => $"{NameOf(file)} {sum}"), $"labels {string.Join(' ', labels ?? [])}"])));
    }

    /// <inheritdoc/>
    public string Description { get; }

    /// <inheritdoc/>
    public int Count => firsts[^1];

    /// <inheritdoc/>
    public int Channels { get; }

    /// <inheritdoc/>
    public int Height { get; }

    /// <inheritdoc/>
    public int Width { get; }

    /// <summary>The numbers from 0 to the greatest label; empty where files have no labels.</summary>
    public IReadOnlyList<string> Classes { get; }

    /// <inheritdoc/>
    public ContextShape? Context { get; }

    /// <summary>Never: latents are any numbers.</summary>
    public bool IsBounded => false;

    /// <summary>By a hash of the files' names, sizes and bytes, of large files of a part of these.</summary>
    public DataIdentity Identity => identity.Value;

    /// <inheritdoc/>
    public FileRecord Record { get; }

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes { get; internal set; } = [];

    /// <summary>Opens a folder: reads the headers of its files, and their labels.</summary>
    /// <param name="folder">Its own files count, and none of folders in it.</param>
    /// <param name="channels">The network's.</param>
    /// <param name="height">The network's, of latents: an eighth of the pictures' for Stable Diffusion.</param>
    /// <param name="width">The same.</param>
    /// <exception cref="DataException">
    /// There is no such folder or no latents in it; a file isn't whole, or lacks what others have, or is of other shapes than the network
    /// or the other files.
    /// </exception>
    public static LatentFolderSource Open(string folder, int channels, int height, int width)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        if (!SourceChecks.HasFolder(folder))
            throw new DataException($"There is no folder '{folder}'.");
        var all = LatentSearch.FilesIn(folder).Select(LatentFile.Open).ToArray();
        string[] own = [.. all.Where(file => file.IsOwn).Select(NameOf)];
        // By the name to the letter, also where the file system takes null.safetensors and NULL.safetensors for one.
        var nullFile = Array.Find(all, file => !file.IsOwn && NameOf(file) == NullFileName);
        var opened = all.Where(file => !file.IsOwn && file != nullFile).ToArray();
        if (opened.Length == 0)
            throw new DataException($"'{folder}' holds no {LatentSearch.LookedFor}" + (own.Length == 0
                ? "."
                : $" but what UNetGen has written: {Excerpt.List(own)}. {WhyNotOwn} Give a folder of latents that an autoencoder has made "
                    + "of pictures."));
        var source = new LatentFolderSource(folder, opened, nullFile, (channels, height, width));
        source.Notes = [.. source.LeftOut(folder, own).Select(note => $"{folder}: {note}")];
        return source;
    }

    /// <inheritdoc/>
    public int Label(int index)
    {
        SourceChecks.CheckIndex(this, index);
        return labels?[index] ?? throw new InvalidOperationException($"{Description}: the images have no classes.");
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">The file can't be read, or has changed, or a value isn't finite or lies beyond 1,000,000.</exception>
    public void Read(int index, Span<float> pixels)
    {
        SourceChecks.CheckRead(this, index, pixels);
        var (file, place) = Find(index);
        Record.Met(pieces.FirstOf(file) + place, ReadLatents(file, place, pixels));
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">The file can't be read, or has changed, or a value isn't finite or lies beyond 1,000,000.</exception>
    public void ReadContext(int index, Span<float> values)
    {
        SourceChecks.CheckIndex(this, index);
        CheckContext(values);
        var (file, image) = Find(index);
        var place = IsContextOfAll(files[file]) ? 0 : image;
        Record.Met(pieces.FirstOf(file) + ImagesOf(file) + place, ReadContextAt(file, place, values));
    }

    /// <inheritdoc/>
    /// <exception cref="DataException">The file can't be read, or has changed, or a value isn't finite or lies beyond 1,000,000.</exception>
    public void ReadNullContext(Span<float> values)
    {
        CheckContext(values);
        if (nullFile is null)
            values.Clear();
        else
            Record.Met(pieces.FirstOf(files.Length), nullFile.Read(LatentFile.NullContextKey, 0, values));
    }

    private static int[] FirstsOf(string folder, int[] counts)
    {
        var sum = counts.Sum(count => (long)count);
        if (sum is 0 or > int.MaxValue)
            throw new DataException(FormattableString.Invariant(
                $"The files in '{folder}' have {sum:N0} latents together, and there must be from 1 to {int.MaxValue:N0}."));
        return Firsts.Of(counts);
    }

    private ContextShape? ContextOf(LatentFile[] all)
    {
        (LatentFile File, ContextShape? Shape)? first = null;
        foreach (var (index, file) in all.Index())
        {
            var shape = file.ContextOf(ImagesOf(index));
            first ??= (file, shape);
            if (shape == first.Value.Shape)
                continue;
            var (with, without) = shape is null ? (first.Value.File, file) : (file, first.Value.File);
            throw new DataException(shape is null || first.Value.Shape is null
                ? $"'{without.Path}' has no '{LatentFile.ContextKey}', and '{with.Path}' has one: all files have one, or none."
                    + Meant(without, LatentFile.ContextKey)
                : $"'{file.Path}': its contexts are {shape} (tokens x width), and those of '{first.Value.File.Path}' {first.Value.Shape}: "
                    + "all contexts are of one shape. Fill up shorter ones as their encoder does, or cut longer ones.");
        }
        return first!.Value.Shape;
    }

    private int[]? LabelsOf(LatentFile[] all)
    {
        int[]?[] each = [.. all.Select((file, index) => file.ReadLabels(ImagesOf(index)))];
        if (Array.TrueForAll(each, part => part is null))
            return null;
        if (Array.IndexOf(each, null) is >= 0 and var without)
        {
            var with = Array.FindIndex(each, part => part is not null);
            throw new DataException(
                $"'{all[without].Path}' has no '{LatentFile.LabelsKey}', and '{all[with].Path}' has them: all files have labels, or none."
                    + Meant(all[without], LatentFile.LabelsKey));
        }
        return [.. each.SelectMany(part => part!)];
    }

    /// <exception cref="DataException">There is a null context in the wrong place, or of another shape.</exception>
    private void CheckNull()
    {
        if (Array.Find(files, file => file.Names.Contains(LatentFile.NullContextKey)) is { } misplaced)
            throw new DataException(
                $"'{misplaced.Path}' has a '{LatentFile.NullContextKey}', which belongs into a file of its own, {NullFileName}.");
        if (nullFile is null)
            return;
        var shape = nullFile.ShapeOf(LatentFile.NullContextKey) ?? throw new DataException(
            $"{nullFile.Without(LatentFile.NullContextKey)}; or take the file out of the folder, for zeros in its place.");
        if (Context is not { } wanted)
            throw new DataException($"'{nullFile.Path}' has a null context, and no file in the folder has a '{LatentFile.ContextKey}'.");
        if (shape is not [var tokens, var width] || (tokens, width) != (wanted.Tokens, wanted.Width))
            throw new DataException(
                $"'{nullFile.Path}': '{LatentFile.NullContextKey}' is {LatentFile.Text(shape)}, and the contexts are {wanted} (tokens x "
                    + "width).");
    }

    private IEnumerable<string> LeftOut(string folder, string[] own)
    {
        if (own.Length > 0)
            yield return $"left out is what UNetGen has written: {Excerpt.List(own)}. {WhyNotOwn}";
        string[] unknown = [.. files.SelectMany(file => file.Names).Except(LatentFile.KnownNames).Distinct()];
        if (unknown.Length > 0)
            yield return $"not used are the tensors {Excerpt.List(unknown)}.{string.Concat(Missing(unknown))}";
        var folders = LatentSearch.FoldersIn(folder, LatentSearch.MayBeIn);
        if (folders.Length > 0)
            yield return $"left out are the files in {Excerpt.List(folders)}: only those in the folder itself are read.";
    }

    /// <summary>What no file has, but under another name as it seems, a sentence each.</summary>
    private IEnumerable<string> Missing(string[] unknown) =>
        from name in LatentFile.KnownNames
        where !Array.Exists(files, file => file.Names.Contains(name))
        let near = EditDistance.Nearest(name, unknown)
        where near is not null && name != LatentFile.NullContextKey
        select $" If '{Excerpt.Of(near)}' is meant to be read, call it '{name}'.";

    private static string Meant(LatentFile file, string name) =>
        EditDistance.Nearest(name, file.Names.Except(LatentFile.KnownNames)) is { } near
            ? $" If '{Excerpt.Of(near)}' is meant, call it '{name}'."
            : "";

    private (int File, int Place) Find(int index)
    {
        var file = Firsts.Find(firsts, index);
        return (file, index - firsts[file]);
    }

    private int ImagesOf(int file) => firsts[file + 1] - firsts[file];

    private int[] LabelsIn(int file) => labels is null || file == files.Length ? [] : labels[firsts[file]..firsts[file + 1]];

    private int PiecesOf(LatentFile file, int number) =>
        file == nullFile ? 1 : ImagesOf(number) + (Context is null ? 0 : IsContextOfAll(file) ? 1 : ImagesOf(number));

    private long SumAgain(int piece)
    {
        var file = pieces.FileOf(piece);
        if (file == files.Length)
            return nullFile!.Read(LatentFile.NullContextKey, 0, new float[Context!.Value.Count]);
        var place = piece - pieces.FirstOf(file);
        return place < ImagesOf(file)
            ? ReadLatents(file, place, new float[this.PixelCount()])
            : ReadContextAt(file, place - ImagesOf(file), new float[Context!.Value.Count]);
    }

    private long ReadLatents(int file, int place, Span<float> pixels) =>
        files[file].Read(LatentFile.LatentsKey, (long)place * pixels.Length, pixels);

    private long ReadContextAt(int file, int place, Span<float> values) =>
        files[file].Read(LatentFile.ContextKey, (long)place * values.Length, values);

    private static bool IsContextOfAll(LatentFile file) => file.ShapeOf(LatentFile.ContextKey)!.Count == 2;

    private static string NameOf(LatentFile file) => Path.GetFileName(file.Path);

    private void CheckContext(Span<float> values)
    {
        var shape = Context ?? throw new InvalidOperationException($"{Description}: the images have no contexts.");
        if (values.Length != shape.Count)
            throw new ArgumentException($"A context is {shape} = {shape.Count} values; the span holds {values.Length}.", nameof(values));
    }

    private static string Of(ContextShape? context) => context is null ? "" : $" with contexts of {context}";

    private static string Of(IReadOnlyList<string> classes) =>
        classes.Count == 0 ? "" : " of " + Counted.Of(classes.Count, "class", "classes");
}
