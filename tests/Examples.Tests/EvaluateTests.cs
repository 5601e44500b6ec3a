using System.Globalization;
using System.IO.Compression;
using System.Text.RegularExpressions;
using SkiaSharp;

namespace UNetGen.Examples.Tests;

/// <summary>Samples are compared with data through the program.</summary>
public sealed partial class EvaluateTests : IDisposable
{
    private static readonly string Digits = Path.Combine(AppContext.BaseDirectory, "Data", "mnist");

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void Samples_of_a_barely_trained_network_are_far_from_digits_and_the_digits_statistics_are_kept()
    {
        Assert.Matches(
            "names [0-9.]+ % of 100 images",
            program.Succeed("classifier", "--data", Digits, "--spec", "mnist", "--epochs", "2", "--out", "digits.safetensors"));
        program.Succeed(
            "train", "--data", Digits, "--steps", "3", "--batch-size", "4", "--count", "1", "--sample-steps", "1", "--sample-every",
            "none", "--out", "run");
        program.Succeed("sample", "--checkpoint", "run", "--sampler", "dpm++", "--steps", "2", "--count", "20", "--out", "drawn");

        string[] evaluate = [
            "evaluate", "--samples", "drawn", "--data", Digits, "--features", "digits.safetensors", "--cache", "statistics"];
        var output = program.Succeed(evaluate);
        Assert.Matches("[0-9.]+ % of the samples are seen as the class that was asked for", output);

        // Twenty real digits, said to be drawn by the same network, are nearer.
        Directory.CreateDirectory(program.File("real"));
        File.Copy(program.File("drawn/samples.json"), program.File("real/samples.json"));
        SaveDigits(20, program.File("real"));
        var ofDigits = program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]]);
        Assert.True(Distance(output) > 2 * Distance(ofDigits), output + ofDigits);
        Assert.Contains("20 pictures can't fill the covariance of 64 features", output);

        var kept = Assert.Single(Directory.GetFiles(program.File("statistics")));
        var written = File.GetLastWriteTimeUtc(kept);
        Assert.Equal(output, program.Succeed(evaluate));
        Assert.Equal(written, File.GetLastWriteTimeUtc(kept));

        Assert.Contains(
            "warning: --samples and --data are the same folder: its distance from itself is 0, whatever was drawn.",
            program.Succeed("evaluate", "--samples", "drawn", "--data", "./drawn/", "--features", "digits.safetensors"));
        Assert.Contains(
            "digits.safetensors is a classifier, by which `evaluate` measures pictures (`--features`), and no network that draws any.",
            program.Fail(1, "sample", "--checkpoint", "digits.safetensors"));

        // A broken file is left out, and no other is counted twice in its place, nor when the statistics are read from the cache.
        Directory.CreateDirectory(program.File("photos"));
        SaveDigits(30, program.File("photos"));
        string[] withPhotos = [.. evaluate[..3], "--data", "photos", .. evaluate[5..]];
        var whole = program.Succeed(withPhotos);
        File.WriteAllText(program.File("photos/000002x.png"), "no picture");
        foreach (var broken in (string[])[program.Succeed(withPhotos), program.Succeed(withPhotos)])
        {
            Assert.Equal(Distance(whole), Distance(broken));
            Assert.Contains("against 30 of 31 pictures in photos", broken);
            Assert.Contains("000002x.png, is no picture", broken);
            Assert.Contains("No other stands in: each picture counts once.", broken);
        }

        // A folder that can't be written to costs a warning.
        File.WriteAllText(program.File("file"), "");
        var unkept = program.Succeed([.. evaluate[..^1], "file"]);
        Assert.Contains("warning: the data's statistics aren't kept for the next time: file/", unkept);
        Assert.Contains("Name another folder with --cache.", unkept);
        Assert.Equal(Distance(output), Distance(unkept));

        // A class is the one of its name, whatever its number is.
        var info = program.File("real/samples.json");
        var asked = FirstLabels(20);
        var asDrawn = Labels().Replace(File.ReadAllText(info), $"\"labels\":[{string.Join(',', asked)}]");
        File.WriteAllText(info, asDrawn);
        var seen = Share(program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]]));
        var reversed = Classes().Replace(asDrawn, $"\"classes\":[{string.Join(',', Enumerable.Range(0, 10).Select(i => $"\"{9 - i}\""))}]");
        Assert.NotEqual(asDrawn, reversed);
        File.WriteAllText(info, reversed);
        Assert.NotEqual(seen, Share(program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]])));
        File.WriteAllText(info, Labels().Replace(reversed, $"\"labels\":[{string.Join(',', asked.Select(label => 9 - label))}]"));
        Assert.Equal(seen, Share(program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]])));
        File.WriteAllText(info, Classes().Replace(asDrawn, "\"classes\":null"));
        var unnamed = program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]]);
        Assert.Equal(seen, Share(unnamed));
        Assert.Contains("warning: real/samples.json doesn't name the classes that were asked for: they are taken for the data's", unnamed);
        File.WriteAllText(info, Classes().Replace(asDrawn, "\"classes\":[1]"));
        Assert.Equal(
            "error: real/samples.json says classes that are no list of names: [1].\n",
            program.Fail(1, ["evaluate", "--samples", "real", .. evaluate[3..]]));
        File.WriteAllText(info, asDrawn);

        // Of the classes asked for, only the classifier's are counted.
        File.WriteAllText(info, Labels().Replace(File.ReadAllText(info), "\"labels\":[10,4]"));
        var some = program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]]);
        Assert.Contains("warning: 10 of 20 samples were asked for as none of the classifier's 10 classes", some);
        Assert.Contains("of the samples are seen as the class that was asked for", some);
        File.WriteAllText(info, Labels().Replace(File.ReadAllText(info), "\"labels\":[10,99]"));
        var none = program.Succeed(["evaluate", "--samples", "real", .. evaluate[3..]]);
        Assert.Contains("warning: 20 of 20 samples were asked for as none", none);
        Assert.DoesNotContain("are seen as", none);

        // What isn't the folder's own is never counted in.
        File.WriteAllText(program.File("drawn/000003.png"), "no picture");
        Assert.Contains("000003.png", program.Fail(1, evaluate));
        File.Delete(program.File("drawn/000003.png"));
        Assert.Contains("000003.png is missing", program.Fail(1, evaluate));
        File.Copy(program.File("drawn/000004.png"), program.File("drawn/grid.png"));
        Assert.Contains("grid.png is none of the folder's pictures", program.Fail(1, evaluate));
    }

    [Fact]
    public void What_can_t_be_compared_is_told_in_a_sentence()
    {
        Directory.CreateDirectory(program.File("empty"));
        Assert.Contains(
            "is no folder of samples",
            program.Fail(1, "evaluate", "--samples", "empty", "--data", Digits, "--features", "digits.safetensors"));
        foreach (var (samples, data) in new[] { (1, 2), (2, 1) })
        {
            foreach (var (name, count) in new[] { ($"samples{samples}", samples), ($"data{data}", data) })
            {
                Directory.CreateDirectory(program.File(name));
                SaveDigits(count, program.File(name));
            }
            File.WriteAllText(program.File($"samples{samples}/samples.json"), """{"network":"MnistUNet"}""");
            // Before the feature network, which isn't there, is looked for.
            Assert.Contains(
                $"A distance needs at least 2 images on both sides, and there is only 1 picture in "
                    + $"{(samples == 1 ? "samples1" : "data1")}.",
                program.Fail(
                    1, "evaluate", "--samples", $"samples{samples}", "--data", $"data{data}", "--features", "nowhere.safetensors"));
        }
        Assert.Contains(
            "at least two classes",
            program.Fail(1, "classifier", "--data", WithoutClasses(), "--spec", "mnist", "--out", "digits.safetensors"));
    }

    [Theory]
    [InlineData("is 32 x 28, where the folder's pictures are 28 x 28. ", SKColorType.Gray8, 32, SKEncodedImageFormat.Png)]
    [InlineData("has colours, where the folder's pictures are grey. ", SKColorType.Rgba8888, 28, SKEncodedImageFormat.Png)]
    [InlineData("is no PNG file. ", SKColorType.Gray8, 28, SKEncodedImageFormat.Jpeg)]
    public void A_picture_that_was_not_drawn_with_the_others_is_refused(
        string fault, SKColorType type, int height, SKEncodedImageFormat format)
    {
        Directory.CreateDirectory(program.File("drawn"));
        SaveDigits(4, program.File("drawn"));
        File.WriteAllText(program.File("drawn/samples.json"), """{"network":"MnistUNet"}""");
        using var foreign = new SKBitmap(new SKImageInfo(28, height, type, SKAlphaType.Opaque));
        File.WriteAllBytes(program.File("drawn/000000.png"), foreign.Encode(format, 100).ToArray());

        // Before the feature network, which isn't there, is looked for.
        Assert.Equal(
            $"error: drawn/000000.png {fault}Delete it: the call that has drawn the others draws it again.\n",
            program.Fail(1, "evaluate", "--samples", "drawn", "--data", Digits, "--features", "nowhere.safetensors"));
    }

    [Fact]
    public void A_classifier_of_few_pictures_is_refused_with_how_many_are_needed()
    {
        foreach (var (name, count) in new[] { ("cats", 3), ("dogs", 12) })
        {
            Directory.CreateDirectory(program.File($"pets/{name}"));
            SaveDigits(count, program.File($"pets/{name}"));
        }

        var error = program.Fail(1, "classifier", "--data", "pets", "--spec", "mnist", "--out", "pets.safetensors");

        Assert.Contains("A classifier needs at least 10 images of each class", error);
        Assert.EndsWith("these classes have fewer: cats: 3.", error.Trim());
        Assert.False(File.Exists(program.File("pets.safetensors")));
    }

    [Fact]
    public void A_classifier_is_tried_on_each_whole_picture_once_and_goes_on_without_the_broken_ones()
    {
        foreach (var name in (string[])["cats", "dogs"])
        {
            Directory.CreateDirectory(program.File($"pets/{name}"));
            SaveDigits(20, program.File($"pets/{name}"));
        }
        // The tenth and the twentieth of each class are held back.
        File.WriteAllText(program.File("pets/cats/000009.png"), "no picture");
        File.WriteAllText(program.File("pets/cats/000019.png"), "no picture");

        string[] train = ["classifier", "--data", "pets", "--spec", "mnist", "--epochs", "1", "--out"];
        var output = program.Succeed([.. train, "pets.safetensors"]);

        Assert.Contains("of 2 images that it hasn't seen", output);
        Assert.Contains("warning: 2 picture files were left out; the first, cats/000009.png, is no picture", output);
        Assert.Contains("Others of its class stood in for each while it learnt.", output);

        File.WriteAllText(program.File("pets/dogs/000009.png"), "no picture");
        File.WriteAllText(program.File("pets/dogs/000019.png"), "no picture");
        Assert.Contains(
            "None of the images can be counted: 4 of 40 pictures of 2 classes in pets, and all of their files are broken.",
            program.Fail(1, [.. train, "untried.safetensors"]));
    }

    private string WithoutClasses()
    {
        var folder = program.File("pictures");
        Directory.CreateDirectory(folder);
        File.Copy(Path.Combine(Digits, "train-images-idx3-ubyte.gz"), Path.Combine(folder, "train-images-idx3-ubyte.gz"));
        return folder;
    }

    private static void SaveDigits(int count, string folder)
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(Digits, "train-images-idx3-ubyte.gz")), CompressionMode.Decompress);
        file.ReadExactly(new byte[16]);
        using var digit = new SKBitmap(new SKImageInfo(28, 28, SKColorType.Gray8));
        for (var i = 0; i < count; i++)
        {
            var pixels = new byte[28 * 28];
            file.ReadExactly(pixels);
            pixels.CopyTo(digit.GetPixelSpan());
            using var picture = File.Create(Path.Combine(folder, $"{i:D6}.png"));
            Assert.True(digit.Encode(picture, SKEncodedImageFormat.Png, 100));
        }
    }

    private static int[] FirstLabels(int count)
    {
        using var file = new GZipStream(File.OpenRead(Path.Combine(Digits, "train-labels-idx1-ubyte.gz")), CompressionMode.Decompress);
        file.ReadExactly(new byte[8]);
        return [.. Enumerable.Range(0, count).Select(_ => file.ReadByte())];
    }

    private static double Distance(string output) =>
        double.Parse(TheDistance().Match(output).Groups[1].Value, CultureInfo.InvariantCulture);

    private static string Share(string output) => TheShare().Match(output).Value;

    [GeneratedRegex("\"classes\":\\s*\\[[^]]*\\]")]
    private static partial Regex Classes();

    [GeneratedRegex("[0-9.]+ % of the samples are seen as")]
    private static partial Regex TheShare();

    [GeneratedRegex("\"labels\":\\s*\\[[^]]*\\]")]
    private static partial Regex Labels();

    [GeneratedRegex("Frechet distance ([0-9.]+)")]
    private static partial Regex TheDistance();

    [Fact]
    public void The_help_names_the_default_as_it_is_given() => Assert.Contains("[default: bytes]", program.Succeed("evaluate", "--help"));
}
