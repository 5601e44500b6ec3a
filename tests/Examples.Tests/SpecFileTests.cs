using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>Networks that weren't compiled into the program: of specs' files, and of checkpoints that another program has made.</summary>
public sealed class SpecFileTests : IDisposable
{
    private const string Tiny = "preset: lucidrains\nimage_size: 8\nchannels: 1\ndim: 8\nchannel_multipliers: [1, 2]\nnorm: group\n";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void A_file_is_trained_drawn_with_shown_and_gone_on_with_after_it_is_deleted_or_changed()
    {
        Write("tiny", Tiny);
        Assert.StartsWith(
            $"TinyUNet (79,225 parameters, {program.File("tiny.unet.yaml")}) on ", Train("--spec", "tiny.unet.yaml", "--out", "run"));

        File.Delete(program.File("tiny.unet.yaml"));
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "1");
        program.Succeed("report", "run");
        Assert.Contains("79,225", File.ReadAllText(program.File("run/report.html")));
        Assert.DoesNotContain("has changed since", program.Succeed("train", "--resume", "run", "--steps", "3"));

        Write("tiny", Tiny + "dropout: 0.1\n");
        Assert.Contains(
            "tiny.unet.yaml has changed since the run began, or is another spec. The run goes on with its own spec: that of its checkpoint.",
            program.Succeed("train", "--resume", "run", "--steps", "4"));

        Assert.Contains(
            "tiny.unet.yaml has changed since the run began, or is another spec. A run goes on with its own network alone: leave --spec out",
            program.Fail(1, "train", "--resume", "run", "--steps", "5", "--spec", "./tiny.unet.yaml"));
        Assert.Contains("No network 'gone'", program.Fail(1, "train", "--resume", "run", "--steps", "5", "--spec", "gone"));
        Directory.CreateDirectory(program.File("moved"));
        Write("moved/tiny", Tiny);
        Assert.Contains(
            $"and is {program.File("moved/tiny.unet.yaml")}",
            program.Succeed("train", "--resume", "run", "--steps", "5", "--spec", "moved/tiny.unet.yaml").ReplaceLineEndings(" "));
        Assert.DoesNotContain("has changed since", program.Succeed("train", "--resume", "run", "--steps", "6"));

        File.Delete(program.File("moved/tiny.unet.yaml"));
        File.CreateSymbolicLink(program.File("moved/tiny.unet.yaml"), "/dev/null");
        Assert.Contains(
            "tiny.unet.yaml' is a device, no regular file. The run goes on with its own spec: that of its checkpoint.",
            program.Succeed("train", "--resume", "run", "--steps", "7"));
    }

    [Fact]
    public void A_file_that_was_compiled_into_the_program_is_its_class_and_one_that_was_changed_is_not()
    {
        var shapes = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "specs", "shapes.unet.yaml"));
        Write("shapes", shapes);
        Assert.StartsWith("ShapesUNet (", Train("--spec", "shapes.unet.yaml", "--out", "same"));
        Write("shapes", shapes.Replace("dim: 32", "dim: 8"));
        var changed = Train("--spec", "shapes.unet.yaml", "--out", "other");

        Assert.Matches(@"dim +32 +8 ", program.Run("diff", "same", "other").Output);
        Assert.StartsWith("ShapesUNet (", changed);
    }

    [Fact]
    public void Samples_of_a_network_that_the_program_does_not_know_are_evaluated()
    {
        Write("tiny", Tiny + "num_classes: 10\n");
        var digits = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");
        program.Succeed(
            "train", "--spec", "tiny.unet.yaml", "--data", digits, "--steps", "1", "--count", "1", "--sample-steps", "1", "--batch-size",
            "2", "--out", "run");
        program.Succeed("classifier", "--spec", "tiny.unet.yaml", "--data", digits, "--epochs", "1", "--out", "digits.safetensors");
        File.Delete(program.File("tiny.unet.yaml"));
        program.Succeed("sample", "--checkpoint", "run", "--steps", "1", "--count", "4", "--out", "pictures");

        Assert.Contains(
            "Frechet distance ",
            program.Succeed("evaluate", "--samples", "pictures", "--data", digits, "--features", "digits.safetensors"));
    }

    [Fact]
    public void Kernels_which_no_effective_spec_says_are_those_of_the_file_and_stay_those_of_the_run()
    {
        Write("tiny", Tiny + "kernels: reference\n");
        string[] training =
        [
            "train", "--spec", "tiny.unet.yaml", "--batch-size", "2", "--decay", "constant", "--sample-every", "none", "--count", "1",
            "--sample-steps", "1",
        ];
        Assert.Contains("reference kernels", program.Succeed([.. training, "--steps", "8", "--out", "whole"]));
        program.Succeed([.. training, "--steps", "4", "--out", "halved"]);
        Assert.Contains("reference kernels", program.Succeed("train", "--resume", "halved", "--steps", "8"));
        Assert.Equal(
            File.ReadAllBytes(program.File("whole/checkpoints/step-00000008/weights.safetensors")),
            File.ReadAllBytes(program.File("halved/checkpoints/step-00000008/weights.safetensors")));

        program.Succeed("sample", "--checkpoint", "whole", "--steps", "1", "--count", "1", "--out", "drawn");
        Assert.Contains("\"kernels\": \"reference\"", File.ReadAllText(program.File("drawn/samples.json")));

        // The program's own network has the same effective spec.
        File.WriteAllText(
            program.File("shapes.unet.yaml"), File.ReadAllText(Path.Combine(ExampleProgram.Root, "specs/shapes.unet.yaml")) + "\nkernels: reference\n");
        Assert.Contains("reference kernels", program.Succeed(
            "train", "--spec", "./shapes.unet.yaml", "--steps", "1", "--batch-size", "1", "--count", "1", "--sample-steps", "1",
            "--sample-every", "none", "--out", "shapes"));
    }

    [Fact]
    public void A_training_begins_with_the_weights_of_another_one_and_names_what_is_otherwise()
    {
        Write("tiny", Tiny);
        Train("--spec", "tiny.unet.yaml", "--out", "first");
        Write("digits", Tiny + "num_classes: 11\n");
        var tuned = program.Run(
            "train", "--spec", "digits.unet.yaml", "--init-from", "first", "--data", Path.Combine(AppContext.BaseDirectory, "Data",
            "mnist"), "--learning-rate", "1e-9", "--warmup-steps", "0", "--steps", "1", "--batch-size", "1", "--count", "1",
            "--sample-steps", "1", "--out", "second");

        Assert.True(tuned.ExitCode == 0, tuned.Error);
        Assert.Contains("warning: label_emb.weight begins anew: it has other classes, or none, in ", tuned.Output);
        Assert.Contains("checkpoint: num_classes: null", tuned.Output);
        Assert.Contains("begins with the weights of ", tuned.Output);
        // With such a learning rate the weights are those of the first training, and not drawn anew.
        Assert.Contains(
            $"init_from: {program.File("first/checkpoints/step-00000002")}\n", File.ReadAllText(program.File("second/run.yaml")));
        Assert.InRange(Distance("first", "second"), 0, 1e-6);

        // A run goes on from its own checkpoint, and needs the other no more.
        Directory.Delete(program.File("first"), recursive: true);
        program.Succeed("train", "--resume", "second", "--steps", "2");
    }

    [Fact]
    public void Other_first_weights_in_a_run_s_file_are_refused_by_who_goes_on()
    {
        Write("tiny", Tiny);
        Train("--spec", "tiny.unet.yaml", "--out", "my run");
        Assert.EndsWith(
            "Leave them out, or begin a new run: train --run 'my run/run.yaml'\n",
            program.Fail(1, "train", "--resume", "my run", "--seed", "5"));
        var options = program.File("my run/run.yaml");
        File.WriteAllText(options, File.ReadAllText(options).Replace("init_from: none", "init_from: elsewhere"));

        Assert.Equal(
            $"error: The run in my run can't go on: it began with init_from: none, and my run/run.yaml says elsewhere. "
                + "Put that back, or begin a new run: train --run 'my run/run.yaml'\n",
            program.Fail(1, "train", "--resume", "my run", "--steps", "3"));
        Directory.Delete(program.File("my run/checkpoints"), recursive: true);
        File.WriteAllText(options, File.ReadAllText(options).Replace("init_from: elsewhere", "init_from: none"));
        Assert.Contains(
            "To begin it anew: train --run 'my run/run.yaml' --out NEW_FOLDER", program.Fail(1, "train", "--resume", "my run", "--steps",
            "3"));
    }

    [Fact]
    public void Classes_that_take_over_the_embeddings_of_others_are_told()
    {
        Write("tiny", Tiny + "num_classes: 3\n");
        foreach (var name in (string[])["a/1", "b/1", "c/1"])
        {
            Directory.CreateDirectory(Path.GetDirectoryName(program.File($"data/{name}"))!);
            using var picture = new SKBitmap(8, 8);
            File.WriteAllBytes(program.File($"data/{name}.png"), picture.Encode(SKEncodedImageFormat.Png, 100).ToArray());
        }
        Train("--spec", "tiny.unet.yaml", "--data", "data", "--out", "first");
        Directory.Move(program.File("data/b"), program.File("data/bee"));

        var tuned = Train("--spec", "tiny.unet.yaml", "--data", "data", "--init-from", "first", "--out", "second");

        Assert.Contains("warning: the classes aren't those of ", tuned);
        Assert.Contains(": bee begins as b, and so each with the embedding of the one that had its number.", tuned);
    }

    [Fact]
    public void Weights_that_do_not_fit_are_refused_before_there_is_a_run()
    {
        Write("tiny", Tiny);
        Train("--spec", "tiny.unet.yaml", "--out", "first");
        Write("wide", Tiny.Replace("dim: 8", "dim: 16"));

        Assert.Contains(
            "The tensors don't fit WideUNet: ",
            program.Fail(1, "train", "--spec", "wide.unet.yaml", "--init-from", "first", "--steps", "1", "--out", "second"));
        Assert.Contains(
            "--init-from: there is nothing at nowhere, seen from ",
            program.Fail(1, "train", "--spec", "wide.unet.yaml", "--init-from", "nowhere", "--steps", "1", "--out", "second"));
        Directory.CreateDirectory(program.File("none"));
        Assert.Contains(
            "warning: --init-from none is the word for no weights; what is called so in this folder is --init-from ./none.",
            Train("--spec", "wide.unet.yaml", "--init-from", "none", "--out", "third"));
        Assert.Contains(
            "--init-from was none",
            program.Fail(1, "train", "--resume", "first", "--init-from", "first", "--steps", "9"));
        Assert.False(Directory.Exists(program.File("second")));
    }

    /// <summary>
    /// How far the trained weights of a run are from the averaged ones of another, with which it began: the first convolution's.
    /// </summary>
    private double Distance(string other, string run)
    {
        var (one, two) = (Numbers(other, "ema"), Numbers(run, "weights"));
        Assert.NotEmpty(one);
        return one.Zip(two, (a, b) => (double)Math.Abs(a - b)).Max();

        float[] Numbers(string folder, string stem)
        {
            var file = Directory.EnumerateFiles(
                program.File($"{folder}/checkpoints"), $"{stem}.safetensors", SearchOption.AllDirectories).Single();
            var bytes = File.ReadAllBytes(file);
            var header = (int)BitConverter.ToInt64(bytes);
            using var json = System.Text.Json.JsonDocument.Parse(bytes.AsMemory(8, header));
            var offsets = json.RootElement.GetProperty("init_conv.weight").GetProperty("data_offsets");
            var data = bytes.AsSpan(8 + header)[offsets[0].GetInt32()..offsets[1].GetInt32()];
            return System.Runtime.InteropServices.MemoryMarshal.Cast<byte, float>(data).ToArray();
        }
    }

    private string Train(params string[] options) =>
        program.Succeed(["train", "--steps", "2", "--count", "1", "--sample-steps", "1", "--batch-size", "1", .. options]);

    private void Write(string name, string text) => File.WriteAllText(program.File($"{name}.unet.yaml"), text);
}
