namespace UNetGen.Package.Tests.Harness;

/// <summary>The README's quickstart: its two files, with the packages under test, after its command with less to do.</summary>
internal sealed class Quickstart : FileBasedApp
{
    public const string Spec = "tiny.unet.yaml";
    public const string FirstRun = "runs/first";

    public Quickstart(string folder, PackedTree packages)
        : base(folder, packages, "draw.cs")
    {
        foreach (var (file, text) in PageFiles.Of(File.ReadAllText(Tree.PathOf("README.md"))))
            Write(file, text);
        Edit("draw.cs", $"UNetGen.Cli@{Tree.Version}", $"UNetGen.Cli@{packages.Version}");
        Edit("draw.cs", "libtorch-cpu-linux-x64@", $"libtorch-cpu-{Tree.Platform}@");
        Trained = RunApp("--steps", "1", "--count", "1", "--out", FirstRun);
    }

    /// <summary>What the training printed.</summary>
    public string Trained { get; }
}
