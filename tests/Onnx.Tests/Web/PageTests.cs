using System.Globalization;
using SkiaSharp;
using UNetGen.Onnx.Web;
using UNetGen.Tests.Browsers;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>The page in a browser, served by a plain web server.</summary>
public sealed class PageTests : IDisposable
{
    private const string IsReady = "!document.querySelector('#draw').disabled";
    private const string Status = "document.querySelector('#status').textContent";
    private const string Trouble = "document.querySelector('#trouble').textContent";

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-web-");

    public void Dispose() => folder.Delete(recursive: true);

    [WebFact]
    public async Task The_page_draws_what_the_drawing_makes_of_the_noise_that_sample_begins_with()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        await browser.Evaluate<bool>("document.querySelector('#seed').value = '7', true");
        await browser.Evaluate<bool>(
            "(() => { const e = document.querySelector('#guidance'); e.value = 2.5; return e.dispatchEvent(new Event('input')); })()");
        Assert.Equal("2.5", await browser.Evaluate<string>("document.querySelector('#guidance-value').textContent"));

        await DrawAll(browser, 4);

        Assert.Equal("MadeUNet", await browser.Evaluate<string>("document.querySelector('h1').textContent"));
        for (var image = 0; image < 4; image++)
            AssertClose(MadeDrawing.Draw(folder.FullName, 7, image, label: image % 3, guidance: 2.5f), await Shown(browser, image));
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task A_class_is_chosen_by_its_name_and_one_picture_drawn()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        Assert.Equal(
            "each in turn, round, square, <b>tri&angle, none",
            await browser.Evaluate<string>("[...document.querySelectorAll('#classes label')].map(e => e.textContent).join(', ')"));

        await browser.Click("#classes label:nth-child(3)");
        await browser.Click("input[name=count][value=\"1\"]");
        await DrawAll(browser, 1);

        AssertClose(MadeDrawing.Draw(folder.FullName, 0, 0, label: 1, guidance: 1), await Shown(browser, 0));
        Assert.Equal(
            "1 picture of seed 0: square",
            await browser.Evaluate<string>("document.querySelector('#picture').getAttribute('aria-label')"));
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task Drawing_stops_after_the_picture_that_is_being_drawn_and_begins_anew()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        await browser.Evaluate<bool>("document.querySelector('#draw').click(), document.querySelector('#draw').click(), true");
        await browser.Until($"{Status}.startsWith('1 picture in ')");
        Assert.EndsWith(", then stopped.", await browser.Evaluate<string>(Status));

        await DrawAll(browser, 4);
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task A_seed_that_is_no_number_is_told_and_doesn_t_keep_drawing_from_being_stopped()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        await browser.Evaluate<bool>(
            "(draw => { draw.click(); document.querySelector('#seed').value = '1.5'; draw.click(); return true; })"
                + "(document.querySelector('#draw'))");
        await browser.Until($"/, then stopped/.test({Status})");
        var before = await browser.Evaluate<string>(Status);

        await browser.Click("#draw");
        Assert.Equal(before, await browser.Evaluate<string>(Status));
        Assert.True(await browser.Evaluate<bool>("document.activeElement.matches('#seed:invalid')"));
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task Pictures_are_saved_as_they_are_a_pixel_each()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        var saved = folder.CreateSubdirectory("saved");
        await browser.SaveInto(saved.FullName);
        await DrawAll(browser, 4);
        await browser.Click("#download");
        var file = Path.Combine(saved.FullName, "MadeUNet-seed-0.png");
        while (!File.Exists(file))
            await browser.Evaluate<bool>("new Promise(done => setTimeout(() => done(true), 50))");

        using var grid = SKBitmap.Decode(file);
        Assert.Equal((57, 57), (grid.Width, grid.Height));
        var last = MadeDrawing.Draw(folder.FullName, 0, 3, label: 0, guidance: 1);
        AssertClose(last, [.. Enumerable.Range(0, 28 * 28).Select(i => (int)grid.GetPixel(29 + i % 28, 29 + i / 28).Red)]);
    }

    [WebFact]
    public async Task Many_classes_are_a_list()
    {
        using var server = Serve();
        WebFolder.Write(folder.FullName, MadeDrawing.Facts with { NumClasses = 30, Guidance = false }, WebFactAttribute.Runtime);
        await using var browser = await OpenReady(server);
        Assert.Equal(
            "each in turn, round, square, <b>tri&angle, 3",
            await browser.Evaluate<string>("[...document.querySelectorAll('select option')].slice(0, 5).map(e => e.text).join(', ')"));
        Assert.Equal(31, await browser.Evaluate<int>("document.querySelectorAll('select option').length"));
    }

    [WebTheory]
    [InlineData(1, "[[0,0,0],[50,50,50]]")]
    [InlineData(3, "[[0,1,2],[50,51,52]]")]
    [InlineData(2, "[[0,0,0],[50,50,50],[1,1,1],[51,51,51]]")]
    public async Task One_channel_is_grey_three_are_colours_and_others_lie_side_by_side(int channels, string pixels)
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        Assert.Equal(pixels, await browser.Evaluate<string>($$"""
            import('./grid.js').then(({ PictureGrid }) => {
              const canvas = document.createElement('canvas');
              const grid = new PictureGrid(canvas, document.body, { channels: {{channels}}, height: 1, width: 2 });
              grid.clear(1);
              grid.showPicture(0, Uint8Array.from({ length: 2 * {{channels}} }, (_, i) => 50 * Math.floor(i / {{channels}}) + i % {{channels}}));
              const shown = [...canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data];
              return JSON.stringify(Array.from({ length: canvas.width }, (_, x) => shown.slice(4 * x, 4 * x + 3)));
            })
            """));
    }

    [WebFact]
    public async Task The_keyboard_draws_and_every_control_has_a_name()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        Assert.Equal("", await browser.Evaluate<string>("""
            [...document.querySelectorAll('button, input, select, canvas, progress')]
              .filter(e => !(e.textContent.trim() || e.getAttribute('aria-label') || e.labels?.length))
              .map(e => e.outerHTML.slice(0, 80)).join('\n')
            """));

        const int rightArrow = 39;
        await browser.Evaluate<bool>("document.querySelector('input[name=class]').focus(), true");
        await browser.Press("ArrowRight", rightArrow);
        Assert.Equal("0", await browser.Evaluate<string>("document.activeElement.value"));
        await browser.Evaluate<bool>("document.querySelector('input[name=count][value=\"4\"]').focus(), true");
        await browser.Press("ArrowRight", rightArrow);
        await browser.Evaluate<bool>("document.querySelector('#draw').focus(), true");
        await browser.Press("Enter", keyCode: 13, text: "\r");
        await browser.Until($"{Status}.startsWith('16 pictures in ')");
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task Without_the_drawing_the_page_says_what_is_missing()
    {
        using var server = Serve();
        File.Delete(Path.Combine(folder.FullName, WebFolder.DrawingName));
        await using var browser = await Browser.Open(server.Address);
        await browser.Until($"{Trouble} !== ''");
        Assert.Equal(
            $"The network can't be loaded: the server answers 404 for {server.Address}draw.onnx.", await browser.Evaluate<string>(Trouble));
        Assert.False(await browser.Evaluate<bool>(IsReady));
    }

    [WebFact]
    public async Task A_damaged_drawing_is_named()
    {
        using var server = Serve();
        File.WriteAllText(Path.Combine(folder.FullName, WebFolder.DrawingName), "no network");
        await using var browser = await Browser.Open(server.Address);
        await browser.Until($"{Trouble} !== ''");
        Assert.StartsWith(
            $"{server.Address}draw.onnx is no network that ONNX Runtime can run: ", await browser.Evaluate<string>(Trouble));
    }

    [WebFact]
    public async Task Opened_as_a_file_the_page_says_that_it_needs_a_web_server()
    {
        using var server = Serve();
        await using var browser = await Browser.Open(Path.Combine(folder.FullName, "index.html"));
        await browser.Until("getComputedStyle(document.querySelector('#trouble pre')).visibility === 'visible'");
        Assert.Contains("python3 -m http.server", await browser.Evaluate<string>(Trouble));
        await Keep(browser, "draw-file.png", 1280);
    }

    [WebFact]
    public async Task A_page_without_its_own_runtime_loads_it_from_where_it_is_served_and_says_so()
    {
        using var runtime = new FolderServer(WebFactAttribute.Runtime!, headers =>
        {
            headers["Access-Control-Allow-Origin"] = "*";
            headers["Content-Type"] = "text/javascript";
        });
        using var server = Serve();
        MadeDrawing.Write(folder.FullName);
        WebFolder.Write(folder.FullName, MadeDrawing.Facts, runtime: null);
        var facts = Path.Combine(folder.FullName, "draw.json");
        // This machine needn't reach the network.
        File.WriteAllText(
            facts, File.ReadAllText(facts).Replace("https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/", runtime.Address));
        await using var browser = await OpenReady(server);
        Assert.Contains(
            $"loaded from {new Uri(runtime.Address).Authority}",
            await browser.Evaluate<string>("document.querySelector('#about').textContent"));
        await DrawAll(browser, 4);
        Assert.Empty(browser.Complaints);
    }

    [WebFact]
    public async Task Where_the_server_lets_the_page_have_threads_it_draws_the_same()
    {
        using var server = Serve(headers =>
        {
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Cross-Origin-Embedder-Policy"] = "require-corp";
        });
        await using var browser = await OpenReady(server);
        Assert.True(await browser.Evaluate<bool>("crossOriginIsolated"));
        await DrawAll(browser, 4);
        AssertClose(MadeDrawing.Draw(folder.FullName, 0, 3, label: 0, guidance: 1), await Shown(browser, 3));
        AssertQuiet(browser, server);
    }

    [WebFact]
    public async Task The_page_fits_wide_and_narrow_windows_light_and_dark()
    {
        using var server = Serve();
        await using var browser = await OpenReady(server);
        await DrawAll(browser, 4);
        foreach (var width in new[] { 1280, 320 })
        {
            await browser.Resize(width, 900);
            Assert.True(await browser.Evaluate<bool>("document.documentElement.scrollWidth <= innerWidth"), $"wider than {width}");
            Assert.Equal(0, await browser.Evaluate<double>(
                "(canvas => canvas.clientWidth % canvas.width)(document.querySelector('#picture'))"));
            await Keep(browser, $"draw-{width}.png", width);
        }
        const string paper = "getComputedStyle(document.body).backgroundColor";
        var light = await browser.Evaluate<string>(paper);
        await browser.Resize(1280, 900);
        await browser.Prefer("dark");
        Assert.NotEqual(light, await browser.Evaluate<string>(paper));
        await Keep(browser, "draw-dark.png", 1280);
        AssertQuiet(browser, server);
    }

    private FolderServer Serve(Action<System.Net.WebHeaderCollection>? addHeaders = null)
    {
        MadeDrawing.Write(folder.FullName);
        WebFolder.Write(folder.FullName, MadeDrawing.Facts, WebFactAttribute.Runtime);
        return new FolderServer(folder.FullName, addHeaders);
    }

    private static async Task<Browser> OpenReady(FolderServer server)
    {
        var browser = await Browser.Open(server.Address);
        await browser.Until($"({IsReady}) || {Trouble} !== ''");
        Assert.Equal("", await browser.Evaluate<string>(Trouble) + string.Join('\n', browser.Complaints));
        return browser;
    }

    private static async Task DrawAll(Browser browser, int count)
    {
        await browser.Click("#draw");
        await browser.Until($"/^{count} pictures? in /.test({Status}) || {Trouble} !== ''");
        Assert.Equal("", await browser.Evaluate<string>(Trouble));
    }

    /// <summary>The grey of a picture on the canvas; pictures are one pixel apart.</summary>
    private static Task<int[]> Shown(Browser browser, int image) => browser.Evaluate<int[]>(string.Create(
        CultureInfo.InvariantCulture,
        $$"""
        (() => {
          const canvas = document.querySelector('#picture'), columns = (canvas.width + 1) / 29;
          const place = [{{image}} % columns * 29, Math.floor({{image}} / columns) * 29];
          const copy = new OffscreenCanvas(28, 28).getContext('2d');
          copy.drawImage(canvas, ...place, 28, 28, 0, 0, 28, 28);
          return [...copy.getImageData(0, 0, 28, 28).data].filter((_, i) => i % 4 === 0);
        })()
        """));

    private static void AssertClose(byte[] expected, int[] shown)
    {
        Assert.Equal(expected.Length, shown.Length);
        Assert.All(expected.Zip(shown), pixel => Assert.InRange(pixel.Second, pixel.First - 1, pixel.First + 1));
    }

    /// <summary>No error, no warning, and no request to another server.</summary>
    private static void AssertQuiet(Browser browser, FolderServer server)
    {
        Assert.Empty(browser.Complaints);
        Assert.Contains($"{server.Address}draw.onnx", browser.Requests);
        Assert.All(browser.Requests, request => Assert.StartsWith(server.Address, request));
    }

    /// <summary>Leaves a picture beside the tests, for whoever wants to look.</summary>
    private static async Task Keep(Browser browser, string name, int width)
    {
        var picture = await browser.Screenshot();
        using var bitmap = SKBitmap.Decode(picture);
        Assert.Equal(width, bitmap.Width);
        var screenshots = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Screenshots"));
        await File.WriteAllBytesAsync(Path.Combine(screenshots.FullName, name), picture);
    }
}
