using System.Globalization;

namespace UNetGen.Examples;

/// <summary>Where a training run leaves its files. It goes again if nothing was left in it.</summary>
internal sealed class RunFolder : IDisposable
{
    public const string CheckpointName = "checkpoints";

    private RunFolder(string path) => Path = path;

    public string Path { get; }

    public string Samples => File("samples.png");

    public string LossCurve => File("loss.png");

    public string Losses => File("loss.csv");

    public string Strip => File("noise-to-picture.png");

    public string Checkpoint => File(CheckpointName);

    /// <summary>The folder that was asked for, or a new one under runs/, named by the network and the time.</summary>
    /// <exception cref="UNetGenException">The folder that was asked for has a run already.</exception>
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
            throw new UNetGenException($"The folder {path} isn't empty, and a run would overwrite what is in it. Name another with --out.");
        }

        Directory.CreateDirectory(path);
        return new RunFolder(path);
    }

    public void Dispose()
    {
        if (!Directory.EnumerateFileSystemEntries(Path).Any())
            Directory.Delete(Path);
    }

    private string File(string name) => System.IO.Path.Combine(Path, name);
}
