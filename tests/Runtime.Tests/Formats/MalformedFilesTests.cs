using System.Text;
using CsCheck;
using UNetGen.Evaluation;
using UNetGen.Interop.Diffusers;
using UNetGen.Logging;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using Xunit.Abstractions;

namespace UNetGen.Runtime.Tests.Formats;

/// <summary>
/// Files of every kind with something wrong in them, their sums made right: each is read or refused with a message that one can read.
/// UNETGEN_FUZZ_COUNT asks for more of them,
/// UNETGEN_FUZZ_SEED for others; docs/robustness.md has the longest run.
/// </summary>
public sealed class MalformedFilesTests : IDisposable
{
    private const int LongestMessage = 12_000;

    // Else the changes do no harm, and nothing is tried.
    private const double LeastRefused = 0.25;

    private static readonly TrainingOptions Options =
        new()
        {
            Steps = 6,
            BatchSize = 2,
            Ema = [
            new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }, new() { Decay = 0.5, Power = null }]
        };

    private readonly ITestOutputHelper output;
    private readonly TemporaryFolder folder = new();
    private readonly TwoConvNet network = new(width: 1);
    private readonly string checkpoint;

    public MalformedFilesTests(ITestOutputHelper output)
    {
        this.output = output;
        using var trainer = new Trainer(network, new Stripes(), Options);
        using var stop = new CancellationTokenSource();
        using (var log = TrainingLog.Open(folder.File("log.jsonl")))
        {
            Stoppable.Train(
                trainer, step => { log.Write(step); if (step.Step == 3) stop.Cancel(); }, new CheckpointStore(folder.File("checkpoints")),
                stop.Token);
        }
        RunStart.Now(TorchSharp.torch.CPU).AppendTo(folder.File("starts.jsonl"));
        checkpoint = folder.File("checkpoints/step-00000003");
    }

    public void Dispose()
    {
        network.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Checkpoint_json()
    {
        var path = Path.Combine(checkpoint, "checkpoint.json");
        var sums = Path.Combine(checkpoint, "checkpoint.sha256");
        var whole = File.ReadAllText(sums).Replace(CheckpointSums.Of(path), "SUM", StringComparison.Ordinal);
        using var trainer = new Trainer(network, new Stripes(), Options);
        Fuzz(JsonMutations.Of(File.ReadAllText(path)), mutated =>
        {
            File.WriteAllBytes(path, mutated);
            File.WriteAllText(sums, whole.Replace("SUM", CheckpointSums.Of(path), StringComparison.Ordinal));
            var opened = Checkpoint.Open(checkpoint);
            opened.LoadInto(network);
            trainer.Restore(opened);
            using var stop = new CancellationTokenSource();
            Stoppable.Train(trainer, _ => stop.Cancel(), cancellation: stop.Token);
        });
    }

    [Fact]
    public void Checkpoint_sums()
    {
        var path = Path.Combine(checkpoint, "checkpoint.sha256");
        var whole = File.ReadAllBytes(path);
        Fuzz(Gen.Select(Gen.Int[0, whole.Length - 1], Gen.Byte.Array[0, 5], Gen.Int[0, 100]), mutation =>
        {
            var (at, by, drop) = mutation;
            File.WriteAllBytes(path, [.. whole[..at], .. by, .. whole[Math.Min(whole.Length, at + drop)..]]);
            Checkpoint.Open(checkpoint);
            Checkpoint.Open(Path.Combine(checkpoint, "ema.safetensors"));
        });
    }

    [Theory]
    [InlineData("checkpoints/step-00000003/ema.safetensors", "weights")]
    [InlineData("classifier.safetensors", "classifier")]
    [InlineData("statistics.safetensors", "statistics")]
    public void Headers_of_safetensors(string file, string reader)
    {
        using (var classifier = SmallClassifier.Train(new Stripes(classes: 2), epochs: 1))
            classifier.Save(folder.File("classifier.safetensors"));
        using (var statistics = new FeatureStatistics(3))
            statistics.Save(folder.File("statistics.safetensors"));
        var bytes = File.ReadAllBytes(folder.File(file));
        var length = BitConverter.ToInt32(bytes);
        Fuzz(JsonMutations.Of(Encoding.UTF8.GetString(bytes, 8, length)), mutated =>
        {
            var path = folder.Write(
                "mutated.safetensors", [.. BitConverter.GetBytes((long)mutated.Length), .. mutated, .. bytes[(8 + length)..]]);
            if (reader == "weights")
                Checkpoint.Open(path).LoadInto(network);
            else if (reader == "classifier")
                SmallClassifier.Load(path).Dispose();
            else
                FeatureStatistics.Load(path).Dispose();
        });
    }

    [Theory]
    [InlineData("log.jsonl")]
    [InlineData("starts.jsonl")]
    public void Lines(string name)
    {
        var lines = File.ReadAllLines(folder.File(name));
        Fuzz(Gen.Select(Gen.Int[0, lines.Length - 1], JsonMutations.Of(lines[0])), mutation =>
        {
            var (at, mutated) = mutation;
            var path = folder.Write(
                "mutated.jsonl",
                [.. lines.SelectMany((line, i) => (byte[])[.. i == at ? mutated : Encoding.UTF8.GetBytes(line), (byte)'\n'])]);
            if (name == "log.jsonl")
                TrainingLog.Open(path, continueAfter: 2).Dispose();
            else
                Assert.InRange(RunStart.Read(path).Count, 0, 2);
        }, leastRefused: name == "log.jsonl" ? LeastRefused : 0);
    }

    [Fact]
    public void Samples_json()
    {
        using var fixedNetwork = new DdpmTinyUNet();
        var drawn = new SampleFolder(folder.File("drawn"));
        void Draw() => drawn.Draw(fixedNetwork, new DdimSampler(1), new SamplingOptions { Count = 1 });
        Draw();
        var path = folder.File("drawn/samples.json");
        Fuzz(JsonMutations.Of(File.ReadAllText(path)), mutated =>
        {
            File.WriteAllBytes(path, mutated);
            try
            {
                drawn.Describe();
            }
            finally
            {
                Draw();
            }
        });
    }

    [Theory]
    [InlineData("model_index.json")]
    [InlineData("unet/config.json")]
    [InlineData("scheduler/scheduler_config.json")]
    public void Configurations_of_diffusers(string name)
    {
        using var ddpm = new DdpmTinyUNet();
        DiffusersFolder.Save(folder.File("pipe"), ddpm);
        var path = folder.File($"pipe/{name}");
        Fuzz(JsonMutations.Of(File.ReadAllText(path)), mutated =>
        {
            File.WriteAllBytes(path, mutated);
            var source = DiffusersFolder.Open(folder.File("pipe"));
            source.SpecYaml();
            source.LoadInto(ddpm);
        });
    }

    private void Fuzz<T>(Gen<T> mutations, Action<T> read, double leastRefused = LeastRefused)
    {
        var count = LongRuns.Count("UNETGEN_FUZZ_COUNT", 50, 150);
        var seed = Environment.GetEnvironmentVariable("UNETGEN_FUZZ_SEED") ?? "0000malformd";
        var (good, refused, longest) = (0, 0, "");
        mutations.Sample(
            mutation =>
            {
                try
                {
                    read(mutation);
                    good++;
                }
                catch (Exception error) when (error is UNetGenException or IOException)
                {
                    refused++;
                    longest = error.Message.Length > longest.Length ? error.Message : longest;
                    Assert.InRange(error.Message.Length, 20, LongestMessage);
                    Assert.DoesNotContain(error.Message, c => char.IsControl(c) && c != '\n');
                }
            },
            iter: count, seed: seed, threads: 1,
            print: mutation => mutation is byte[] bytes
                ? Encoding.UTF8.GetString(bytes.AsSpan(0, Math.Min(bytes.Length, 2000)))
                : $"{mutation}");
        output.WriteLine($"{good + refused} files, {good} of them read, {refused} refused; longest message {longest.Length}: {longest}");
        Assert.InRange(refused, leastRefused * count, count);
    }
}
