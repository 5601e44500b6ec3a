using UNetGen.Files;

namespace UNetGen.Training;

/// <summary>How a store's folders take their names, and lose them.</summary>
public sealed partial class CheckpointStore
{
    private string Write(CheckpointContent content, string path)
    {
        var unfinished = Path.Combine(folder, CheckpointName.OfUnfinished(Path.GetFileName(path)));
        try
        {
            foreach (var leftOver in StoredCheckpoints.ListLeftOver(folder))
                DeleteIfPossible(leftOver);
            CheckpointFolder.Write(unfinished, content);
            TakeName(unfinished, path, Path.Combine(folder, CheckpointName.OfReplaced(content.Step)));
        }
        catch
        {
            DeleteIfPossible(unfinished);
            throw;
        }
        whole.Add(path);
        return path;
    }

    private void TakeName(string complete, string path, string replaced)
    {
        if (Directory.Exists(path))
        {
            Discard(replaced);
            if (!SetAside(path))
                Renaming.OfFolder(path, replaced);
        }
        Renaming.OfFolder(complete, path);
        FolderFlush.Flush(folder);
        DiscardIfPossible(replaced);
    }

    /// <summary>
    /// Keeps a checkpoint that somebody has given another step's name, or put something else into, or a whole run, under a name that is no
    /// step's: it isn't the one to be replaced, or to be deleted for its age.
    /// </summary>
    private bool SetAside(string path)
    {
        var (own, why) = CheckpointFolder.OtherNameOf(path) is { } other
            ? (other, "isn't the checkpoint that it was called as")
            : (Path.GetFileName(path), CheckpointFolder.StrangerIn(path) is { } stranger ? $"has {stranger} in it, which no training wrote" : null);
        if (why is null)
            return false;
        var name = Path.Combine(folder, $"kept-{own}");
        var free = name;
        for (var i = 2; Path.Exists(free); i++)
            free = $"{name}-{i}";
        Directory.Move(path, free);
        logger.CheckpointSetAside($"{path} {why}. So that it stays, it is called {free} now.");
        return true;
    }

    private void Discard(string path)
    {
        if (!Directory.Exists(path) || SetAside(path))
            return;
        var doomed = Path.Combine(folder, CheckpointName.OfUnfinished(Path.GetFileName(path)));
        Directory.Move(path, doomed);
        Directory.Delete(doomed, recursive: true);
        whole.Remove(path);
    }

    /// <summary>
    /// What stays: the newest ones down to the <c>keep</c>-th whole one, whole or not; the best; what the caller wants; and the one just
    /// saved, even where a training that was set back has left later ones.
    /// </summary>
    private void Prune(string saved, Predicate<string>? stays)
    {
        foreach (var path in Aged(saved).Where(path => stays?.Invoke(path) != true))
            DiscardIfPossible(path);
    }

    /// <summary>What has had its time, unless the caller wants it; none where the folder can't be read just now.</summary>
    private List<string> Aged(string saved)
    {
        try
        {
            var all = StoredCheckpoints.List(folder);
            if (all.Count <= keep)
                return [];
            (string Path, CheckpointInfo Info)[] found = [.. StoredCheckpoints.Whole(folder, known: whole)];
            whole.UnionWith(found.Select(checkpoint => checkpoint.Path));
            if (found.Length < keep)
                return [];
            var oldest = found[keep - 1].Path;
            HashSet<string> kept = [saved, .. BestOf(found).Select(best => best.Path), .. all.TakeWhile(path => path != oldest), oldest];
            return [.. all.Where(path => !kept.Contains(path))];
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            return [];
        }
    }

    /// <summary>The training goes on without; the next save tries again.</summary>
    private void DiscardIfPossible(string path)
    {
        try
        {
            Discard(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another program reads it, which on Windows holds it fast.
        }
    }

    /// <summary>What stays of it is left over, and bears no checkpoint's name: the next save tries again.</summary>
    private static void DeleteIfPossible(string path)
    {
        try
        {
            if (Directory.Exists(path))
                Directory.Delete(path, recursive: true);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // Another program reads it; and what went wrong before is the one to be told.
        }
    }
}
