using System.Diagnostics;
using System.Net.WebSockets;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace UNetGen.Tests.Browsers;

/// <summary>
/// A page in a headless Chromium, driven by the DevTools protocol: what it and its workers asked the network for and what went wrong in
/// them is kept.
/// (Its usual .NET client brings 780 MB.)
/// </summary>
internal sealed partial class Browser : IAsyncDisposable
{
    // Far beyond what any page needs, also beside other tests: it is for what would never come.
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(5);

    private readonly DirectoryInfo profile = Directory.CreateTempSubdirectory("unetgen-browser-");
    private readonly ClientWebSocket socket = new();
    private readonly CancellationTokenSource timeout = new(Patience);
    private readonly Process process;
    private string? session;
    private int commands;

    private Browser() => process = Process.Start(new ProcessStartInfo(
        Path!,
        [
            "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run", "--remote-debugging-port=0",
            $"--user-data-dir={profile.FullName}", "about:blank"])
    {
        RedirectStandardError = true,
        RedirectStandardOutput = true,
    })!;

    /// <summary>The program; null where there is none.</summary>
    public static string? Path { get; } = Find();

    /// <summary>Errors and warnings of script, policy and network.</summary>
    public List<string> Complaints { get; } = [];

    /// <summary>What was asked for, the page itself first; pictures within it don't count.</summary>
    public List<string> Requests { get; } = [];

    /// <summary>Opens a page in a fresh browser and waits until it is drawn.</summary>
    /// <param name="address">A file's path, or a URL.</param>
    /// <param name="width">Of the window, in CSS's pixels.</param>
    /// <param name="height">Of the window, in CSS's pixels.</param>
    public static async Task<Browser> Open(string address, int width = 1280, int height = 900)
    {
        var browser = new Browser();
        try
        {
            await browser.Connect();
            foreach (var domain in new[] { "Page", "Runtime", "Network", "Log" })
                await browser.Send($"{domain}.enable");
            await browser.Send("Target.setAutoAttach", AttachToWorkers());
            await browser.Resize(width, height);
            await browser.Send("Page.navigate", new() { ["url"] = new Uri(address).AbsoluteUri });
            while (await browser.Receive() is var message && (string?)message["method"] != "Page.loadEventFired")
            {
            }
            await browser.Drawn();
            return browser;
        }
        catch
        {
            await browser.DisposeAsync();
            throw;
        }
    }

    /// <summary>The value of an expression of JavaScript; a promise's, if it is one.</summary>
    public async Task<T> Evaluate<T>(string expression)
    {
        var answer = await Send(
            "Runtime.evaluate", new() { ["expression"] = expression, ["returnByValue"] = true, ["awaitPromise"] = true });
        Assert.True(answer["exceptionDetails"] is null, $"{expression}: {answer["exceptionDetails"]}");
        return answer["result"]!["value"].Deserialize<T>()!;
    }

    /// <summary>Waits until an expression of JavaScript is true.</summary>
    public async Task Until(string expression)
    {
        while (!await Evaluate<bool>(expression))
            await Drawn();
    }

    /// <summary>Clicks at a place within an element, from 0 to 1 of its width.</summary>
    public async Task Click(string selector, double across = 0.5)
    {
        var at = await Evaluate<double[]>(
            $"(() => {{ const e = document.querySelector('{selector}'); e.scrollIntoView({{ block: 'center' }}); const r = "
                + $"e.getBoundingClientRect(); return [r.x + {across} * r.width, r.y + r.height / 2]; }})()");
        foreach (var type in new[] { "mousePressed", "mouseReleased" })
            await Send(
                "Input.dispatchMouseEvent",
                new() { ["type"] = type, ["x"] = at[0], ["y"] = at[1], ["button"] = "left", ["clickCount"] = 1 });
        await Drawn();
    }

    /// <summary>Presses a key of no letter, as <c>ArrowLeft</c>, on whatever has the focus.</summary>
    /// <param name="key">Its name.</param>
    /// <param name="keyCode">Its number in Windows.</param>
    /// <param name="text">What it writes: a carriage return of <c>Enter</c>.</param>
    public async Task Press(string key, int keyCode, string text = "")
    {
        foreach (var type in new[] { "keyDown", "keyUp" })
            await Send(
                "Input.dispatchKeyEvent",
                new() { ["type"] = type, ["key"] = key, ["code"] = key, ["windowsVirtualKeyCode"] = keyCode, ["text"] = text });
        await Drawn();
    }

    /// <summary>Lets the page save files, into a folder.</summary>
    public Task SaveInto(string folder) =>
        Send("Page.setDownloadBehavior", new() { ["behavior"] = "allow", ["downloadPath"] = folder });

    public async Task Resize(int width, int height)
    {
        await Send(
            "Emulation.setDeviceMetricsOverride",
            new() { ["width"] = width, ["height"] = height, ["deviceScaleFactor"] = 1, ["mobile"] = false });
        await Drawn();
    }

    /// <summary>What the user's system prefers.</summary>
    public async Task Prefer(string colorScheme)
    {
        await Send(
            "Emulation.setEmulatedMedia",
            new() { ["features"] = new JsonArray(new JsonObject { ["name"] = "prefers-color-scheme", ["value"] = colorScheme }) });
        await Drawn();
    }

    /// <summary>The whole page as a picture.</summary>
    public async Task<byte[]> Screenshot() =>
        Convert.FromBase64String((string)(await Send("Page.captureScreenshot", new() { ["captureBeyondViewport"] = true }))["data"]!);

    public async ValueTask DisposeAsync()
    {
        socket.Dispose();
        timeout.Dispose();
        process.Kill(entireProcessTree: true);
        await process.WaitForExitAsync();
        process.Dispose();
        // Its helpers may be writing still.
        for (var attempt = 0; profile.Exists; attempt++)
        {
            try
            {
                profile.Delete(recursive: true);
            }
            catch (IOException) when (attempt < 50)
            {
                await Task.Delay(100);
            }
            profile.Refresh();
        }
    }

    private async Task Connect()
    {
        Match address;
        do
        {
            var line = await process.StandardError.ReadLineAsync(timeout.Token)
                ?? throw new IOException("The browser ended before it listened.");
            address = ListeningAddress().Match(line);
        }
        while (!address.Success);
        await socket.ConnectAsync(new Uri(address.Value), timeout.Token);
        var target = await Send("Target.createTarget", new() { ["url"] = "about:blank" });
        session =
            (string?)(
                await Send("Target.attachToTarget", new() { ["targetId"] = (string?)target["targetId"], ["flatten"] = true }))["sessionId"];
    }

    /// <summary>Until what was just done is on the screen.</summary>
    private Task Drawn() => Evaluate<bool>("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(true))))");

    private async Task<JsonNode> Send(string method, JsonObject? parameters = null)
    {
        var id = await Post(session, method, parameters);
        while (true)
        {
            var answer = await Receive();
            if ((int?)answer["id"] == id)
                return answer["result"] ?? throw new InvalidOperationException($"{method}: {answer["error"]}");
        }
    }

    /// <summary>Sends a command whose answer nobody waits for; gives its number.</summary>
    private async Task<int> Post(string? target, string method, JsonObject? parameters = null)
    {
        var id = ++commands;
        var message = new JsonObject { ["id"] = id, ["method"] = method, ["params"] = parameters ?? [] };
        if (target is not null)
            message["sessionId"] = target;
        await socket.SendAsync(JsonSerializer.SerializeToUtf8Bytes(message), WebSocketMessageType.Text, endOfMessage: true, timeout.Token);
        return id;
    }

    /// <summary>Workers wait at their start until they are listened to.</summary>
    private static JsonObject AttachToWorkers() => new() { ["autoAttach"] = true, ["waitForDebuggerOnStart"] = true, ["flatten"] = true };

    private async Task ListenToWorker(string worker)
    {
        foreach (var domain in new[] { "Runtime", "Network", "Log" })
            await Post(worker, $"{domain}.enable");
        await Post(worker, "Target.setAutoAttach", AttachToWorkers());
        await Post(worker, "Runtime.runIfWaitingForDebugger");
    }

    private async Task<JsonNode> Receive()
    {
        using var content = new MemoryStream();
        var buffer = new byte[1 << 16];
        ValueWebSocketReceiveResult part;
        do
        {
            part = await socket.ReceiveAsync(buffer.AsMemory(), timeout.Token);
            content.Write(buffer, 0, part.Count);
        }
        while (!part.EndOfMessage);
        var message = JsonNode.Parse(content.ToArray())!;
        var details = message["params"];
        switch ((string?)message["method"])
        {
            case "Network.requestWillBeSent" when (string)details!["request"]!["url"]! is var url
                && !url.StartsWith("data:", StringComparison.Ordinal):
                Requests.Add(url);
                break;
            case "Target.attachedToTarget" when (string?)details!["targetInfo"]!["type"] == "worker":
                await ListenToWorker((string)details["sessionId"]!);
                break;
            case "Runtime.consoleAPICalled" or "Runtime.exceptionThrown" or "Log.entryAdded":
                Complaints.Add(details!.ToJsonString());
                break;
        }
        return message;
    }

    private static string? Find()
    {
        var folders = (Environment.GetEnvironmentVariable("PATH") ?? "").Split(System.IO.Path.PathSeparator);
        var end = OperatingSystem.IsWindows() ? ".exe" : "";
        return new[] { "chromium", "chromium-browser", "google-chrome", "chrome", "msedge" }
            .SelectMany(name => folders.Select(folder => System.IO.Path.Combine(folder, name + end)))
            .FirstOrDefault(File.Exists);
    }

    [GeneratedRegex(@"(?<=DevTools listening on )ws://\S+")]
    private static partial Regex ListeningAddress();
}
