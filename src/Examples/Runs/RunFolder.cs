using System.Globalization;

namespace UNetGen.Examples.Runs;

/// <summary>Where a training run leaves its files. A new one goes again if no step was done in it.</summary>
internal sealed class RunFolder : IDisposable
{
    public const string CheckpointName = "checkpoints";

    private readonly bool isNew;

    private RunFolder(string path, bool isNew) => (Path, this.isNew) = (path, isNew);

    public string Path { get; }

    public string Options => File("run.yaml");

    public string Log => File("log.jsonl");

    public string Starts => File("starts.jsonl");

    public string Samples => File("samples.png");

    public string LossCurve => File("loss.png");

    public string Strip => File("noise-to-picture.png");

    public string BrokenFiles => File("broken-files.txt");

    public string Checkpoints => File(CheckpointName);

    /// <summary>The folder that was asked for, or a new one under runs/, named by the network and the time.</summary>
    /// <exception cref="UNetGenException">The folder that was asked for has a run already, or can't be made.</exception>
    public static RunFolder Create(string? path, string network)
    {
        if (path is null)
        {
            var stem = System.IO.Path.Combine("runs", $"{network}-{DateTime.Now.ToString("yyyyMMdd-HHmmss", CultureInfo.InvariantCulture)}");
            path = stem;
            for (var i = 2; Directory.Exists(path); i++)
                path = $"{stem}-{i}";
        }
        else if (Directory.Exists(path) && Directory.EnumerateFileSystemEntries(path).Any())
        {
            var goOn = System.IO.File.Exists(new RunFolder(path, isNew: false).Options) ? $", or go on with its run: train --resume {path}" : "";
            throw new UNetGenException($"The folder {path} isn't empty, and a run would overwrite what is in it. Name another with --out{goOn}.");
        }

        try
        {
            Directory.CreateDirectory(path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new UNetGenException($"The run's folder {path} can't be made: {error.Message.TrimEnd('.')}. Name another with --out.", error);
        }
        return new RunFolder(path, isNew: true);
    }

    /// <summary>The folder of a run that is to go on.</summary>
    /// <exception cref="UNetGenException">There is no run in it.</exception>
    public static RunFolder Open(string path)
    {
        var folder = new RunFolder(System.IO.Path.TrimEndingDirectorySeparator(path), isNew: false);
        if (!System.IO.File.Exists(folder.Options))
            throw new UNetGenException($"There is no run in {path} to go on with: a run's folder has a {System.IO.Path.GetFileName(folder.Options)}.");
        return folder;
    }

    /// <summary>The grid of samples at a step.</summary>
    public string SamplesOf(int step) => System.IO.Path.Combine(File("samples"), $"step-{step:D8}.png");

    public void Dispose()
    {
        if (!isNew || Directory.Exists(Checkpoints) || new FileInfo(Log) is { Exists: true, Length: > 0 })
            return;
        try
        {
            foreach (var file in (string[])[Options, Log, Starts, .. Directory.GetFiles(Path, "events.out.tfevents.*")])
                System.IO.File.Delete(file);
            if (!Directory.EnumerateFileSystemEntries(Path).Any())
                Directory.Delete(Path);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            // A disk that can't be written to has refused the run before, and that is what is told.
        }
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
