using SkiaSharp;
using UNetGen.Onnx.Web;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>The page in a browser: what it draws, and how it is asked to.</summary>
public class PageTests
{
    [WebFact]
    public async Task The_page_draws_what_the_drawing_makes_of_the_noise_that_sample_begins_with()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        await browser.Evaluate<bool>("document.querySelector('#seed').value = '7', true");
        await browser.Evaluate<bool>(
            "(() => { const e = document.querySelector('#guidance'); e.value = 2.5; return e.dispatchEvent(new Event('input')); })()");
        Assert.Equal("2.5", await browser.Evaluate<string>("document.querySelector('#guidance-value').textContent"));

        await ServedPage.Draw(browser, 4);

        Assert.Equal("MadeUNet", await browser.Evaluate<string>("document.querySelector('h1').textContent"));
        for (var image = 0; image < 4; image++)
        {
            var expected = MadeDrawing.Draw(page.Folder, 7, image, label: image % 3, guidance: 2.5f);
            ServedPage.AssertClose(expected, await ServedPage.Shown(browser, image));
        }
        page.AssertQuiet(browser);
    }

    [WebFact]
    public async Task A_class_is_chosen_by_its_name_and_one_picture_drawn()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        Assert.Equal(
            "each in turn, round, square, <b>tri&angle, none",
            await browser.Evaluate<string>("[...document.querySelectorAll('#classes label')].map(e => e.textContent).join(', ')"));

        await browser.Click("#classes label:nth-child(3)");
        await browser.Click("input[name=count][value=\"1\"]");
        await ServedPage.Draw(browser, 1);

        ServedPage.AssertClose(MadeDrawing.Draw(page.Folder, 0, 0, label: 1, guidance: 1), await ServedPage.Shown(browser, 0));
        Assert.Equal(
            "1 picture of seed 0: square",
            await browser.Evaluate<string>("document.querySelector('#picture').getAttribute('aria-label')"));
        page.AssertQuiet(browser);
    }

    [WebFact]
    public async Task Drawing_stops_after_the_picture_that_is_being_drawn_and_begins_anew()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        await browser.Evaluate<bool>("document.querySelector('#draw').click(), document.querySelector('#draw').click(), true");
        await browser.Until($"{ServedPage.Status}.startsWith('1 picture in ')");
        Assert.EndsWith(", then stopped.", await browser.Evaluate<string>(ServedPage.Status));

        await ServedPage.Draw(browser, 4);
        page.AssertQuiet(browser);
    }

    [WebFact]
    public async Task A_seed_that_is_no_number_is_told_and_doesn_t_keep_drawing_from_being_stopped()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        await browser.Evaluate<bool>(
            "(draw => { draw.click(); document.querySelector('#seed').value = '1.5'; draw.click(); return true; })"
                + "(document.querySelector('#draw'))");
        await browser.Until($"/, then stopped/.test({ServedPage.Status})");
        var before = await browser.Evaluate<string>(ServedPage.Status);

        await browser.Click("#draw");
        Assert.Equal(before, await browser.Evaluate<string>(ServedPage.Status));
        Assert.True(await browser.Evaluate<bool>("document.activeElement.matches('#seed:invalid')"));
        page.AssertQuiet(browser);
    }

    [WebFact]
    public async Task Pictures_are_saved_as_they_are_a_pixel_each()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        var saved = Directory.CreateDirectory(Path.Combine(page.Folder, "saved"));
        await browser.SaveInto(saved.FullName);
        await ServedPage.Draw(browser, 4);
        await browser.Click("#download");
        var file = Path.Combine(saved.FullName, "MadeUNet-seed-0.png");
        while (!File.Exists(file))
            await browser.Evaluate<bool>("new Promise(done => setTimeout(() => done(true), 50))");

        using var grid = SKBitmap.Decode(file);
        Assert.Equal((57, 57), (grid.Width, grid.Height));
        var last = MadeDrawing.Draw(page.Folder, 0, 3, label: 0, guidance: 1);
        ServedPage.AssertClose(last, [.. Enumerable.Range(0, 28 * 28).Select(i => (int)grid.GetPixel(29 + i % 28, 29 + i / 28).Red)]);
    }

    [WebFact]
    public async Task Many_classes_are_a_list()
    {
        using var page = new ServedPage();
        WebFolder.Write(page.Folder, MadeDrawing.Facts with { NumClasses = 30, Guidance = false }, WebFactAttribute.Runtime);
        await using var browser = await page.OpenReady();
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
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        Assert.Equal(pixels, await browser.Evaluate<string>($$"""
            import('./grid.js').then(({ PictureGrid }) => {
              const canvas = document.createElement('canvas');
              const grid = new PictureGrid(canvas, document.body, { channels: {{channels}}, height: 1, width: 2 });
              grid.clear(1);
              const byte = (_, i) => 50 * Math.floor(i / {{channels}}) + i % {{channels}};
              grid.showPicture(0, Uint8Array.from({ length: 2 * {{channels}} }, byte));
              const shown = [...canvas.getContext('2d').getImageData(0, 0, canvas.width, 1).data];
              return JSON.stringify(Array.from({ length: canvas.width }, (_, x) => shown.slice(4 * x, 4 * x + 3)));
            })
            """));
    }

    [WebFact]
    public async Task The_keyboard_draws_and_every_control_has_a_name()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
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
        await browser.Until($"{ServedPage.Status}.startsWith('16 pictures in ')");
        page.AssertQuiet(browser);
    }

    [WebFact]
    public async Task The_page_fits_wide_and_narrow_windows_light_and_dark()
    {
        using var page = new ServedPage();
        await using var browser = await page.OpenReady();
        await ServedPage.Draw(browser, 4);
        foreach (var width in new[] { 1280, 320 })
        {
            await browser.Resize(width, 900);
            Assert.True(await browser.Evaluate<bool>("document.documentElement.scrollWidth <= innerWidth"), $"wider than {width}");
            Assert.Equal(0, await browser.Evaluate<double>(
                "(canvas => canvas.clientWidth % canvas.width)(document.querySelector('#picture'))"));
            await ServedPage.Keep(browser, $"draw-{width}.png", width);
        }
        const string paper = "getComputedStyle(document.body).backgroundColor";
        var light = await browser.Evaluate<string>(paper);
        await browser.Resize(1280, 900);
        await browser.Prefer("dark");
        Assert.NotEqual(light, await browser.Evaluate<string>(paper));
        await ServedPage.Keep(browser, "draw-dark.png", 1280);
        page.AssertQuiet(browser);
    }
}
