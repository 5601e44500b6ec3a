using UNetGen.Onnx.Web;
using UNetGen.Tests.Browsers;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>The page in a browser: how it is served, and what it says where something is missing.</summary>
public class PageServingTests
{
    [WebFact]
    public async Task Without_the_drawing_the_page_says_what_is_missing()
    {
        using var page = new ServedPage();
        File.Delete(Path.Combine(page.Folder, WebFolder.DrawingName));
        await using var browser = await Browser.Open(page.Address);
        await browser.Until($"{ServedPage.Trouble} !== ''");
        Assert.Equal(
            $"The network can't be loaded: the server answers 404 for {page.Address}draw.onnx.",
            await browser.Evaluate<string>(ServedPage.Trouble));
        Assert.False(await browser.Evaluate<bool>(ServedPage.IsReady));
    }

    [WebFact]
    public async Task A_damaged_drawing_is_named()
    {
        using var page = new ServedPage();
        File.WriteAllText(Path.Combine(page.Folder, WebFolder.DrawingName), "no network");
        await using var browser = await Browser.Open(page.Address);
        await browser.Until($"{ServedPage.Trouble} !== ''");
        Assert.StartsWith(
            $"{page.Address}draw.onnx is no network that ONNX Runtime can run: ", await browser.Evaluate<string>(ServedPage.Trouble));
    }

    [WebFact]
    public async Task Opened_as_a_file_the_page_says_that_it_needs_a_web_server()
    {
        using var page = new ServedPage();
        await using var browser = await Browser.Open(Path.Combine(page.Folder, "index.html"));
        await browser.Until("getComputedStyle(document.querySelector('#trouble pre')).visibility === 'visible'");
        Assert.Contains("python3 -m http.server", await browser.Evaluate<string>(ServedPage.Trouble));
        await ServedPage.Keep(browser, "draw-file.png", 1280);
    }

    [WebFact]
    public async Task A_page_without_its_own_runtime_loads_it_from_where_it_is_served_and_says_so()
    {
        using var runtime = new FolderServer(WebFactAttribute.Runtime!, headers =>
        {
            headers["Access-Control-Allow-Origin"] = "*";
            headers["Content-Type"] = "text/javascript";
        });
        using var page = new ServedPage();
        WebFolder.Write(page.Folder, MadeDrawing.Facts, runtime: null);
        var facts = Path.Combine(page.Folder, "draw.json");
        // This machine needn't reach the network.
        File.WriteAllText(
            facts, File.ReadAllText(facts).Replace("https://cdn.jsdelivr.net/npm/onnxruntime-web@1.30.0/dist/", runtime.Address));
        await using var browser = await page.OpenReady();
        Assert.Contains(
            $"loaded from {new Uri(runtime.Address).Authority}",
            await browser.Evaluate<string>("document.querySelector('#about').textContent"));
        await ServedPage.Draw(browser, 4);
        Assert.Empty(browser.Complaints);
    }

    [WebFact]
    public async Task Where_the_server_lets_the_page_have_threads_it_takes_some_and_draws_the_same()
    {
        using var page = new ServedPage(headers =>
        {
            headers["Cross-Origin-Opener-Policy"] = "same-origin";
            headers["Cross-Origin-Embedder-Policy"] = "require-corp";
        });
        await using var browser = await page.OpenReady();
        // Each thread asks for the script too.
        var scripts = browser.Requests.Count(request => request.EndsWith("/ort.wasm.bundle.min.js", StringComparison.Ordinal));
        Assert.True(scripts > 1, $"{scripts}");
        await ServedPage.Draw(browser, 4);
        ServedPage.AssertClose(MadeDrawing.Draw(page.Folder, 0, 3, label: 0, guidance: 1), await ServedPage.Shown(browser, 3));
        page.AssertQuiet(browser);
    }
}
