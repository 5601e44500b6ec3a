using System.Globalization;
using UNetGen.Files;

namespace UNetGen.Cli.Runs;

/// <summary>
/// Where a training run leaves its files. Who trains holds it to the end; a new one goes again if no step was done in it.
/// </summary>
internal sealed class RunFolder : IDisposable
{
    public const string CheckpointName = RunMark.Checkpoints;

    public const string OptionsName = RunMark.Options;

    private const string LossCurveName = "loss.png";

    private const string StripName = "noise-to-picture.png";

    private const string BrokenFilesName = "broken-files.txt";

    /// <summary>What is no other's work: of a run that has ended before its first step, the list of what it couldn't read stays.</summary>
    private static readonly string[] NamesInEmpty = [WriterLock.FileName, BrokenFilesName];

    // A killed process gives up what it holds when its memory is freed, and launchers don't wait for all that they have killed.
    private static readonly TimeSpan TimeToEnd = TimeSpan.FromSeconds(3);

    private readonly bool isNew;
    private readonly string full;
    private WriterLock? alone;

    private RunFolder(string path, WriterLock? alone = null)
    {
        (Name, this.alone, isNew) = (path, alone, alone is not null);
        full = System.IO.Path.TrimEndingDirectorySeparator(System.IO.Path.GetFullPath(path));
    }

    /// <summary>As it was called when it was opened.</summary>
    public string Name { get; }

    /// <summary>
    /// Where it is: what is written goes after a folder that was renamed or moved meanwhile, and not into a new one under the old name.
    /// </summary>
    /// <exception cref="IOException">It was deleted, or has gone where the system doesn't tell.</exception>
    public string Path => alone?.Folder is { } now && now != full ? now : Name;

    /// <summary>Whether it is still known where it is.</summary>
    public bool IsThere
    {
        get
        {
            try
            {
                return Path.Length > 0;
            }
            catch (IOException)
            {
                return false;
            }
        }
    }

    public string Options => File(OptionsName);

    public string Log => File("log.jsonl");

    public string Starts => File("starts.jsonl");

    public string Samples => File("samples.png");

    public string LossCurve => File(LossCurveName);

    public string Strip => File(StripName);

    public string BrokenFiles => File(BrokenFilesName);

    public string Checkpoints => File(CheckpointName);

    /// <summary>
    /// Whether a picture is a run's plot or strip by its name and place: those of earlier versions bear the mark of grids.
    /// </summary>
    public static bool IsPlotOrStrip(string picture) => System.IO.Path.GetFileName(picture) is LossCurveName or StripName
        && System.IO.Path.GetDirectoryName(System.IO.Path.GetFullPath(picture)) is { } folder
        && System.IO.File.Exists(System.IO.Path.Combine(folder, OptionsName));

    /// <summary>Whether it is known that nobody else trains in it: some file systems have no locks.</summary>
    public bool IsAlone => alone is { IsEnforced: true };

    /// <summary>Takes the folder that was asked for, or a new one under runs/, named by the network and the time.</summary>
    /// <exception cref="UNetGenException">
    /// The folder that was asked for has a run already, or can't be made, or another process trains in it.
    /// </exception>
    public static RunFolder Create(string? path, string network)
    {
        try
        {
            if (path is not null)
            {
                return TakeIfEmpty(path) ?? throw new UNetGenException(
                    $"The folder {path} isn't empty, and a run would overwrite what is in it. Name another with --out{GoOn(path)}.");
            }
            var stem = System.IO.Path.Combine(
                "runs", $"{network}-{DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}");
            for (var i = 1; ; i++)
            {
                var numbered = i == 1 ? stem : $"{stem}-{i}";
                if (!Directory.Exists(numbered) && TakeUnlessTaken(numbered) is { } folder)
                    return folder;
            }
        }
        catch (LockedException error)
        {
            throw new UNetGenException($"The folder {path} is taken: {error.Holder}, trains in it. Name another with --out.", error);
        }
        catch (IOException error)
        {
            throw new UNetGenException($"The run's folder {error.Message} Name another with --out.", error);
        }
    }

    /// <summary>The folder of a run, to be read.</summary>
    /// <exception cref="UNetGenException">There is no run in it.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(System.IO.Path.TrimEndingDirectorySeparator(path));
        return Presence.OfFile(folder.Options)
            ? folder
            : throw new UNetGenException(
                $"There is no run in {path} to go on with: a run's folder has a {OptionsName}.{Around(path)}");
    }

    /// <summary>The run that a path lies in, as a sentence to follow another; empty where it lies in none.</summary>
    public static string Around(string path)
    {
        var folder = path;
        while ((folder = System.IO.Path.GetDirectoryName(folder)) is { Length: > 0 })
        {
            if (RunMark.IsIn(folder))
                return $" Did you mean '{Excerpt.Of(folder)}'?";
        }
        return "";
    }

    /// <summary>Takes it for oneself: until it is given up, nobody else trains in it.</summary>
    /// <exception cref="LockedException">Another process does.</exception>
    /// <exception cref="IOException">It can't be written to.</exception>
    public void Take() => alone = WriterLock.OfFolder(Name, TimeToEnd);

    /// <summary>The grid of samples at a step.</summary>
    public string SamplesOf(int step) => System.IO.Path.Combine(File("samples"), $"step-{step:D8}.png");

    public void Dispose()
    {
        // While it is still held: what is deleted is this run's.
        if (isNew && IsThere && !Directory.Exists(Checkpoints) && new FileInfo(Log) is not { Exists: true, Length: > 0 })
            DeleteFiles();
        alone?.Dispose();
    }

    private void DeleteFiles()
    {
        try
        {
            foreach (var file in (string[])[Options, Log, Starts, .. Directory.GetFiles(Path, "events.out.tfevents.*")])
                System.IO.File.Delete(file);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A disk that can't be written to has refused the run before, and that is what is told.
        }
    }

    /// <summary>
    /// Null where it isn't empty. It is looked at before too, so that nothing is written into a folder of something else.
    /// </summary>
    private static RunFolder? TakeIfEmpty(string path)
    {
        if (!IsEmpty(path))
            return null;
        var alone = WriterLock.OfFolder(path);
        if (IsEmpty(path))
        {
            var folder = new RunFolder(path, alone);
            System.IO.File.Delete(folder.BrokenFiles);
            return folder;
        }
        alone.Dispose();
        return null;
    }

    private static RunFolder? TakeUnlessTaken(string path)
    {
        try
        {
            return TakeIfEmpty(path);
        }
        catch (LockedException)
        {
            return null;
        }
    }

    private static bool IsEmpty(string path) =>
        !Directory.Exists(path)
        || Directory.EnumerateFileSystemEntries(path).All(entry => NamesInEmpty.Contains(System.IO.Path.GetFileName(entry)));

    private static string GoOn(string path) =>
        System.IO.File.Exists(new RunFolder(path).Options) ? $", or go on with its run: train --resume {ShellWord.Of(path)}" : "";

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
