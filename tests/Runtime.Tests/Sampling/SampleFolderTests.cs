using SkiaSharp;
using TorchSharp;
using UNetGen.Data;
using UNetGen.Sampling;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

public sealed class SampleFolderTests : IDisposable
{
    private static readonly SamplingOptions Ten = new() { Count = 10, BatchSize = 4, Seed = 3 };

    private static readonly Sampler Ddim = new DdimSampler(4, eta: 1);

    private readonly TemporaryFolder folder = new();

    private readonly FunctionPredictor network = new(new() { Timesteps = 100 }, (x, t, _) => GoldenDiffusion.Predict(x, t));

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("""{"seed":1,"seed":1}""", "is damaged (It has 'seed' twice), so that nothing says what its pictures were drawn with.")]
    [InlineData("", "is damaged (It is empty), so that")]
    [InlineData(" \n", "is damaged (It is empty), so that")]
    [InlineData("""{"network":"N","labels":[]}""", "doesn't say which network and labels")]
    [InlineData("""{"network":"N","labels":[-1]}""", "doesn't say which network and labels")]
    [InlineData("""{"network":"\ud800"}""", "A text in it is no valid Unicode), so that nothing says")]
    public void What_does_not_say_what_was_drawn_is_refused(string info, string message)
    {
        using var damaged = new TemporaryFolder();
        damaged.Write("samples.json", System.Text.Encoding.UTF8.GetBytes(info));

        Assert.Contains(message, Assert.Throws<UNetGenException>(() => new SampleFolder(damaged.Path).Describe()).Message);
    }

    [Theory]
    [InlineData("")]
    [InlineData(null)]
    public void A_folder_without_a_path_is_refused_before_anything_is_written(string? path) =>
        Assert.StartsWith("A folder needs a path", Assert.Throws<ArgumentException>(() => new SampleFolder(path!)).Message);

    [Fact]
    public void Every_picture_is_a_file_of_its_size_and_value()
    {
        using var scope = NewDisposeScope();
        Assert.Equal(10, new SampleFolder(folder.File("all")).Draw(network, Ddim, Ten));

        Assert.Equal([.. Enumerable.Range(0, 10).Select(i => $"{i:D6}.png"), "samples.json"], Names("all"));
        var expected = Ddim.Sample(network, Ten);
        for (var i = 0; i < 10; i++)
        {
            using var picture = SKBitmap.Decode(folder.File($"all/{i:D6}.png"));
            Assert.Equal((4, 4), (picture.Width, picture.Height));
            var bytes = ((expected[i].flatten() + 1) * 127.5).round().to(ScalarType.Byte).data<byte>().ToArray();
            Assert.Equal(bytes, picture.Pixels.Select(pixel => pixel.Red));
        }
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(5)]
    public void What_is_no_picture_fills_no_folder(int channels)
    {
        using var latents = new FunctionPredictor(new() { Timesteps = 100 }, (x, _, _) => x, channels);

        var error = Assert.Throws<UNetGenException>(() => new SampleFolder(folder.File("all")).Draw(latents, Ddim, Ten)).Message;

        Assert.StartsWith(
            $"A folder is filled with pictures, grey or RGB, and what FunctionPredictor draws has {channels} channels. Latents are", error);
        Assert.False(Path.Exists(folder.File("all")));
    }

    [Fact]
    public void Latents_of_a_channel_are_no_pictures_either()
    {
        using var latents = new FunctionPredictor(new() { Timesteps = 100 }, (x, _, _) => x) { IsBounded = false };

        Assert.StartsWith(
            "A folder is filled with pictures, grey or RGB, and what FunctionPredictor draws are latents.",
            Assert.Throws<UNetGenException>(() => new SampleFolder(folder.File("all")).Draw(latents, Ddim, Ten)).Message);
    }

    [LinuxFact]
    public void A_folder_that_is_renamed_while_it_fills_has_all_pictures_under_its_new_name()
    {
        new SampleFolder(folder.File("whole")).Draw(network, Ddim, Ten);

        var seen = 0;
        Assert.Equal(10, new SampleFolder(folder.File("old")).Draw(network, Ddim, Ten, _ =>
        {
            if (++seen is 7)
                Directory.Move(folder.File("old"), folder.File("new"));
        }));

        Assert.Equal(Names("whole"), Names("new"));
        Assert.False(Path.Exists(folder.File("old")));
    }

    [LinuxFact]
    public void A_folder_that_is_deleted_while_it_fills_is_told_and_not_made_anew()
    {
        Assert.Contains("isn't there any more", Assert.Throws<IOException>(() => new SampleFolder(folder.File("old")).Draw(
            network, Ddim, Ten, _ =>
            {
                if (Directory.Exists(folder.File("old")))
                    Directory.Delete(folder.File("old"), recursive: true);
            })).Message);
        Assert.False(Path.Exists(folder.File("old")));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(5)]
    public void Cut_off_anywhere_it_continues_to_the_same_files(int steps)
    {
        new SampleFolder(folder.File("whole")).Draw(network, Ddim, Ten);

        using var cancellation = new CancellationTokenSource();
        var seen = 0;
        Assert.Throws<OperationCanceledException>(() => new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten, _ =>
        {
            if (seen++ == steps)
                cancellation.Cancel();
        }, cancellation.Token));
        var before = Names("cut").Count(name => name.EndsWith(".png"));
        Assert.Equal(steps == 5 ? 4 : 0, before);

        Assert.Equal(10 - before, new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten));
        AssertSameFiles();
        Assert.Equal(0, new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten, _ => Assert.Fail("nothing is left to draw")));
    }

    [Fact]
    public void Missing_numbers_are_drawn_again_and_others_left_alone()
    {
        new SampleFolder(folder.File("whole")).Draw(network, Ddim, Ten);
        new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten);
        var stamp = new DateTime(2001, 1, 1, 0, 0, 0, DateTimeKind.Utc);
        foreach (var i in Enumerable.Range(0, 10))
            File.SetLastWriteTimeUtc(folder.File($"cut/{i:D6}.png"), stamp);
        File.Delete(folder.File("cut/000005.png"));
        File.Delete(folder.File("cut/000009.png"));

        Assert.Equal(2, new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten));

        AssertSameFiles();
        Assert.Equal([5, 9], Enumerable.Range(0, 10).Where(i => File.GetLastWriteTimeUtc(folder.File($"cut/{i:D6}.png")) != stamp));
    }

    [Fact]
    public void A_picture_without_its_end_is_drawn_again()
    {
        new SampleFolder(folder.File("whole")).Draw(network, Ddim, Ten);
        new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten);
        File.WriteAllBytes(folder.File("cut/000003.png"), File.ReadAllBytes(folder.File("whole/000003.png"))[..^1]);
        File.WriteAllBytes(folder.File("cut/000004.png"), []);

        Assert.Equal(2, new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten));
        AssertSameFiles();
    }

    [Fact]
    public void A_folder_that_is_not_there_has_no_pictures_and_is_named() =>
        Assert.Equal(
            $"There is no folder {folder.File("none")}. `sample --out FOLDER` makes one.",
            Assert.Throws<UNetGenException>(() => new SampleFolder(folder.File("none")).Pictures()).Message);

    [Fact]
    public void A_folder_in_the_place_of_a_picture_is_told_before_anything_is_drawn_and_by_who_reads()
    {
        var drawn = new SampleFolder(folder.File("drawn"));
        drawn.Draw(network, Ddim, Ten with { Count = 3 });
        Directory.CreateDirectory(folder.File("drawn/000007.png"));

        var message = $"{folder.File("drawn/000007.png")} is a folder in the place of a picture; take it out.";
        Assert.Equal(message, Assert.Throws<UNetGenException>(() => drawn.Draw(network, Ddim, Ten, _ => Assert.Fail("it draws"))).Message);
        Assert.Equal(message, Assert.Throws<UNetGenException>(() => drawn.Pictures()).Message);
    }

    [Fact]
    public void A_picture_of_another_size_is_told_before_anything_is_drawn_and_by_who_measures()
    {
        var drawn = new SampleFolder(folder.File("drawn"));
        drawn.Draw(network, Ddim, Ten with { Count = 3 });
        var (height, width) = drawn.Size();
        using var other = new SKBitmap(width + 1, height);
        File.WriteAllBytes(folder.File("drawn/000001.png"), other.Encode(SKEncodedImageFormat.Png, 100).ToArray());

        var begin = $"{folder.File("drawn/000001.png")} is {height} x {width + 1}, where ";
        Assert.Equal(
            $"{begin}{network.Info.Name} draws {height} x {width}. Take it out.",
            Assert.Throws<UNetGenException>(() => drawn.Draw(network, Ddim, Ten, _ => Assert.Fail("it draws"))).Message);
        Assert.StartsWith(
            $"{begin}the folder's pictures are {height} x {width}. ", Assert.Throws<UNetGenException>(() => drawn.Size()).Message);
    }

    [LinuxFact]
    public void A_link_to_nothing_in_the_place_of_a_picture_is_told_as_such()
    {
        var drawn = new SampleFolder(folder.File("drawn"));
        drawn.Draw(network, Ddim, Ten with { Count = 3 });
        File.CreateSymbolicLink(folder.File("drawn/000004.png"), "gone");

        var message = $"{folder.File("drawn/000004.png")} is a link to {folder.File("drawn/gone")}, which isn't there, in the place of a "
            + "picture; take it out.";
        Assert.Equal(message, Assert.Throws<UNetGenException>(() => drawn.Draw(network, Ddim, Ten, _ => Assert.Fail("it draws"))).Message);
        Assert.Equal(message, Assert.Throws<UNetGenException>(() => drawn.Pictures()).Message);
    }

    [Fact]
    public void More_are_added_to_what_there_is()
    {
        new SampleFolder(folder.File("whole")).Draw(network, Ddim, Ten);
        new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten with { Count = 3 });
        new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten with { FirstImage = 8, Count = 2 });

        Assert.Equal(5, new SampleFolder(folder.File("cut")).Draw(network, Ddim, Ten));

        AssertSameFiles();
    }

    [Fact]
    public void The_classes_of_strips_are_those_of_their_frames()
    {
        using var ends = zeros(1, 1, 4, 4);
        using var classes = new FunctionPredictor(new() { Timesteps = 100 }, 5, (x, t, _, _) => GoldenDiffusion.Predict(x, t));
        var strips = new SampleFolder(folder.File("strips"));
        strips.Draw(classes, Ddim, new SamplingOptions
        {
            Count = 6,
            Labels = [4, 1],
            Edit = new Interpolation(ends, ends, frames: 3, strength: 0.5),
        });

        Assert.Equal([4, 4, 4, 1, 1, 1], strips.Describe().Labels!);
    }

    [Fact]
    public void By_name_a_picture_of_seven_digits_is_where_a_source_of_the_folder_has_it()
    {
        var whole = new SampleFolder(folder.File("whole"));
        whole.Draw(network, Ddim, Ten with { FirstImage = 999_997, Count = 5 });

        var byName = whole.PicturesByName();

        Assert.Equal([1_000_000, 1_000_001, 999_997, 999_998, 999_999], byName);
        var source = ImageFolderSource.Open(folder.File("whole"), 1, 8, 8);
        var (read, alone) = (new float[64], new float[64]);
        foreach (var (index, number) in byName.Index())
        {
            source.Read(index, read);
            Directory.CreateDirectory(folder.File($"{number}"));
            File.Copy(folder.File($"whole/{number:D6}.png"), folder.File($"{number}/picture.png"));
            ImageFolderSource.Open(folder.File($"{number}"), 1, 8, 8).Read(0, alone);
            Assert.Equal(alone, read);
        }
    }

    [Fact]
    public void What_a_killed_process_left_of_a_picture_goes_when_the_picture_is_drawn()
    {
        var guid = new string('a', 32);
        Directory.CreateDirectory(folder.File("left"));
        string[] others = [$".000010.png.{guid}.tmp", ".000003.png.tmp", $".notes.png.{guid}.tmp", $".3.png.{guid}.tmp"];
        foreach (var name in others.Append($".000009.png.{guid}.tmp").Append($".000000.png.{guid}.tmp"))
            File.WriteAllText(folder.File($"left/{name}"), "half");

        new SampleFolder(folder.File("left")).Draw(network, Ddim, Ten);

        Assert.Equal(others.Order(StringComparer.Ordinal), Names("left").Where(name => name.StartsWith('.')).Order(StringComparer.Ordinal));
    }

    [Fact]
    public void Settings_read_as_they_are_and_those_with_escaped_signs_are_the_same()
    {
        var solver = new DpmSolverSampler(4);
        new SampleFolder(folder.File("signs")).Draw(network, solver, Ten);
        var text = File.ReadAllText(folder.File("signs/samples.json"));
        Assert.Contains("DPM-Solver++", text);

        File.WriteAllText(folder.File("signs/samples.json"), text.Replace("+", "\\u002B"));
        Assert.Equal(0, new SampleFolder(folder.File("signs")).Draw(network, solver, Ten));
    }

    [Fact]
    public void Other_settings_are_refused_with_the_difference()
    {
        var there = new SampleFolder(folder.File("there"));
        there.Draw(network, Ddim, Ten with { Count = 1 });

        Assert.Contains("seed is 3 there and 4 now", Refusal(Ddim, Ten with { Seed = 4 }));
        Assert.Contains(
            "sampler is \"DDIM, 4 steps, spacing even, eta 1\" there and \"DDIM, 5 steps, spacing even, eta 1\" now",
            Refusal(new DdimSampler(5, 1), Ten));
        Assert.Contains("clip is true there and false now", Refusal(Ddim, Ten with { Clip = false }));
        Assert.Equal(2, Names("there").Length);

        string Refusal(Sampler sampler, SamplingOptions options) =>
            Assert.Throws<UNetGenException>(() => there.Draw(network, sampler, options)).Message;
    }

    [Fact]
    public void Other_weights_or_labels_are_refused()
    {
        using var classes = new DdpmClassesUNet();
        var options = new SamplingOptions { Count = 1, Labels = [1, 2] };
        var there = new SampleFolder(folder.File("there"));
        there.Draw(classes, new DdimSampler(1), options);

        Assert.Equal(0, there.Draw(classes, new DdimSampler(1), options));
        Assert.Contains("labels is [1,2] there and [1] now", Refusal(options with { Labels = [1] }));
        Assert.Contains("guidance is 1 there and 2 now", Refusal(options with { Guidance = 2 }));
        Assert.Contains("guidance_rescale is 0 there and 0.7 now", Refusal(options with { Guidance = 2, GuidanceRescale = 0.7 }));
        using (no_grad())
            classes.parameters().First().flatten()[0].add_(1e-3);
        Assert.Contains("weights_sha256 is", Refusal(options));

        string Refusal(SamplingOptions options) =>
            Assert.Throws<UNetGenException>(() => there.Draw(classes, new DdimSampler(1), options)).Message;
    }

    [Fact]
    public void A_folder_of_before_there_was_rescaled_guidance_goes_on_without_it_alone()
    {
        using var classes = new DdpmClassesUNet();
        var options = new SamplingOptions { Count = 1, Labels = [1, 2], Guidance = 2 };
        var there = new SampleFolder(folder.File("there"));
        there.Draw(classes, new DdimSampler(1), options);
        var info = folder.File("there/samples.json");
        File.WriteAllLines(info, File.ReadAllLines(info).Where(line => !line.Contains("guidance_rescale")));

        Assert.Equal(0, there.Draw(classes, new DdimSampler(1), options));
        Assert.Contains("guidance_rescale is 0 there and 0.7 now", Assert.Throws<UNetGenException>(
            () => there.Draw(classes, new DdimSampler(1), options with { GuidanceRescale = 0.7 })).Message);
    }

    [Theory]
    [InlineData(TimestepSpacing.Even)]
    [InlineData(TimestepSpacing.LogSnr)]
    public void A_folder_whose_spacing_has_its_name_in_csharp_goes_on(TimestepSpacing spacing)
    {
        var there = new SampleFolder(folder.File("there"));
        var sampler = new DdimSampler(4, 1, spacing);
        there.Draw(network, sampler, Ten with { Count = 1 });
        var info = folder.File("there/samples.json");
        File.WriteAllText(info, File.ReadAllText(info).Replace($"spacing {spacing.Word()},", $"spacing {spacing},"));

        Assert.Contains($"spacing {spacing}", File.ReadAllText(info));
        Assert.Equal(1, there.Draw(network, sampler, Ten with { Count = 2 }));
    }

    [Theory]
    [InlineData(TimestepSpacing.Even, null)]
    [InlineData(TimestepSpacing.Leading, null)]
    [InlineData(
        TimestepSpacing.Linspace,
        "at which timesteps, and with the spacing linspace earlier versions had others at some numbers of steps. Draw")]
    [InlineData(
        TimestepSpacing.Trailing,
        "at which timesteps, and with the spacing trailing earlier versions had others at some numbers of steps. Draw")]
    public void Other_timesteps_are_refused_also_where_an_earlier_version_wrote_none_down(TimestepSpacing spacing, string? refusal)
    {
        var sampler = new DdimSampler(4, 1, spacing);
        new SampleFolder(folder.File("drawn")).Draw(network, sampler, Ten with { Count = 4 });
        var info = folder.File("drawn/samples.json");
        var lines = File.ReadAllLines(info);

        File.WriteAllLines(info, lines.Select(line => line.Contains("timesteps_sha256") ? "  \"timesteps_sha256\": \"00\"," : line));
        Assert.Contains("timesteps_sha256 is \"00\" there and ", Refusal());
        File.WriteAllLines(info, lines.Where(line => !line.Contains("timesteps_sha256")));
        if (refusal is null)
            Assert.Equal(6, new SampleFolder(folder.File("drawn")).Draw(network, sampler, Ten));
        else
            Assert.Contains(refusal, Refusal());

        string Refusal() => Assert.Throws<UNetGenException>(
            () => new SampleFolder(folder.File("drawn")).Draw(network, sampler, Ten)).Message;
    }

    [Fact]
    public void A_folder_of_other_files_or_with_damaged_settings_is_refused()
    {
        Directory.CreateDirectory(folder.File("other"));
        File.WriteAllText(folder.File("other/thesis.tex"), "");
        Assert.Contains("isn't empty and has no samples.json", Refusal("other"));

        foreach (var text in new[] { "", "{", "[1]", "null" })
        {
            Directory.CreateDirectory(folder.File("damaged"));
            File.WriteAllText(folder.File("damaged/samples.json"), text);
            Assert.Contains("samples.json is damaged", Refusal("damaged"));
        }

        string Refusal(string name) =>
            Assert.Throws<UNetGenException>(() => new SampleFolder(folder.File(name)).Draw(network, Ddim, Ten)).Message;
    }

    [Fact]
    public void No_more_tensors_live_than_a_batch_needs()
    {
        var most = 0L;
        var before = DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        var ofBatch = new Dictionary<int, long>();
        new SampleFolder(folder.File("many")).Draw(network, Ddim, Ten with { Count = 40 }, at =>
        {
            most = Math.Max(most, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
            ofBatch[at.FirstImage] = most;
        });
        Assert.Equal(10, ofBatch.Count);
        Assert.Single(ofBatch.Values.Distinct());
        Assert.Equal(before, DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    private string[] Names(string name) =>
        [.. Directory.GetFileSystemEntries(folder.File(name)).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)];

    private void AssertSameFiles()
    {
        Assert.Equal(Names("whole"), Names("cut"));
        Assert.All(
            Names("whole"),
            name => Assert.Equal(File.ReadAllBytes(folder.File($"whole/{name}")), File.ReadAllBytes(folder.File($"cut/{name}"))));
    }
}
