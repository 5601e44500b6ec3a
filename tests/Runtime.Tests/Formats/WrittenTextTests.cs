using System.Text;
using System.Text.RegularExpressions;
using UNetGen.Backends;
using UNetGen.Interop.Diffusers;
using UNetGen.Logging;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Formats;

/// <summary>
/// Files that other versions read are, to the byte, what the first version wrote. <c>UNETGEN_WRITE_FORMATS=FOLDER</c> writes the expected
/// texts there.
/// </summary>
public sealed partial class WrittenTextTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Checkpoint_json()
    {
        using var tiny = new TinyCheckpoint(width: 1);
        var options = new TrainingOptions
        {
            Steps = 500,
            TimeLimit = TimeSpan.FromSeconds(90.5),
            BatchSize = 4,
            Precision = Precision.BFloat16,
            Optimizer = Optimizer.AdamW,
            LearningRate = 3e-4,
            Decay = LearningRateDecay.Cosine,
            GradientClip = null,
            Ema = [new() { Decay = 0.99 }, new() { Decay = 0.5, Power = null }],
            Seed = 9,
            CheckpointEvery = 7,
            CheckpointInterval = TimeSpan.FromMinutes(10),
        };
        using var trainer = new Trainer(tiny.Network, new Stripes(), options);
        var content = trainer.Capture();
        var saved = new CheckpointStore(folder.Path).Save(content with { Step = 120, Loss = 1.0 / 3 });
        AssertSame("checkpoint.json", Versions().Replace(File.ReadAllText(Path.Combine(saved, "checkpoint.json")), "$1VERSION\""));
        var unstepped = new CheckpointStore(folder.Path).Save(tiny.Content(0, double.NaN) with
        {
            State = [],
            Training = TinyCheckpoint.Training,
        });
        Assert.Contains("\"loss\": \"NaN\"", File.ReadAllText(Path.Combine(unstepped, "checkpoint.json")));
    }

    [Fact]
    public void Checkpoint_json_speaks_of_a_loss_scale_in_float16_and_of_gradient_checkpointing_where_it_is_on_alone()
    {
        using var tiny = new TinyCheckpoint(width: 1);
        var options = new TrainingOptions { Steps = 5, Precision = Precision.Float16, GradientCheckpointing = true };
        using var trainer = new Trainer(tiny.Network, new Stripes(), options);
        var saved = new CheckpointStore(folder.Path).Save(trainer.Capture() with { Step = 1, Loss = 1 });
        var written = File.ReadAllText(Path.Combine(saved, "checkpoint.json"));
        Assert.Contains("\"precision\": \"float16\",\n", written);
        Assert.Contains("\"gradient_checkpointing\": true,\n", written);
        Assert.Contains("    \"loss_scale\": 65536,\n    \"loss_scale_steps\": 0,\n", written);
        using var plain = new Trainer(tiny.Network, new Stripes(), options with { Precision = default, GradientCheckpointing = false });
        var other = new CheckpointStore(folder.File("plain")).Save(plain.Capture() with { Step = 1, Loss = 1 });
        Assert.DoesNotMatch("loss_scale|gradient_checkpointing", File.ReadAllText(Path.Combine(other, "checkpoint.json")));
    }

    [Fact]
    public void Samples_json()
    {
        using var network = new TwoConvNet(classes: 3);
        new SampleFolder(folder.File("drawn")).Draw(
            network, new DdimSampler(2), new SamplingOptions { Count = 1, Labels = [0, 2], Guidance = 1.5, Seed = 7 });
        AssertSame("samples.json", File.ReadAllText(folder.File("drawn/samples.json")).ReplaceLineEndings("\n"));
    }

    [Fact]
    public void Log_and_starts()
    {
        var step = new LoggedStep(7, double.NaN, 1.25, 2e-3, 200.5, 5, 123456789, 3.5);
        var start = new RunStart(
            new DateTimeOffset(2026, 11, 26, 13, 40, 18, TimeSpan.FromHours(2)), 12, "machine", "Linux <7>", "a \"processor\"", 2, 2, "cpu",
            "10.0.4", "0.107.0", "0.1.0", 2, "Open MPI", null);
        start.AppendTo(folder.File("starts.jsonl"));
        AssertSame("lines.jsonl", Encoding.UTF8.GetString(step.ToLine()) + File.ReadAllText(folder.File("starts.jsonl")));
    }

    [Fact]
    public void Configurations_of_diffusers()
    {
        using var network = new DdpmTinyUNet();
        DiffusersFolder.Save(folder.File("pipe"), network);
        AssertSame(
            "diffusers.txt",
            string.Concat(
                new[] { "model_index.json", "unet/config.json", "scheduler/scheduler_config.json" }.Select(
                    name => $"{name}\n{File.ReadAllText(folder.File($"pipe/{name}"))}")));
    }

    private static void AssertSame(string name, string written)
    {
        var path = Path.Combine(AppContext.BaseDirectory, "Formats", name);
        if (Environment.GetEnvironmentVariable("UNETGEN_WRITE_FORMATS") is { } target)
            File.WriteAllText(Path.Combine(target, name), written);
        else
            Assert.Equal(File.ReadAllText(path), written);
    }

    [GeneratedRegex("(_version\": \")[^\"]*\"")]
    private static partial Regex Versions();
}
