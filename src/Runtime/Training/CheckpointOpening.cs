using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Interop;

namespace UNetGen.Training;

/// <summary>How one is found, and known to be whole.</summary>
public sealed partial class Checkpoint
{
    private const string FileEnding = ".safetensors";

    // Of checkpoints that were given up one after the other, while each was read.
    private const int MostTries = 10;

    /// <summary>Opens a checkpoint and checks that it is whole, for which all its files are read once.</summary>
    /// <param name="path">
    /// A checkpoint's folder; a folder of checkpoints or a run's, which stands for its newest whole one; or a .safetensors file. A run's
    /// is known by its <c>checkpoints/</c> or <c>run.yaml</c>, even where it is called as checkpoints are.
    /// </param>
    /// <param name="logger">
    /// Warned of every checkpoint that is newer than the one opened and damaged, or called otherwise than by its step, where the folder has
    /// several; null: nobody is.
    /// </param>
    /// <exception cref="CheckpointException">There is none, or it was written by another program or a later version.</exception>
    /// <exception cref="DamagedCheckpointException">
    /// The named checkpoint is damaged, or all are; the message names the files, and the newest whole one beside it.
    /// </exception>
    /// <exception cref="SafetensorsException">The file that stands alone is damaged.</exception>
    /// <exception cref="UnauthorizedAccessException">A folder on the way may not be entered, or read.</exception>
    public static Checkpoint Open(string path, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        if (!Presence.Of(path))
            throw new CheckpointException(
                $"There is no checkpoint {(path.Length == 0 ? "''" : path)}: a checkpoint is a folder with "
                    + $"{CheckpointInfo.FileName} in it, or a .safetensors file.");
        path = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
        if (File.Exists(path))
            return OpenFile(path);
        var store = System.IO.Path.Combine(path, RunMark.Checkpoints);
        if (!Directory.Exists(store))
        {
            if (CheckpointFolder.Is(path))
                return OpenNamed(path);
            store = path;
        }
        var problems = new List<string>();
        var newest = StoredCheckpoints.Whole(store, problems.Add).Select(found => Of(found.Path, found.Info)).FirstOrDefault();
        problems.AddRange(StoredCheckpoints.NewerUnderOtherNames(store, newest));
        if (newest is null)
            throw problems.Count == 0
                ? new CheckpointException(
                    $"There is no checkpoint in {store}: neither {CheckpointInfo.FileName} "
                    + $"nor folders such as {CheckpointName.Of(1000)}.")
                : StoredCheckpoints.List(store).Count == 0
                ? new CheckpointException($"There is no checkpoint with a step's name in {store}. {string.Join(" ", problems)}")
                : new DamagedCheckpointException($"No checkpoint in {store} is whole. {string.Join(" ", problems)}");
        problems.ForEach((logger ?? NullLogger.Instance).CheckpointPassedOver);
        return newest;
    }

    /// <summary>
    /// Opens a checkpoint and reads of it, beside a training that may give it up meanwhile, as it does with its oldest ones: then the
    /// newest is opened, and read. <see cref="Open"/> alone finds what may not be there any more when its tensors are asked for.
    /// </summary>
    /// <param name="path">As <see cref="Open"/> takes it; of a checkpoint's own folder there is no newer one.</param>
    /// <param name="read">Reads what is wanted: it may be called again, with another checkpoint.</param>
    /// <param name="logger">As for <see cref="Open"/>.</param>
    /// <returns>What was read.</returns>
    /// <exception cref="CheckpointException">As of <see cref="Open"/>, and what <paramref name="read"/> throws.</exception>
    public static T Read<T>(string path, Func<Checkpoint, T> read, ILogger? logger = null)
    {
        ArgumentNullException.ThrowIfNull(read);
        for (var tries = 1; ; tries++)
        {
            var opened = Open(path, logger);
            try
            {
                return read(opened);
            }
            catch (Exception error) when (
                tries < MostTries && error is UNetGenException or IOException && !System.IO.Path.Exists(opened.Path)
                && System.IO.Path.Exists(path))
            {
                // It is opened anew.
            }
        }
    }

    /// <summary>A checkpoint that was found whole.</summary>
    internal static Checkpoint Of(string folder, CheckpointInfo info) =>
        new(
            folder, (info.Network, info.Spec, info.SpecHash),
            info.Files.Keys.ToDictionary(StemOf, name => System.IO.Path.Combine(folder, name)), info, info);

    private static Checkpoint OpenNamed(string folder)
    {
        try
        {
            return Of(folder, CheckpointFolder.Verify(folder));
        }
        catch (DamagedCheckpointException error)
        {
            var beside = StoredCheckpoints.Whole(System.IO.Path.GetDirectoryName(folder)!).FirstOrDefault().Path;
            throw new DamagedCheckpointException(
                $"{error.Message} {(beside is null ? "No whole one lies beside it." : $"The newest whole one beside it is {beside}.")}",
                error);
        }
    }

    private static Checkpoint OpenFile(string path)
    {
        if (!path.EndsWith(FileEnding, StringComparison.OrdinalIgnoreCase))
            throw new CheckpointException($"{path} is no checkpoint: a file of weights ends in {FileEnding}.");
        return Explained(path, () =>
        {
            // A link is the file that it leads to, with the sums that lie there.
            var origin = File.ResolveLinkTarget(path, returnFinalTarget: true)?.FullName ?? path;
            var whole = CheckpointFolder.VerifyFile(origin);
            using var file = SafetensorsFile.Open(path);
            if (file.Metadata.ContainsKey(LatentFile.DrawnKey))
                throw new CheckpointException(
                    $"{path} holds latents that a network has drawn, and no weights: give the checkpoint of the network.");
            var network = NetworkMetadata.Read(file, out var problem);
            if (problem is not null)
                throw new CheckpointException(problem);
            return new Checkpoint(path, network, new Dictionary<string, string> { [StemOf(path)] = path }, info: null, whole,
                NetworkMetadata.DoubtsOf(file), NetworkMetadata.AreBounded(file), StemOf(origin));
        });
    }
}
