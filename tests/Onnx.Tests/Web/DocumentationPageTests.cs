using System.Text.Json;
using UNetGen.Onnx.Web;
using UNetGen.Tests.Browsers;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>docs/web, the folder that readers can serve: digits by a network that was trained on MNIST.</summary>
public sealed class DocumentationPageTests : IDisposable
{
    private const int Side = 28, Classes = 10;

    private static readonly string Example = Path.Combine(AppContext.BaseDirectory, "docs-web");

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("unetgen-web-");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void What_the_page_is_told_is_what_its_drawing_is()
    {
        File.Copy(Path.Combine(Example, WebFolder.DrawingName), Path.Combine(folder.FullName, WebFolder.DrawingName));

        WebFolder.Write(folder.FullName, Facts(), runtime: null);

        Assert.Equal(Text(Example), Text(folder.FullName));
        using var file = new OnnxRun(Path.Combine(Example, WebFolder.DrawingName));
        Assert.Equal(Facts().Network, file.Metadata["unetgen.network"]);
        Assert.Equal(Facts().Sampler, file.Metadata["unetgen.sampler"]);
        Assert.Equal(Facts().Classes, JsonSerializer.Deserialize<string[]>(file.Metadata["unetgen.classes"]));

        static string Text(string place) => File.ReadAllText(Path.Combine(place, "draw.json")).ReplaceLineEndings().Trim();
    }

    [WebFact]
    public async Task It_draws_the_digits_that_its_file_draws_outside_a_browser()
    {
        File.Copy(Path.Combine(Example, WebFolder.DrawingName), Path.Combine(folder.FullName, WebFolder.DrawingName));
        WebFolder.Write(folder.FullName, Facts(), WebFactAttribute.Runtime);
        using var server = new FolderServer(folder.FullName);
        await using var browser = await Browser.Open(server.Address);
        await browser.Until(ServedPage.IsReady);
        await browser.Evaluate<bool>(
            "(() => { const e = document.querySelector('#guidance'); e.value = 2; return e.dispatchEvent(new Event('input')); })()");
        await browser.Evaluate<bool>("document.querySelector('#seed').value = '1', true");
        var count = LongRuns.Count("UNETGEN_PAGE_COUNT", few: 4, many: 4);
        await browser.Click($"input[name=count][value=\"{count}\"]");

        await ServedPage.Draw(browser, count);

        using var file = new OnnxRun(Path.Combine(Example, WebFolder.DrawingName));
        for (var image = 0; image < count; image++)
        {
            var noise = new float[Side * Side];
            Deploy.ImageNoise.Fill(1, image, noise);
            var (expected, _) = file.Run<byte>(
                ("noise", noise, [1, 1, Side, Side]), ("labels", new[] { image % (long)Classes }, [1]), ("guidance", new[] { 2f }, []));
            ServedPage.AssertClose(expected, await ServedPage.Shown(browser, image));
        }
        Assert.Empty(browser.Complaints);
        await ServedPage.Keep(browser, "digits.png", 1280);
    }

    private static WebDrawing Facts()
    {
        using var json = JsonDocument.Parse(File.ReadAllText(Path.Combine(Example, "draw.json")));
        return json.RootElement.GetProperty("drawing").Deserialize<WebDrawing>(JsonSerializerOptions.Web)!;
    }
}
