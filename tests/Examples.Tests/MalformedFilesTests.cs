using System.Text;
using CsCheck;
using UNetGen.Examples.Tests.Report;
using UNetGen.Runtime.Tests.Formats;
using Xunit.Abstractions;

namespace UNetGen.Examples.Tests;

/// <summary>
/// Folders in which every file has something wrong in it, given to the program: it shows what it can, or refuses in a sentence, and comes
/// to an end. UNETGEN_FUZZ_COUNT asks for more
/// folders, UNETGEN_FUZZ_SEED for others; docs/robustness.md has the longest run.
/// </summary>
public sealed class MalformedFilesTests(ITestOutputHelper output) : IDisposable
{
    private const int Checkpoints = 20;

    private const string UNet = """
        {"_class_name": "UNet2DModel", "sample_size": 16, "block_out_channels": [32, 64], "norm_num_groups": 8, "attention_head_dim": null, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]}
        """;

    private const string Checkpoint = """
        {"network":"MnistUNet","spec":"name: MnistUNet","spec_hash":"0","step":3000,"loss":0.03,"training":{"batch_size":16,"ema":[{"decay":0.99}]}}
        """;

    private const string Step = """
        {"step":3001,"loss":0.5,"gradient_norm":0.5,"learning_rate":0.001,"images_per_second":200,"seconds_per_thousand_images":5,"resident_bytes":600000000,"elapsed_seconds":300.2}
        """;

    // JSON is YAML, but for what only YAML has.
    private static readonly Gen<byte[]> RunFile = Gen.Select(
        JsonMutations.Of(
            """{"steps":5,"learning_rate":0.001,"ema_decay":[0.9,0.99],"decay":"cosine","time":"none","seed":7}"""), Gen.Int[0, 11], (json,
            kind) => kind switch
        {
            0 => Encoding.UTF8.GetBytes("steps: &a [*a]\n"),
            1 => Encoding.UTF8.GetBytes(
                "a: &a [x,x,x,x]\n" + string.Concat(
                    "bcdefghijkl".Select(c => $"{c}: &{c} [*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)},*{(char)(c - 1)}]\n"))),
            2 => Encoding.UTF8.GetBytes("decay: " + new string('[', 100_000)),
            3 => Encoding.UTF8.GetBytes("? " + new string('k', 900_000) + "\n: 1\n"),
            4 => Encoding.UTF8.GetBytes("steps: " + new string('x', 30_000_000)),
            _ => json,
        });

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void What_is_wrong_in_files_is_shown_or_refused_in_a_sentence()
    {
        var count = LongRuns.Count("UNETGEN_FUZZ_COUNT", 4, 4);
        var seed = Environment.GetEnvironmentVariable("UNETGEN_FUZZ_SEED") ?? "0000malformd";
        MadeRun.Write(program.File("run"));
        Directory.CreateDirectory(program.File("theirs"));
        var (log, starts) = (File.ReadAllBytes(program.File("run/log.jsonl")), File.ReadAllBytes(program.File("run/starts.jsonl")));
        var (done, refused) = (0, 0);
        Gen.Select(JsonMutations.Of(Step), RunFile, JsonMutations.Of(Checkpoint).Array[Checkpoints], JsonMutations.Of(UNet)).Sample(
            (step, run, checkpoints, unet) =>
            {
                Write("run/log.jsonl", [.. log, .. step, (byte)'\n']);
                Write("run/starts.jsonl", [.. starts, .. step, (byte)'\n']);
                Write("run/run.yaml", run);
                for (var i = 0; i < Checkpoints; i++)
                    Write($"run/checkpoints/step-{3000 + i:D8}/checkpoint.json", checkpoints[i]);
                Write("theirs/config.json", unet);
                Write("theirs/scheduler_config.json", "{\"_class_name\": \"DDPMScheduler\"}"u8.ToArray());
                File.Delete(program.File("theirs.unet.yaml"));
                string[][] commands = [
                    ["report", "run"], ["train", "--resume", "run"], ["train", "--run", "run/run.yaml", "--data", "nowhere"],
                    ["import", "theirs", "--out", "theirs.unet.yaml"], ["sample", "--checkpoint", "run"]];
                foreach (var command in commands)
                {
                    var result = program.Run(command);
                    done++;
                    if (result.ExitCode == 0)
                        continue;
                    refused++;
                    Assert.InRange(ExampleProgram.ErrorOf(1, result).Length, 20, 12_000);
                }
            },
            iter: count, seed: seed, threads: 1);
        output.WriteLine($"{count} folders, {done} commands, {refused} of them refused");
        Assert.InRange(refused, 2 * count, 4 * count);
    }

    private void Write(string name, byte[] content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(program.File(name))!);
        File.WriteAllBytes(program.File(name), content);
    }
}
