using System.Globalization;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using UNetGen.Files;

namespace UNetGen.Training;

/// <summary>
/// The checkpoints of one training: a folder each, <c>step-00001000</c>. A checkpoint is written beside, put on the disk and then renamed,
/// and renamed before it is deleted, so that whenever the process or the machine stops, what bears such a name is whole.
/// Of the older ones, the newest stay and the one with the least loss. Only one training at a time may write to a folder, and holds a
/// <see cref="WriterLock"/> of it meanwhile. A checkpoint that was renamed to another step's name, or into whose folder something else was
/// put, isn't replaced or deleted: once that name is needed, or its turn would come, it is called <c>kept-step-00001000</c>, by its own
/// step, of which the logger is warned. Where the folder is renamed or moved within its disk while a training writes to it, checkpoints
/// follow on Linux; elsewhere that is an error at the next. Several threads may use one store: they save one after the other.
/// </summary>
public sealed partial class CheckpointStore
{
    private readonly int keep;
    private readonly ILogger logger;
    private readonly Lock turn = new();

    /// <summary>
    /// Found whole, or written whole, since this store was made: their contents aren't read again to choose which to delete.
    /// </summary>
    private readonly HashSet<string> whole = [];

    private WriterLock? alone;
    private string folder;

    /// <summary>Takes a folder for checkpoints, and leaves it as it is until the first is saved.</summary>
    /// <param name="folder">Made when it is needed.</param>
    /// <param name="keep">How many of the newest stay, besides the best; at least 1.</param>
    /// <param name="logger">
    /// Told of each checkpoint that is saved, and warned of each that is damaged when one is looked for; null: nobody is.
    /// </param>
    public CheckpointStore(string folder, int keep = 3, ILogger? logger = null)
    {
        ArgumentException.ThrowIfNullOrEmpty(folder);
        ArgumentOutOfRangeException.ThrowIfLessThan(keep, 1);
        this.folder = Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder));
        this.keep = keep;
        this.logger = logger ?? NullLogger.Instance;
    }

    /// <summary>
    /// Refuses a training that begins where another has been: that one's later checkpoints would stay the newest, and its others be
    /// deleted.
    /// </summary>
    /// <exception cref="CheckpointException">There are checkpoints.</exception>
    internal void RequireEmpty()
    {
        if (StoredCheckpoints.List(folder) is { Count: > 0 } others)
            throw new CheckpointException(
                $"{folder} has checkpoints of another training, {Path.GetFileName(others[0])} among them: go on with it by Trainer.Restore, or "
                    + "give the new training a folder of its own.");
    }

    /// <summary>Refuses a training that goes on from before what the folder has: a later checkpoint would stay the newest.</summary>
    /// <param name="step">Of the checkpoint that it goes on from.</param>
    /// <exception cref="CheckpointException">There is a whole one of a later step.</exception>
    internal void RequireNoneBeyond(int step)
    {
        // Those whose names say so alone are read to see whether they are whole.
        if (!StoredCheckpoints.List(folder).Any(path => string.CompareOrdinal(Path.GetFileName(path), CheckpointName.Of(step)) > 0))
            return;
        var (newest, info) = StoredCheckpoints.Whole(folder).FirstOrDefault();
        if (newest is not null && info.Step > step)
            throw new CheckpointException(
                $"{newest} is of a later step than {step}, from which this training goes on, and would stay the newest: delete what is later, "
                    + "or give the training a folder of its own.");
    }

    /// <summary>
    /// Keeps others from writing to the folder, who would delete what isn't whole yet: until what is returned is disposed.
    /// </summary>
    /// <exception cref="LockedException">Another training writes to it.</exception>
    /// <exception cref="CheckpointException">It can't be written to.</exception>
    internal WriterLock Hold()
    {
        try
        {
            return alone = WriterLock.OfFolder(folder);
        }
        catch (IOException error)
        {
            throw new CheckpointException(error.Message, error);
        }
    }

    /// <summary>
    /// Writes a checkpoint, whole or not at all, then deletes those that have had their time. One of the same step is replaced.
    /// </summary>
    /// <param name="content">Read here; not kept.</param>
    /// <param name="stays">
    /// Which of the others may not be deleted, by their folders as this method returned them; null: what is neither new nor the best may.
    /// </param>
    /// <returns>The checkpoint's folder.</returns>
    /// <exception cref="CheckpointException">
    /// It can't be written: the disk is full, or the folder can't be written to. The earlier ones are as they were.
    /// </exception>
    /// <exception cref="LockedException">Another training writes to the folder.</exception>
    /// <exception cref="ArgumentException">
    /// The content has no <c>weights</c>, a name that no file should have, a loss that is below 0 or infinite, a step that is below 0 or
    /// above 2,000,000,000, or something that is null; or a tensor is disposed, sparse, or on the device meta.
    /// </exception>
    /// <exception cref="UNetGenException">A number of a tensor is NaN or infinite: no training could go on from it.</exception>
    public string Save(CheckpointContent content, Predicate<string>? stays = null)
    {
        CheckpointContent.Require(content);
        lock (turn)
            return SaveNext(content, stays);
    }

    private string SaveNext(CheckpointContent content, Predicate<string>? stays)
    {
        Follow();
        var path = Path.Combine(folder, CheckpointName.Of(content.Step));
        using var taken = Explained(content, path, () => alone is { IsHeld: true } ? null : WriterLock.OfFolder(folder));
        Explained(content, path, () => Write(content, path));
        logger.CheckpointSaved(path);
        // It is there now, whatever the caller's own code throws.
        Prune(path, stays);
        return path;
    }

    /// <summary>
    /// The newest whole checkpoint, or null where there is none. The logger is warned of every newer one that is damaged, or
    /// called by another step.
    /// </summary>
    /// <exception cref="CheckpointException">One was written by a later version.</exception>
    public Checkpoint? Newest()
    {
        var newest = Open(StoredCheckpoints.Whole(folder, logger.CheckpointPassedOver).Take(1));
        foreach (var other in StoredCheckpoints.NewerUnderOtherNames(folder, newest))
            logger.CheckpointPassedOver(other);
        return newest;
    }

    /// <summary>
    /// The whole checkpoint with the least loss, the newest of equals; null where none has a loss. The logger is warned of every
    /// damaged one.
    /// </summary>
    /// <exception cref="CheckpointException">One was written by a later version.</exception>
    public Checkpoint? Best() => Open(BestOf(StoredCheckpoints.Whole(folder, logger.CheckpointPassedOver)));

    /// <summary>A new folder under the old name would take the checkpoints away from all else that is the training's.</summary>
    private void Follow()
    {
        try
        {
            if (alone is { IsHeld: true })
                folder = alone.Folder;
        }
        catch (IOException error)
        {
            throw new CheckpointException($"No checkpoint can be written. {error.Message}", error);
        }
    }

    private Checkpoint? Open(IEnumerable<(string Path, CheckpointInfo Info)> found)
    {
        foreach (var (path, info) in found)
        {
            lock (turn)
                whole.Add(path);
            return Checkpoint.Of(path, info);
        }
        return null;
    }

    private static IEnumerable<(string Path, CheckpointInfo Info)> BestOf(IEnumerable<(string Path, CheckpointInfo Info)> checkpoints) =>
        checkpoints.Where(checkpoint => !double.IsNaN(checkpoint.Info.Loss)).OrderBy(checkpoint => checkpoint.Info.Loss).Take(1);

    private T Explained<T>(CheckpointContent content, string path, Func<T> write)
    {
        try
        {
            return write();
        }
        catch (Exception error) when (WriteFault.Of(error) is { } reason)
        {
            throw new CheckpointException(Explain(content, path, reason), error);
        }
    }

    private string Explain(CheckpointContent content, string path, string reason)
    {
        var free = "";
        try
        {
            free = string.Create(
                CultureInfo.InvariantCulture, $", and {new DriveInfo(folder).AvailableFreeSpace / 1e6:N1} MB are free there");
        }
        catch (Exception unknown) when (unknown is IOException or UnauthorizedAccessException or ArgumentException)
        {
            // A folder that isn't there, or a share that doesn't say.
        }
        return string.Create(
            CultureInfo.InvariantCulture,
            $"The checkpoint {path} can't be written: {reason}. It needs {content.ByteCount / 1e6:N1} MB{free}. Earlier checkpoints are as "
                + $"they were.");
    }
}
