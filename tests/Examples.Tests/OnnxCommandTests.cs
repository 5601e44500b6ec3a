using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;
using Deploy;
using UNetGen.Onnx.Tests;

namespace UNetGen.Examples.Tests;

/// <summary>The command <c>export --format onnx</c>, and its files in ONNX Runtime, against what <c>sample</c> draws.</summary>
public sealed class OnnxCommandTests(TrainedDigits digits) : IClassFixture<TrainedDigits>
{
    private const int Count = 4, Side = TrainedDigits.Side, Seed = 5;

    private readonly ExampleProgram program = digits.Program;

    [Theory]
    [InlineData(1, "ddim", "--steps", "6")]
    [InlineData(3, "ddim", "--steps", "6", "--spacing", "trailing", "--rederive-noise", "false")]
    [InlineData(1, "dpm++")]
    [InlineData(2.5, "dpm++", "--steps", "8", "--spacing", "log-snr")]
    [InlineData(1, "heun", "--steps", "5")]
    public void A_file_draws_what_sample_draws(double guidance, string sampler, params string[] options)
    {
        var name = $"{sampler}-{guidance}-{string.Join('-', options.Select(option => option.TrimStart('-')))}";
        Export($"{name}.onnx", ["--with-sampler", sampler, .. options]);
        program.Succeed(
            ["sample", "--checkpoint", "run", "--sampler", sampler, .. sampler == "ddim" ? ["--eta", "0"] : Array.Empty<string>(),
                .. options, "--labels", "7,3", "--guidance", $"{guidance}", "--count", $"{Count}", "--seed", $"{Seed}", "--out", name]);

        var sampled = digits.Pictures(name, Count);
        var drawn = Draw($"{name}.onnx", guidance);

        Assert.True(sampled.Distinct().Count() > 64, "The pictures have hardly any shades, which proves nothing.");
        Assert.All(sampled.Zip(drawn), pair => Assert.InRange(pair.First - pair.Second, -1, 1));
    }

    [Fact]
    public void Half_is_a_smaller_file_and_draws_nearly_the_same()
    {
        Export("whole.onnx", "--with-sampler", "dpm++");
        Export("half.onnx", "--with-sampler", "dpm++", "--half");

        var (whole, half) = (Draw("whole.onnx", 2), Draw("half.onnx", 2));

        Assert.NotEqual(whole, half);
        Assert.InRange(whole.Zip(half).Average(pair => Math.Abs(pair.First - pair.Second)), 0, 1);
        var (bytes, bytesOfHalf) = (Length("whole.onnx"), Length("half.onnx"));
        // Half of the weights; the operators' names count in a network this small.
        Assert.True(bytesOfHalf < 0.7 * bytes, $"{bytesOfHalf:N0} of {bytes:N0} bytes.");
    }

    [Fact]
    public void What_a_file_takes_and_gives_is_shown_and_stands_in_it()
    {
        var network = Export("network.onnx");
        var drawing = Export("drawing.onnx", "--with-sampler", "heun", "--steps", "4");

        Assert.Matches(@"^DigitsUNet in network\.onnx, \d+ kB: computes the network\n", network);
        Assert.Matches(@"\ntakes +x +float32 \[batch, 1, 28, 28\] +noisy images *\n", network);
        Assert.Matches(@"\n +timesteps +int64 \[batch\] +how noisy each is, 0 to 999 *\n", network);
        Assert.Matches(@"\n +labels +int64 \[batch\] +a class each, 0 to 10 *\n", network);
        Assert.Matches(@"\ngives +prediction +float32 \[batch, 1, 28, 28\] +the noise in them *\n", network);
        Assert.Matches(@"^DigitsUNet in drawing\.onnx, \d+ kB: draws by Heun \(EDM\), 4 steps, spacing karras, churn 0\n", drawing);
        Assert.Matches(@"\n +guidance +float32 \[\] +towards the class; 1 is off, and class 10 stands for none *\n", drawing);
        Assert.Matches(@"\ngives +images +uint8 \[batch, 28, 28, 1\] ", drawing);

        using var file = new OnnxRun(program.File("network.onnx"));
        Assert.Equal(["labels", "timesteps", "x"], file.Inputs.Keys.Order());
        Assert.Equal("DigitsUNet", file.Metadata["unetgen.network"]);
        Assert.Equal(1000, (int)JsonNode.Parse(file.Metadata["unetgen.diffusion"])!["timesteps"]!);
        Assert.Equal(10, JsonNode.Parse(file.Metadata["unetgen.classes"])!.AsArray().Count);
    }

    [Fact]
    public void Without_a_class_for_none_nothing_guides_and_where_nobody_knows_that_is_told()
    {
        File.WriteAllText(program.File("ten.unet.yaml"), TrainedDigits.Spec.Replace("11", "10"));
        program.Succeed(
            "train", "--spec", "ten.unet.yaml", "--data", TrainedDigits.Data, "--steps", "1", "--batch-size", "1", "--count", "1",
            "--sample-steps", "1", "--out", "ten");
        var checkpoint = Directory.EnumerateDirectories(program.File("run/checkpoints")).Single();
        File.Copy(Path.Combine(checkpoint, "weights.safetensors"), program.File("alone.safetensors"));
        string[] ofSampler = ["--format", "onnx", "--with-sampler", "ddim"];

        Assert.DoesNotContain("guidance", program.Succeed(["export", "--checkpoint", "ten", "--out", "ten.onnx", .. ofSampler]));
        Assert.Contains(
            "warning: weights alone don't say whether the last of their classes, 10, stands for none: that is taken for granted. Where it "
                + "is one of the data's, leave the file's guidance at 1.\n",
            program.Succeed(["export", "--checkpoint", "alone.safetensors", "--out", "alone.onnx", .. ofSampler]));
        Assert.DoesNotContain(
            "stands for none",
            program.Succeed("export", "--checkpoint", "alone.safetensors", "--out", "alone.network.onnx", "--format", "onnx"));
    }

    [Fact]
    public void A_page_comes_with_the_drawing_that_a_file_has()
    {
        Export("beside-page.onnx", "--with-sampler", "dpm++", "--half");
        var said = program.Succeed("export", "--checkpoint", "run", "--format", "web", "--half", "--out", "a page");

        Assert.Equal(File.ReadAllBytes(program.File("beside-page.onnx")), File.ReadAllBytes(program.File("a page/draw.onnx")));
        var drawing = JsonNode.Parse(File.ReadAllText(program.File("a page/draw.json")))!["drawing"]!;
        Assert.Equal(("DigitsUNet", 11, true, 20), (
            (string?)drawing["network"], (int)drawing["numClasses"]!, (bool)drawing["guidance"]!, (int)drawing["steps"]!));
        Assert.True(File.Exists(program.File("a page/index.html")));
        Assert.Contains("A page that draws is in a page\nTo serve it: python3 -m http.server --directory 'a page'\n", said);
        Assert.Contains("It loads onnxruntime-web from cdn.jsdelivr.net.", said);
        Assert.Contains("a page is there already, and not an empty folder", program.Fail(
            1, "export", "--checkpoint", "run", "--format", "web", "--out", "a page"));
        Assert.Contains("--format web writes a folder, and page.onnx names a file", program.Fail(
            2, "export", "--checkpoint", "run", "--format", "web", "--out", "page.onnx"));
    }

    [Fact]
    public void What_can_t_be_written_is_told_and_leaves_nothing()
    {
        File.WriteAllText(program.File("there.onnx"), "mine");
        File.WriteAllText(program.File("beside.onnx.data"), "mine");
        WriteWithOwnBlocks("own.safetensors");
        var before = Directory.GetFileSystemEntries(program.Folder);

        Assert.Contains("there.onnx is there already", Refuse("run", "there.onnx"));
        Assert.Contains("beside.onnx.data is there already", Refuse("run", "beside.onnx"));
        Assert.Contains("The file new.bin must end in .onnx.", Refuse("run", "new.bin"));
        Assert.Contains("can't take 2,000 steps", Refuse("run", "new.onnx", "--with-sampler", "ddim", "--steps", "2000"));
        Assert.Contains(
            "DigitsUNet has residual blocks of your own, Drawing.PlainBlock (blocks.resnet of its spec): only their code knows",
            Refuse("own.safetensors", "new.onnx"));
        Assert.Equal(before, Directory.GetFileSystemEntries(program.Folder));

        string Refuse(string checkpoint, string output, params string[] options) =>
            program.Fail(1, ["export", "--checkpoint", checkpoint, "--format", "onnx", "--out", output, .. options]);
    }

    private string Export(string output, params string[] options) =>
        program.Succeed(["export", "--checkpoint", "run", "--format", "onnx", "--out", output, .. options]);

    private byte[] Draw(string file, double guidance)
    {
        var noise = new float[Count * Side * Side];
        for (var image = 0; image < Count; image++)
            ImageNoise.Fill(Seed, image, noise.AsSpan(image * Side * Side, Side * Side));
        using var session = new OnnxRun(program.File(file));
        return session.Run<byte>(
            ("noise", noise, [Count, 1, Side, Side]), ("labels", new long[] { 7, 3, 7, 3 }, [Count]),
            ("guidance", new[] { (float)guidance }, [])).Values;
    }

    private long Length(string file) => new FileInfo(program.File(file)).Length;

    /// <summary>The run's weights, in a file that says that a network with other blocks has learnt them.</summary>
    private void WriteWithOwnBlocks(string file)
    {
        program.Succeed("export", "--checkpoint", "run", "--format", "safetensors", "--out", "plain.safetensors");
        var bytes = File.ReadAllBytes(program.File("plain.safetensors"));
        var start = 8 + (int)BinaryPrimitives.ReadInt64LittleEndian(bytes);
        var header = JsonNode.Parse(bytes.AsSpan(8, start - 8))!;
        var metadata = header["__metadata__"]!;
        // What a network of such blocks doesn't have.
        string[] ofOurs = ["norm", "weight_standardization", "activation", "dropout", "conditioning"];
        var kept = ((string)metadata["unetgen.spec"]!).Split('\n').Where(line => !ofOurs.Contains(line.Split(':')[0].Trim()));
        var spec = $"{string.Join('\n', kept)}blocks: {{ resnet: Drawing.PlainBlock }}\n";
        metadata["unetgen.spec"] = spec;
        metadata["unetgen.spec_sha256"] = Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(spec)));
        var text = Encoding.UTF8.GetBytes(header.ToJsonString());
        File.WriteAllBytes(program.File(file), [.. BitConverter.GetBytes((long)text.Length), .. text, .. bytes.AsSpan(start)]);
    }
}
