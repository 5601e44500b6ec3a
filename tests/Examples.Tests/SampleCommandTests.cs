using UNetGen.Runtime.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>Drawing with a checkpoint, into a grid or a folder.</summary>
public sealed class SampleCommandTests(SampleCommandTests.Trained trained) : IClassFixture<SampleCommandTests.Trained>
{
    /// <summary>A folder with one step's checkpoint.</summary>
    public sealed class Trained : IDisposable
    {
        public Trained() => Program.Succeed(
            "train", "--steps", "1", "--batch-size", "2", "--count", "1", "--device", "cpu", "--out", "run");

        public ExampleProgram Program { get; } = new();

        public void Dispose() => Program.Dispose();
    }

    private readonly ExampleProgram program = trained.Program;

    [LinuxFact]
    public void A_killed_stream_continues_to_the_same_files()
    {
        string[] Command(string folder) =>
            ["sample", "--checkpoint", "run", "--steps", "2", "--count", "20", "--batch-size", "2", "--device", "cpu", "--out", folder];
        program.Succeed(Command("whole"));
        Assert.Equal(21, Directory.GetFiles(program.File("whole")).Length);

        // A line of progress comes with every batch, before it is written.
        var lines = 0;
        var killed = program.Run(Command("cut"), (process, line) =>
        {
            if (line.Contains("drawing") && ++lines == 3)
                process.Kill();
        });
        Assert.NotEqual(0, killed.ExitCode);
        var left = Directory.GetFiles(program.File("cut"), "0*.png").Length;
        Assert.InRange(left, 4, 19);

        Assert.Contains($"{20 - left} of them new", program.Succeed(Command("cut")));
        foreach (var file in Directory.GetFiles(program.File("whole")))
            Assert.Equal(File.ReadAllBytes(file), File.ReadAllBytes(Path.Combine(program.File("cut"), Path.GetFileName(file))));

        Assert.Contains("0 of them new", program.Succeed(Command("cut")));
        Assert.Contains("seed is 0 there and 1 now", program.Fail(1, [.. Command("cut"), "--seed", "1"]));
    }

    [Fact]
    public void A_grid_without_a_place_of_its_own_lies_beside_the_file_or_beside_the_checkpoint_that_the_file_is_of()
    {
        const string step = "run/checkpoints/step-00000001";
        Directory.CreateDirectory(program.File("alone"));
        File.Copy(program.File($"{step}/ema.safetensors"), program.File("alone/ema.safetensors"));
        foreach (var (file, grid) in new[] { ("alone/ema.safetensors", "alone"), ($"{step}/ema.safetensors", "run/checkpoints") })
        {
            program.Succeed("sample", "--checkpoint", file, "--steps", "2", "--count", "1");
            Assert.True(File.Exists(program.File($"{grid}/samples-ddim-0.png")));
        }
    }

    [Fact]
    public void Every_sampler_draws()
    {
        foreach (var (sampler, steps) in new[] { ("ddim", 2), ("dpm++", 3), ("heun", 2) })
        {
            program.Succeed(
                "sample", "--checkpoint", "run", "--sampler", sampler, "--steps", $"{steps}", "--spacing", "trailing", "--count", "2",
                "--out", "grid.png");
            Assert.True(File.Exists(program.File("grid.png")));
            File.Delete(program.File("grid.png"));
        }
    }

    [Fact]
    public void What_the_network_or_the_sampler_cannot_is_told()
    {
        Assert.Contains("takes no labels", program.Fail(1, "sample", "--checkpoint", "run", "--labels", "1,2"));
        Assert.Contains("can't be guided", program.Fail(1, "sample", "--checkpoint", "run", "--guidance", "2"));
        Assert.Contains(
            "can't take 5,000 steps: the network's diffusion has", program.Fail(1, "sample", "--checkpoint", "run", "--steps", "5000"));
        Assert.Contains("--labels must be classes", program.Fail(2, "sample", "--checkpoint", "x", "--class", "1,two"));
        Assert.Contains("--eta belongs to ddim", program.Fail(2, "sample", "--checkpoint", "x", "--sampler", "heun", "--eta", "1"));
        Assert.Contains("--spacing belong", program.Fail(2, "sample", "--checkpoint", "x", "--sampler", "ddpm", "--spacing", "even"));
    }
}
