namespace UNetGen.Training;

/// <summary>The checkpoints in a store's folder: which there are, and which of them are whole.</summary>
internal static class StoredCheckpoints
{
    private const int MostTries = 10;

    /// <summary>Checkpoints in a store's folder, whole or not, newest first.</summary>
    public static IReadOnlyList<string> List(string store) => !Directory.Exists(store)
        ? []
        : [
            .. Directory.EnumerateDirectories(store)
                .Select(path => (Path: path, Name: Path.GetFileName(path)))
                .Where(found => CheckpointName.Is(found.Name) && CheckpointFolder.Is(found.Path))
                .OrderByDescending(found => CheckpointName.StepIn(found.Name))
                .ThenBy(found => found.Name, StringComparer.Ordinal)
                .Select(found => found.Path),
        ];

    /// <summary>What killed runs have left in a store's folder.</summary>
    public static IEnumerable<string> ListLeftOver(string store) =>
        Directory.EnumerateDirectories(store, ".step-*.tmp").Where(path => CheckpointName.IsUnfinished(Path.GetFileName(path)));

    /// <summary>The whole checkpoints in a store's folder, newest first; each is read when it is come to.</summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="damaged">Told of every other, and how it is damaged.</param>
    /// <param name="known">Those whose contents needn't be read.</param>
    public static IEnumerable<(string Path, CheckpointInfo Info)> Whole(
        string store, Action<string>? damaged = null, IReadOnlySet<string>? known = null)
    {
        var told = new HashSet<string>();
        var tries = 0;
        var queue = new Queue<string>(List(store));
        while (queue.TryDequeue(out var path))
        {
            CheckpointInfo info;
            try
            {
                info = CheckpointFolder.Verify(path, contents: known?.Contains(path) != true);
            }
            catch (DamagedCheckpointException error)
            {
                if (Directory.Exists(path))
                {
                    if (told.Add(path))
                        damaged?.Invoke(error.Message);
                }
                // A training that runs gives its oldest ones up, which is no damage. By then it has written newer ones.
                else if (++tries < MostTries)
                {
                    queue = new(List(store));
                }
                continue;
            }
            // From now on the next ones are what counts.
            tries = MostTries;
            yield return (path, info);
        }
    }

    /// <summary>
    /// Checkpoints under other names than their own, which nobody comes to who looks for the newest: a sentence for each that is newer
    /// than the one found. Those with names of later steps have been told of on the way to it.
    /// </summary>
    /// <param name="store">The store's folder.</param>
    /// <param name="newest">The newest that was found by its name; null: none was.</param>
    public static IEnumerable<string> NewerUnderOtherNames(string store, Checkpoint? newest)
    {
        if (!Directory.Exists(store))
            return [];
        var step = newest?.Info!.Step ?? -1;
        return
        [
            .. from folder in List(store).SkipWhile(folder => folder != newest?.Path)
               let own = CheckpointFolder.StepOf(folder)
               where own > step && !CheckpointFolder.IsNamedBy(folder, own.Value)
               select CheckpointFolder.OfAnotherStep(folder, own.Value),
            .. from folder in Directory.EnumerateDirectories(store).Order(StringComparer.Ordinal)
               let name = Path.GetFileName(folder)
               where name[0] != '.' && !CheckpointName.Is(name) && File.Exists(Path.Combine(folder, CheckpointInfo.FileName))
               let own = CheckpointFolder.StepOf(folder)
               where own > step
               select $"The checkpoint {folder}, of step {own}, bears no step's name, by which the newest is found: call it "
                   + $"{CheckpointName.Of(own.Value)}.",
        ];
    }
}
