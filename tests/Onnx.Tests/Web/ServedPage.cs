using System.Globalization;
using System.Net;
using SkiaSharp;
using UNetGen.Onnx.Web;
using UNetGen.Tests.Browsers;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>A folder with the page of <see cref="MadeDrawing"/>, served by a plain web server.</summary>
internal sealed class ServedPage : IDisposable
{
    // What a browser evaluates.
    public const string IsReady = "!document.querySelector('#draw').disabled";
    public const string Status = "document.querySelector('#status').textContent";
    public const string Trouble = "document.querySelector('#trouble').textContent";

    private readonly FolderServer server;

    /// <param name="addHeaders">Adds to what each answer says; null: nothing.</param>
    public ServedPage(Action<WebHeaderCollection>? addHeaders = null)
    {
        MadeDrawing.Write(Folder);
        WebFolder.Write(Folder, MadeDrawing.Facts, WebFactAttribute.Runtime);
        server = new FolderServer(Folder, addHeaders);
    }

    public string Folder { get; } = Directory.CreateTempSubdirectory("unetgen-web-").FullName;

    public string Address => server.Address;

    public void Dispose()
    {
        server.Dispose();
        Directory.Delete(Folder, recursive: true);
    }

    /// <summary>A browser with the page, which can draw.</summary>
    public async Task<Browser> OpenReady()
    {
        var browser = await Browser.Open(Address);
        try
        {
            await browser.Until($"({IsReady}) || {Trouble} !== ''");
            Assert.Equal("", await browser.Evaluate<string>(Trouble));
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>Draws and waits for all pictures.</summary>
    public static async Task Draw(Browser browser, int count)
    {
        await browser.Click("#draw");
        await browser.Until($"/^{count} pictures? in /.test({Status}) || {Trouble} !== ''");
        Assert.Equal("", await browser.Evaluate<string>(Trouble));
    }

    /// <summary>The grey of a picture on the canvas, where they are one pixel apart.</summary>
    public static Task<int[]> Shown(Browser browser, int image) => browser.Evaluate<int[]>(string.Create(
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

    public static void AssertClose(byte[] expected, int[] shown)
    {
        Assert.Equal(expected.Length, shown.Length);
        Assert.All(expected.Zip(shown), pixel => Assert.InRange(pixel.Second, pixel.First - 1, pixel.First + 1));
    }

    /// <summary>No error, no warning, and no request to another server.</summary>
    public void AssertQuiet(Browser browser)
    {
        Assert.Empty(browser.Complaints);
        Assert.Contains($"{Address}draw.onnx", browser.Requests);
        Assert.All(browser.Requests, request => Assert.StartsWith(Address, request));
    }

    /// <summary>Leaves a picture of the page beside the tests, for whoever wants to look.</summary>
    public static async Task Keep(Browser browser, string name, int width)
    {
        var picture = await browser.Screenshot();
        using var bitmap = SKBitmap.Decode(picture);
        Assert.Equal(width, bitmap.Width);
        var screenshots = Directory.CreateDirectory(Path.Combine(AppContext.BaseDirectory, "Screenshots"));
        await File.WriteAllBytesAsync(Path.Combine(screenshots.FullName, name), picture);
    }
}
