namespace UNetGen.Files;

/// <summary>By what a training run's folder is known, however it is called.</summary>
internal static class RunMark
{
    /// <summary>The file of its options.</summary>
    public const string Options = "run.yaml";

    /// <summary>The folder of its checkpoints.</summary>
    public const string Checkpoints = "checkpoints";

    /// <summary>Whether a folder bears one.</summary>
    public static bool IsIn(string folder) =>
        Directory.Exists(Path.Combine(folder, Checkpoints)) || File.Exists(Path.Combine(folder, Options));
}
