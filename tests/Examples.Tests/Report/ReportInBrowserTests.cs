using SkiaSharp;
using UNetGen.Tests.Browsers;

namespace UNetGen.Examples.Tests.Report;

/// <summary>The page of a run as a browser shows it, opened as a file.</summary>
public sealed class ReportInBrowserTests : IDisposable
{
    private const string ShownPicture = "document.querySelector('#grid-picture').src";
    private const string ShownStep = "document.querySelector('#grid-step').value";

    private readonly ExampleProgram program = new();

    public void Dispose() => program.Dispose();

    [BrowserFact]
    public async Task The_slider_shows_the_samples_of_each_step()
    {
        await using var browser = await Open();
        Assert.Equal("3,000", await browser.Evaluate<string>(ShownStep));
        var last = await browser.Evaluate<string>(ShownPicture);

        await browser.Click("#grid-slider", across: 0.01);
        Assert.Equal("500", await browser.Evaluate<string>(ShownStep));
        Assert.NotEqual(last, await browser.Evaluate<string>(ShownPicture));

        const int rightArrow = 39;
        await browser.Press("ArrowRight", rightArrow);
        Assert.Equal("1,000", await browser.Evaluate<string>(ShownStep));
        Assert.Equal("step 1,000", await browser.Evaluate<string>("document.querySelector('#grid-slider').getAttribute('aria-valuetext')"));

        await browser.Click("#after");
        Assert.Equal("2,000", await browser.Evaluate<string>(ShownStep));
        await browser.Click("#film button:last-child");
        Assert.Equal(last, await browser.Evaluate<string>(ShownPicture));
        Assert.True(await browser.Evaluate<bool>("document.querySelector('#grid-picture').naturalWidth === 64"));
        AssertQuiet(browser);
    }

    [BrowserFact]
    public async Task Losses_from_the_least_to_the_greatest_number_are_drawn_to_an_end()
    {
        MadeRun.WriteFile(program.File("run/log.jsonl"), string.Concat(new[] { "5e-324", "1", "1.7976931348623157e308" }.Select((loss, i) =>
            $$"""{"step":{{i + 1}},"loss":{{loss}},"gradient_norm":{{loss}},"learning_rate":{{loss}},"images_per_second":{{loss}},"seconds_per_thousand_images":1,"resident_bytes":1,"elapsed_seconds":1}{{"\n"}}""")));
        program.Succeed("report", "run");
        await using var browser = await Browser.Open(program.File("run/report.html"));
        const string curve = "document.querySelector('#chart-loss .line').getAttribute('d')";

        Assert.StartsWith("M", await browser.Evaluate<string>(curve));
        await browser.Click("#log-loss", across: 0.5);
        Assert.StartsWith("M", await browser.Evaluate<string>(curve));
        AssertQuiet(browser);
    }

    [BrowserFact]
    public async Task Curves_answer_their_switches_and_the_keyboard()
    {
        await using var browser = await Open();
        const string curve = "document.querySelector('#chart-loss .line').getAttribute('d')";
        foreach (var control in new[] { "#log-loss", "#log-step", "#smoothing" })
        {
            var before = await browser.Evaluate<string>(curve);
            await browser.Click(control, across: control == "#smoothing" ? 0.1 : 0.5);
            Assert.NotEqual(before, await browser.Evaluate<string>(curve));
        }
        Assert.DoesNotContain("NaN", await browser.Evaluate<string>("document.querySelector('main').innerHTML"));

        await browser.Evaluate<bool>("document.querySelector('#chart-loss svg').focus() ?? true");
        const int home = 36;
        await browser.Press("Home", home);
        // Two steps a point: the mean of the losses 1.03 and 0.53, at the second.
        Assert.StartsWith("step 2: 0.78", await browser.Evaluate<string>("document.querySelector('#chart-loss .readout').value"));
        AssertQuiet(browser);
    }

    [BrowserFact]
    public async Task The_page_fits_a_telephone_and_a_wide_screen_and_follows_the_system_s_colours()
    {
        await using var browser = await Open();
        foreach (var width in new[] { 360, 768, 1920 })
        {
            await browser.Resize(width, 900);
            Assert.True(await browser.Evaluate<bool>("document.documentElement.scrollWidth <= innerWidth"), $"wider than {width}");
            Assert.True(
                await browser.Evaluate<bool>(
                    "document.querySelector('#chart-loss .line').getBBox().width > 0.5 * document.querySelector('main').clientWidth"),
                $"a narrow curve at {width}");
            await Keep(browser, $"report-{width}.png", width);
        }

        const string paper = "getComputedStyle(document.body).backgroundColor";
        await browser.Prefer("light");
        var light = await browser.Evaluate<string>(paper);
        await browser.Prefer("dark");
        Assert.NotEqual(light, await browser.Evaluate<string>(paper));
        await Keep(browser, "report-dark.png", 1920);
        AssertQuiet(browser);
    }

    [BrowserFact]
    public async Task Every_control_and_picture_has_a_name()
    {
        await using var browser = await Open();
        Assert.Equal("", await browser.Evaluate<string>("""
            [...document.querySelectorAll('button, input, img, svg[role], [tabindex]')]
              .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.alt || e.labels?.length || e.querySelector('img[alt]')))
              .map(e => e.outerHTML.slice(0, 80)).join('\n')
            """));
    }

    [BrowserFact]
    public async Task Hostile_names_run_nothing_and_an_empty_run_breaks_nothing()
    {
        MadeRun.WriteOptions(program.File("hostile"), MadeRun.HostileData);
        program.Succeed("report", "hostile");
        await using var browser = await Browser.Open(program.File("hostile/report.html"));
        Assert.Equal("MnistUNet - training report", await browser.Evaluate<string>("document.title"));
        Assert.Contains("nothing logged yet", await browser.Evaluate<string>("document.body.innerText"));
        Assert.False(await browser.Evaluate<bool>("document.querySelector('#smoothing').checkVisibility()"), "a switch without a curve");
        AssertQuiet(browser);
    }

    private async Task<Browser> Open()
    {
        MadeRun.Write(program.File("run"));
        program.Succeed("report", "run");
        return await Browser.Open(program.File("run/report.html"));
    }

    /// <summary>No error, no warning, and no request but for the page.</summary>
    private static void AssertQuiet(Browser browser)
    {
        Assert.Empty(browser.Complaints);
        Assert.StartsWith("file:", Assert.Single(browser.Requests));
    }

    /// <summary>Leaves a picture beside the tests, for whoever wants to look.</summary>
    private static async Task Keep(Browser browser, string name, int width)
    {
        var picture = await browser.Screenshot();
        using var bitmap = SKBitmap.Decode(picture);
        Assert.Equal(width, bitmap.Width);
        var folder = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Screenshots"));
        await File.WriteAllBytesAsync(Path.Combine(folder.FullName, name), picture);
    }
}
