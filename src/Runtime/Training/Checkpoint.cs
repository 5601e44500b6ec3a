using System.Text.Json;
using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>A checkpoint that can't be read, or not into this network; the message says why.</summary>
public sealed class CheckpointException : UNetGenException
{
    /// <summary>Says what is wrong with which file.</summary>
    public CheckpointException(string message, Exception? inner = null) : base(message, inner)
    {
    }
}

/// <summary>
/// Trained weights on disk: a folder with <c>weights.safetensors</c> (the last step's), <c>ema.safetensors</c> (averaged, with which to draw)
/// and <c>checkpoint.json</c>. Each safetensors file can stand alone: the network's name and its whole spec are in its metadata.
/// </summary>
public sealed class Checkpoint
{
    private const string WeightsName = "weights.safetensors";
    private const string EmaName = "ema.safetensors";
    private const string InfoName = "checkpoint.json";

    private Checkpoint(string weightsPath, IReadOnlyDictionary<string, string> metadata, CheckpointInfo? info)
    {
        WeightsPath = weightsPath;
        Network = metadata[NetworkMetadata.NetworkKey];
        Spec = metadata[NetworkMetadata.SpecKey];
        SpecHash = metadata[NetworkMetadata.SpecHashKey];
        Info = info;
    }

    /// <summary>The file with the weights.</summary>
    public string WeightsPath { get; }

    /// <summary>The class of the network that was trained.</summary>
    public string Network { get; }

    /// <summary>Its whole spec, <see cref="NetworkInfo.Spec"/>.</summary>
    public string Spec { get; }

    /// <summary>Its hash, <see cref="NetworkInfo.SpecHash"/>.</summary>
    public string SpecHash { get; }

    /// <summary>How it was trained; null where no checkpoint.json lies beside the weights.</summary>
    public CheckpointInfo? Info { get; }

    /// <summary>
    /// Writes a checkpoint, whole or not at all: into a folder beside, which then takes the name. A checkpoint that was there is
    /// replaced, and moved away only when the new one is complete.
    /// </summary>
    /// <param name="folder">Where to; made where it doesn't exist.</param>
    /// <param name="network">The trained network.</param>
    /// <param name="ema">Its averaged weights, not applied to it now.</param>
    /// <param name="training">How it was trained.</param>
    /// <param name="step">Steps trained.</param>
    /// <param name="loss">The loss at the end.</param>
    /// <exception cref="CheckpointException">The folder holds something else, which would be lost.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static void Save(string folder, NoisePredictor network, Ema ema, TrainingOptions training, int step, double loss)
    {
        folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        CheckReplaceable(folder);

        var info = network.Info;
        var metadata = NetworkMetadata.Of(info);
        var unfinished = $"{folder}.{Path.GetRandomFileName()}.tmp";
        try
        {
            Directory.CreateDirectory(unfinished);
            SafetensorsFile.Write(Path.Combine(unfinished, WeightsName), network.state_dict(), metadata);
            SafetensorsFile.Write(Path.Combine(unfinished, EmaName), ema.StateDict, metadata);
            new CheckpointInfo { Network = info.Name, SpecHash = info.SpecHash, Step = step, Loss = loss, Training = training }
                .Write(Path.Combine(unfinished, InfoName));
            Replace(folder, unfinished);
        }
        catch
        {
            if (Directory.Exists(unfinished))
                Directory.Delete(unfinished, recursive: true);
            throw;
        }
    }

    /// <summary>Looks at a checkpoint without reading its weights.</summary>
    /// <param name="path">The folder, which stands for its averaged weights, or one of the .safetensors files.</param>
    /// <exception cref="CheckpointException">There is none, a file is missing, or wasn't written by this library.</exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    public static Checkpoint Open(string path)
    {
        string folder;
        string weightsPath;
        if (Directory.Exists(path))
        {
            (folder, weightsPath) = (path, Path.Combine(path, EmaName));
            foreach (var name in (string[])[EmaName, InfoName])
                if (!File.Exists(Path.Combine(folder, name)))
                    throw new CheckpointException($"The folder {path} is no checkpoint: it has no {name}.");
        }
        else if (File.Exists(path))
            (folder, weightsPath) = (Path.GetDirectoryName(Path.GetFullPath(path))!, path);
        else
            throw new CheckpointException($"There is no checkpoint {path}: a checkpoint is a folder with {EmaName} in it, or a .safetensors file.");

        return Explained(weightsPath, () =>
        {
            using var file = SafetensorsFile.Open(weightsPath);
            foreach (var key in (string[])[NetworkMetadata.NetworkKey, NetworkMetadata.SpecKey, NetworkMetadata.SpecHashKey])
                if (!file.Metadata.ContainsKey(key))
                    throw new CheckpointException($"{weightsPath} doesn't say which network it belongs to: its metadata lacks {key}. Was it written by another program?");
            return new Checkpoint(weightsPath, file.Metadata, ReadInfo(Path.Combine(folder, InfoName)));
        });
    }

    /// <summary>Puts the weights into a network of the same spec, on whatever device it is.</summary>
    /// <param name="network">Unchanged where they don't fit.</param>
    /// <exception cref="CheckpointException">It is another network.</exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    public void LoadInto(NoisePredictor network)
    {
        var info = network.Info;
        if (Network != info.Name || !string.Equals(SpecHash, info.SpecHash, StringComparison.OrdinalIgnoreCase))
            throw new CheckpointException(
                $"{WeightsPath} was trained for {Network} (spec {Short(SpecHash)}), but is to be loaded into {info.Name} (spec {Short(info.SpecHash)})."
                + Differences(Spec, info.Spec));
        Explained(WeightsPath, () =>
        {
            using var file = SafetensorsFile.Open(WeightsPath);
            StateDict.Load(network, file);
            return true;
        });
    }

    private static CheckpointInfo? ReadInfo(string path)
    {
        if (!File.Exists(path))
            return null;
        try
        {
            return CheckpointInfo.Read(path);
        }
        catch (JsonException error)
        {
            throw new CheckpointException($"{path} is damaged: {error.Message}", error);
        }
    }

    /// <summary>Names the file where the error itself doesn't.</summary>
    private static T Explained<T>(string weightsPath, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (StateDictException error)
        {
            throw new CheckpointException($"{weightsPath} is damaged, or its network's code has changed under the same spec. {error.Message}", error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{weightsPath} can't be read: {error.Message}", error);
        }
    }

    private static void CheckReplaceable(string folder)
    {
        if (File.Exists(folder))
            throw new CheckpointException($"The checkpoint can't be written to {folder}: that is a file.");
        if (!Directory.Exists(folder))
            return;
        string[] own = [WeightsName, EmaName, InfoName];
        var foreign = Directory.EnumerateFileSystemEntries(folder).Select(Path.GetFileName).FirstOrDefault(name => !own.Contains(name));
        if (foreign is not null)
            throw new CheckpointException($"The checkpoint can't be written to {folder}: the folder holds {foreign}, which would be lost. Name a folder of its own.");
    }

    private static void Replace(string folder, string complete)
    {
        if (!Directory.Exists(folder))
        {
            Directory.Move(complete, folder);
            return;
        }
        var previous = $"{folder}.{Path.GetRandomFileName()}.old";
        Directory.Move(folder, previous);
        try
        {
            Directory.Move(complete, folder);
        }
        catch
        {
            Directory.Move(previous, folder);
            throw;
        }
        Directory.Delete(previous, recursive: true);
    }

    private static string Short(string hash) => hash.Length > 12 ? hash[..12] : hash;

    /// <summary>The lines that only one of two specs has. Both list every key in the same order, so that a line stands for a setting.</summary>
    private static string Differences(string ofCheckpoint, string ofNetwork)
    {
        static string[] Lines(string text) => text.ReplaceLineEndings("\n").Split('\n', StringSplitOptions.RemoveEmptyEntries);
        var (theirs, ours) = (Lines(ofCheckpoint), Lines(ofNetwork));
        var lines = theirs.Except(ours).Select(line => $"\n  checkpoint: {line.Trim()}")
            .Concat(ours.Except(theirs).Select(line => $"\n  network:    {line.Trim()}"))
            .ToArray();
        return lines.Length == 0 ? "" : " Their specs differ:" + string.Concat(lines);
    }
}
