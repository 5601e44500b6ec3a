using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>The program's main job, short, and what is done with its run.</summary>
public sealed class MainJobTests : IDisposable
{
    private readonly WindowsProgram program = new() { HasAllProcessors = true };

    public void Dispose() => program.Dispose();

    [WindowsFact]
    public void It_trains_draws_shows_and_exports()
    {
        program.Succeed("--steps", "4", "--batch-size", "4", "--count", "4", "--sample-steps", "20", "--out", "run");
        foreach (var file in (string[])["samples.png", "noise-to-picture.png", "loss.png", "log.jsonl", "run.yaml", "starts.jsonl"])
            Assert.True(new FileInfo(program.File(@$"run\{file}")) is { Exists: true, Length: > 0 }, file);
        Assert.Equal(
            ["checkpoint.json", "checkpoint.sha256", "ema.safetensors", "optimizer.safetensors", "weights.safetensors"],
            Directory.GetFiles(program.File(@"run\checkpoints\step-00000004")).Select(Path.GetFileName).Order(StringComparer.Ordinal));

        program.Succeed("sample", "--checkpoint", "run", "--steps", "2", "--count", "4", "--out", "again.png");
        Assert.True(File.Exists(program.File("again.png")));
        program.Succeed("report", "run");
        Assert.True(File.Exists(program.File(@"run\report.html")));
        program.Succeed("export", "--checkpoint", "run", "--out", "weights.safetensors", "--format", "safetensors");
        Assert.True(File.Exists(program.File("weights.safetensors")));
    }
}
