using System.Text.RegularExpressions;

namespace UNetGen.Examples.Tests.Report;

/// <summary>What the page of a run has in it, and what it makes of runs that lack something.</summary>
public sealed partial class ReportTests : IDisposable
{
    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [Fact]
    public void The_page_tells_of_the_network_the_run_its_options_and_its_machines()
    {
        MadeRun.Write(program.File("run"));
        var page = Report("run");
        Assert.All(
            [
                "<h1>MnistUNet</h1>", "trained on ../data/digits, images of 1 × 28 × 28", "<dd>3,000<small>of 4,000</small>", "5:00 min",
                "0.0304",
                "training.ema</th><td>0.99, 0.9999", "seed</th><td>7", "machine</th><td>second",
                "2026-05-02 09:30 after step 1,000, on second",
                "step-00002000 <span class=\"best\">least loss</span>", "1 step of 3,000 was skipped, since loss or gradient was no finite number, exploded",
                "spec has changed since this run",
                "16 × 28 × 28", "48 × 14 × 14", "96 × 7 × 7",
            ],
            text => Assert.Contains(text, System.Net.WebUtility.HtmlDecode(page)));
    }

    [Fact]
    public void Steps_that_were_skipped_are_counted_and_are_in_no_loss()
    {
        MadeRun.WriteOptions(program.File("run"), "digits");
        MadeRun.WriteFile(program.File("run/log.jsonl"), string.Concat(Enumerable.Range(1, 40).Select(step =>
            $$"""{"step":{{step}},"loss":{{(step % 4 == 0 ? "1e9" : "0.25")}},"gradient_norm":1,"learning_rate":1,"images_per_second":1,"seconds_per_thousand_images":1,"resident_bytes":1,"elapsed_seconds":{{step}}{{(step % 4 == 0 ? ",\"skipped\":true" : "")}}}{{"\n"}}""")));

        var page = Report("run");

        Assert.Contains("0.2500", page);
        Assert.Contains("mean of the last 30", page);
        Assert.Contains("10 steps of 40 were skipped", page);
        Assert.DoesNotContain("1000000000", page);
    }

    [Fact]
    public void The_page_asks_for_nothing_outside_itself()
    {
        MadeRun.Write(program.File("run"));
        var page = Report("run");
        Assert.DoesNotMatch(@"(src|href)=""(?!data:|#)", page);
        Assert.DoesNotMatch(@"https?://(?!www\.w3\.org/2000/svg"")", page);
        Assert.Contains("default-src 'none'", page);
        // Which styles and handlers in attributes would break.
        Assert.DoesNotMatch(@"<[^>]*\s(style|on[a-z]+)=", Script().Replace(page, ""));
    }

    [Fact]
    public void What_is_written_in_a_run_is_text_in_the_page_whatever_it_says()
    {
        var folder = "<img src=x onerror=alert(1)>";
        MadeRun.Write(program.File(folder));
        MadeRun.WriteOptions(program.File(folder), MadeRun.HostileData);
        var page = Report(folder);
        Assert.DoesNotContain("<script>document", page);
        Assert.DoesNotContain("<img src=x", page);
        Assert.Contains("&lt;/title&gt;&lt;script&gt;document.title=", page);
        Assert.Contains("{{steps}}", page);
    }

    [Fact]
    public void A_long_log_is_a_small_page_that_still_has_its_extremes()
    {
        MadeRun.WriteLog(program.File("run"), 40_000);
        var page = Report("run");
        Assert.True(page.Length < 400_000, $"{page.Length}");
        Assert.Contains("\"grouped\":true", page);
        Assert.Contains("1.03,", page); // the first step's loss
        Assert.Contains(",40000]", page);
    }

    [Fact]
    public void A_run_that_has_just_begun_has_a_page_and_so_has_one_without_a_log()
    {
        MadeRun.WriteFile(program.File("young/log.jsonl"), "{\"step\":1,\"lo");
        Assert.Contains("None drawn yet.", Report("young"));
        Directory.CreateDirectory(program.File("empty/checkpoints"));
        Assert.Contains("Nothing says yet which network is trained.", Report("empty"));
        MadeRun.WriteFile(program.File("foreign/run.yaml"), "network: UnknownUNet");
        Assert.Contains("This program has no network UnknownUNet to draw.", Report("foreign"));
    }

    [Theory]
    [InlineData("log.jsonl", "no json\n")]
    [InlineData("run.yaml", "a: [")]
    [InlineData("run.yaml", "a: &a [*a]")]
    [InlineData("log.jsonl", """{"step":1,"loss":1,"gradient_norm":1,"learning_rate":1,"images_per_second":1,"seconds_per_thousand_images":1,"resident_bytes":1,"elapsed_seconds":1e300}""" + "\n")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", "{}")]
    public void A_file_that_can_t_be_read_is_named_and_the_rest_shown(string name, string content)
    {
        MadeRun.Write(program.File("run"));
        MadeRun.WriteFile(program.File($"run/{name}"), content);
        var result = program.Run("report", "run");
        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"warning: {name.Replace('/', Path.DirectorySeparatorChar)} can't be shown", result.Output);
        Assert.Contains("<h1>MnistUNet</h1>", File.ReadAllText(program.File("run/report.html")));
    }

    [Theory]
    [InlineData("log.jsonl", "\n", "log.jsonl is damaged: line 1 is no line of a log (It is empty). Delete that line")]
    [InlineData("run.yaml", "steps: 3\na: [", "line 3: ")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", "", "It is empty.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", "[]", "It holds no JSON object.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", "{}", "`step` must be a whole number, and is missing.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", """{"step":null}""", "`step` must be a whole number, and is null.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", """{"step":1.5}""", "`step` must be a whole number, and is 1.5.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", """{"step":1,"network":5}""", "`network` must be a text, and is 5.")]
    [InlineData("checkpoints/step-00003000/checkpoint.json", """{"step":1,"step":2}""", "It has 'step' twice.")]
    [InlineData("samples.png", "no picture", "It is no PNG file.")]
    [InlineData("samples/step-00003000.png", "", "It is no PNG file.")]
    [InlineData("noise-to-picture.png", "GIF89a, as large as a PNG's header", "It is no PNG file.")]
    public void What_is_wrong_with_a_file_is_a_sentence_of_the_program_s_own(string name, string content, string reason)
    {
        MadeRun.Write(program.File("run"));
        MadeRun.WriteFile(program.File($"run/{name}"), content);
        var output = program.Run("report", "run").Output;
        var shown = Regex.Match(output, "can't be shown: (.*)").Groups[1].Value;
        Assert.Contains(reason, shown);
        Assert.DoesNotMatch("JSON tokens|LineNumber|JsonDocument|requested operation|dictionary", output);
    }

    [Fact]
    public void Checkpoints_of_which_none_is_whole_are_told_on_the_page_too()
    {
        MadeRun.Write(program.File("run"));
        foreach (var information in Directory.GetFiles(program.File("run/checkpoints"), "checkpoint.json", SearchOption.AllDirectories))
            File.Delete(information);

        var result = program.Run("report", "run");

        Assert.Equal(0, result.ExitCode);
        Assert.Contains($"warning: No checkpoint in {program.File("run/checkpoints")} is whole.", result.Output);
        Assert.Contains($"No checkpoint in {program.File("run/checkpoints")} is whole.", File.ReadAllText(program.File("run/report.html")));
    }

    [Fact]
    public void Options_of_a_checkpoint_stand_for_the_run_s_where_there_is_no_file_of_them()
    {
        MadeRun.WriteFile(
            program.File("run/checkpoints/step-00000001/checkpoint.json"),
            """{"network":"MnistUNet","step":1,"loss":"NaN","training":{"ema":[0.99,0.9999],"decay":{"steps":null},"flips":true}}""");
        var page = Report("run");
        Assert.All(
            ["ema</th><td>0.99, 0.9999<", "decay.steps</th><td>-<", "flips</th><td>true<"], text => Assert.Contains(text, page));
    }

    [Fact]
    public void Losses_beyond_all_measure_are_numbers_of_a_few_digits()
    {
        MadeRun.WriteFile(program.File("run/log.jsonl"), string.Concat(Enumerable.Range(1, 3100).Select(step =>
            $$"""{"step":{{step}},"loss":1.7e308,"gradient_norm":1e308,"learning_rate":1e39,"images_per_second":1e308,"seconds_per_thousand_images":5e-324,"resident_bytes":9223372036854775807,"elapsed_seconds":1e11}{{"\n"}}""")));

        var page = Report("run");

        Assert.DoesNotMatch("[0-9]{30}", page);
        Assert.Contains("\"high\":[1.7E+308,", page);
    }

    [Fact]
    public void A_folder_that_is_no_run_is_an_error()
    {
        Assert.Contains("There is no folder nowhere", program.Fail(1, "report", "nowhere"));
        Directory.CreateDirectory(program.File("thesis"));
        Assert.Contains("is no run: it has none of run.yaml, log.jsonl", program.Fail(1, "report", "thesis"));
        Assert.Empty(Directory.GetFileSystemEntries(program.File("thesis")));
    }

    private string Report(string folder)
    {
        program.Succeed("report", folder);
        return File.ReadAllText(Path.Combine(program.File(folder), "report.html"));
    }

    [GeneratedRegex(@"<script>.*?</script>", RegexOptions.Singleline)]
    private static partial Regex Script();
}
