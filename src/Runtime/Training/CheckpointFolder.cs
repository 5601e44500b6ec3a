using System.Security.Cryptography;
using UNetGen.Files;
using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>The files of one checkpoint: how they are called, written and checked.</summary>
internal static class CheckpointFolder
{
    public const string Extension = ".safetensors";

    // What who looks into a folder leaves there.
    private static readonly string[] OfSystems = ["desktop.ini", "Thumbs.db"];

    /// <summary>Whether a folder is a checkpoint, or what is left of one. A run may be called so too.</summary>
    public static bool Is(string folder) =>
        File.Exists(Path.Combine(folder, CheckpointInfo.FileName)) || File.Exists(Path.Combine(folder, CheckpointSums.FileName))
        || (CheckpointName.Is(Path.GetFileName(folder)) && !RunMark.IsIn(folder));

    /// <summary>Writes all files into a new folder, and puts them on the disk.</summary>
    public static void Write(string folder, CheckpointContent content)
    {
        Directory.CreateDirectory(folder);
        var network = content.Network.Info;
        var sums = new List<(string File, string Sum)>();
        var sizes = new OrderedDictionary<string, long>();
        var info = new CheckpointInfo
        {
            Network = network.Name,
            Spec = network.Spec,
            SpecHash = network.SpecHash,
            Step = content.Step,
            Loss = content.Loss,
            Training = content.Training,
            State = content.State,
            Files = sizes,
        };
        foreach (var (stem, tensors) in content.Tensors)
        {
            var doubts = OfState(() => Checkpoint.DoubtsOf(folder, info, stem), []);
            var metadata = NetworkMetadata.Of(content.Network, doubts);
            // Weights are copied elsewhere, where no sums lie beside them.
            if (Trainer.HoldsWeights(stem))
                metadata = TensorSum.Added(metadata, tensors);
            var (size, sum) = WriteFile(Path.Combine(folder, stem + Extension), stream => SafetensorsFile.Write(stream, tensors, metadata));
            sizes.Add(stem + Extension, size);
            sums.Add((stem + Extension, sum));
        }
        var ofInfo = WriteFile(Path.Combine(folder, CheckpointInfo.FileName), stream => stream.Write(info.ToUtf8()));
        sums.Add((CheckpointInfo.FileName, ofInfo.Sum));
        WriteFile(Path.Combine(folder, CheckpointSums.FileName), stream => stream.Write(CheckpointSums.Write(sums)));
        FolderFlush.Flush(folder);
    }

    /// <summary>What a trainer's state tells, for files to say it of themselves; a state that isn't a trainer's says nothing.</summary>
    private static T OfState<T>(Func<T> read, T nothing)
    {
        try
        {
            return read();
        }
        catch (CheckpointException)
        {
            return nothing;
        }
    }

    /// <summary>Checks that all files are those that were written.</summary>
    /// <param name="folder">A checkpoint's.</param>
    /// <param name="contents">Reads all files, once; otherwise only what says their sizes.</param>
    /// <exception cref="DamagedCheckpointException">A file is missing, cut short or changed; the message names each.</exception>
    /// <exception cref="CheckpointException">It is whole, but of a later version.</exception>
    public static CheckpointInfo Verify(string folder, bool contents = true)
    {
        try
        {
            return VerifyOnce(folder, contents);
        }
        catch (DamagedCheckpointException)
        {
            // Half of it may have been read before another took its name, and half after.
            return VerifyOnce(folder, contents);
        }
    }

    private static CheckpointInfo VerifyOnce(string folder, bool contents)
    {
        var (info, sums) = ReadTexts(folder);
        string[] problems = [
            .. info.Files.Select(file => Problem(folder, file.Key, file.Value, contents ? sums[file.Key] : null)).OfType<string>()];
        return problems.Length == 0 ? info : throw Damaged(folder, problems);
    }

    /// <summary>Checks one file of a checkpoint as <see cref="Verify"/> checks all. A file that lies elsewhere stands alone.</summary>
    /// <returns>What is known of the checkpoint that it is a file of; null where it is of none.</returns>
    /// <exception cref="CheckpointException">
    /// It lies in a checkpoint's folder and is none of its files, so that nothing says whether it is whole.
    /// </exception>
    /// <exception cref="DamagedCheckpointException">
    /// It has changed, or the texts beside it have, so that nothing says whether it has.
    /// </exception>
    public static CheckpointInfo? VerifyFile(string path)
    {
        var (folder, name) = (Path.GetDirectoryName(path)!, Path.GetFileName(path));
        if (!Is(folder))
            return null;
        try
        {
            var (info, sums) = ReadTexts(folder);
            if (!info.Files.TryGetValue(name, out var size))
                throw new CheckpointException(
                    $"{path} is none of the files of the checkpoint that it lies in, which are {Excerpt.List([.. info.Files.Keys])}: "
                    + $"nothing says whether it is whole. Take one of these. {Alone(name)}");
            return Problem(folder, name, size, sums[name]) is { } problem ? throw Damaged(folder, [problem]) : info;
        }
        catch (DamagedCheckpointException error)
        {
            throw new DamagedCheckpointException($"{error.Message} {Alone(name)}", error);
        }
    }

    private static string Alone(string name) =>
        $"Copied into a folder of its own, {name} is looked at alone: by the sum in its metadata, where it has one.";

    /// <summary>What says which files there are, of which sizes and with which sums.</summary>
    private static (CheckpointInfo Info, OrderedDictionary<string, string> Sums) ReadTexts(string folder)
    {
        var sums = CheckpointSums.Read(ReadSmall(folder, CheckpointSums.FileName))
            ?? throw Damaged(folder, [$"{CheckpointSums.FileName} isn't as it was written"]);
        var json = ReadSmall(folder, CheckpointInfo.FileName);
        if (!sums.Remove(CheckpointInfo.FileName, out var expected))
            throw Damaged(folder, [$"{CheckpointSums.FileName} lacks {CheckpointInfo.FileName}"]);
        if (Difference(CheckpointInfo.FileName, expected, CheckpointSums.Text(SHA256.HashData(json))) is { } changed)
            throw Damaged(folder, [changed]);
        var info = CheckpointInfo.Read(json, Path.Combine(folder, CheckpointInfo.FileName));
        if (!sums.Keys.SequenceEqual(info.Files.Keys))
        {
            var (listed, known) = (Excerpt.List(sums.Keys), Excerpt.List([.. info.Files.Keys]));
            throw Damaged(folder, [$"{CheckpointSums.FileName} lists {listed}, but {CheckpointInfo.FileName} {known}"]);
        }
        RequireName(folder, info.Step);
        return (info, sums);
    }

    /// <summary>The newest is found by its name: under another step's it would be taken again and again, or never.</summary>
    private static void RequireName(string folder, int step)
    {
        if (!IsNamedBy(folder, step))
            throw new DamagedCheckpointException(OfAnotherStep(folder, step));
    }

    /// <summary>What to say of a checkpoint that has another step's name than its own.</summary>
    public static string OfAnotherStep(string folder, int step) =>
        $"The checkpoint {folder} has another step's name: what it holds is of step {step}. Call it {CheckpointName.Of(step)} again, or "
            + "something that is no step's name.";

    /// <summary>Whether a folder has the name of a step, or of none: of no other one.</summary>
    public static bool IsNamedBy(string folder, int step) =>
        CheckpointName.StepIn(Path.GetFileName(folder)) is not { } named || named == step;

    /// <summary>
    /// The name of what isn't the checkpoint that it is called as: of one of another step, that step's; of a run, its own. Null where the
    /// name is right, or it is neither.
    /// </summary>
    public static string? OtherNameOf(string folder) =>
        StepOf(folder) is { } step ? IsNamedBy(folder, step) ? null : CheckpointName.Of(step)
        : RunMark.IsIn(folder) ? Path.GetFileName(folder) : null;

    /// <summary>What a checkpoint's folder holds besides the files that were written into it, the first by name; null: nothing.</summary>
    public static string? StrangerIn(string folder)
    {
        var own = InfoOf(folder)?.Files.Keys.Append(CheckpointInfo.FileName).Append(CheckpointSums.FileName).ToHashSet();
        return Directory.EnumerateFileSystemEntries(folder).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)
            .Where(name => name[0] != '.' && !OfSystems.Contains(name))
            // Of a damaged one nobody knows which of the weights are its own.
            .FirstOrDefault(name => own is not null
                ? !own.Contains(name)
                : name is not (CheckpointInfo.FileName or CheckpointSums.FileName) && Path.GetExtension(name) != Extension);
    }

    /// <summary>Of which step a checkpoint is, whatever it is called; null: it is damaged, or none.</summary>
    public static int? StepOf(string folder) => InfoOf(folder)?.Step;

    private static CheckpointInfo? InfoOf(string folder)
    {
        try
        {
            return CheckpointInfo.Read(ReadSmall(folder, CheckpointInfo.FileName), Path.Combine(folder, CheckpointInfo.FileName));
        }
        catch (CheckpointException)
        {
            // What isn't whole is nobody's newest.
            return null;
        }
    }

    /// <summary>What is wrong with a file; null where nothing is.</summary>
    private static string? Problem(string folder, string name, long size, string? sum)
    {
        var file = new FileInfo(Path.Combine(folder, name));
        try
        {
            if (!file.Exists)
                return $"{name} is missing";
            if (file.Length != size)
                return $"{name} has {Counted.Of(file.Length, "byte")}, but {size} were written";
            return sum is null ? null : Difference(name, sum, CheckpointSums.Of(file.FullName));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return $"{name} can't be read ({error.Message.TrimEnd('.')})";
        }
    }

    private static string? Difference(string name, string expected, string found) =>
        expected == found ? null : $"{name} has changed: its SHA-256 is {found}, but {CheckpointSums.FileName} says {expected}";

    private static byte[] ReadSmall(string folder, string name)
    {
        try
        {
            return RegularFile.ReadSmall(Path.Combine(folder, name));
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw Damaged(
                folder, [error is FileNotFoundException ? $"{name} is missing" : $"{name} can't be read ({error.Message.TrimEnd('.')})"], error);
        }
    }

    private static DamagedCheckpointException Damaged(string folder, string[] problems, Exception? inner = null) =>
        new($"The checkpoint {folder} is damaged: {string.Join("; ", problems)}.", inner);

    /// <summary>Its sum is of what was meant to be written, not of what a failing disk gives back.</summary>
    private static (long Size, string Sum) WriteFile(string path, Action<Stream> write)
    {
        using var sha = SHA256.Create();
        using var file = new FileStream(path, FileMode.CreateNew);
        using (var stream = new CryptoStream(file, sha, CryptoStreamMode.Write, leaveOpen: true))
            write(stream);
        file.Flush(flushToDisk: true);
        return (file.Length, CheckpointSums.Text(sha.Hash!));
    }
}
