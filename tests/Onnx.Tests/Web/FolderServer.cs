using System.Net;
using System.Net.Sockets;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>Serves a folder's files at http://localhost, as a plain web server does.</summary>
internal sealed class FolderServer : IDisposable
{
    private readonly HttpListener listener;
    private readonly string folder;
    private readonly Action<WebHeaderCollection> addHeaders;

    /// <param name="folder">Whose files.</param>
    /// <param name="addHeaders">Adds to what each answer says; null: nothing.</param>
    public FolderServer(string folder, Action<WebHeaderCollection>? addHeaders = null)
    {
        (this.folder, this.addHeaders) = (folder, addHeaders ?? (_ => { }));
        (listener, Address) = Listen();
        _ = Serve();
    }

    /// <summary>The folder's address, with a slash at its end.</summary>
    public string Address { get; }

    public void Dispose() => listener.Close();

    /// <summary>At a port that was free a moment ago; where another took it since, at another.</summary>
    private static (HttpListener Listener, string Address) Listen()
    {
        for (var attempt = 0; ; attempt++)
        {
            using var probe = new TcpListener(IPAddress.Loopback, 0);
            probe.Start();
            var address = $"http://localhost:{((IPEndPoint)probe.LocalEndpoint).Port}/";
            probe.Stop();
            var listener = new HttpListener { Prefixes = { address } };
            try
            {
                listener.Start();
                return (listener, address);
            }
            catch (HttpListenerException) when (attempt < 10)
            {
                listener.Close();
            }
        }
    }

    private async Task Serve()
    {
        try
        {
            while (true)
                await Answer(await listener.GetContextAsync());
        }
        catch (Exception error) when (error is ObjectDisposedException or HttpListenerException)
        {
            // Closed: nobody asks any more.
        }
    }

    private async Task Answer(HttpListenerContext context)
    {
        using var response = context.Response;
        var name = context.Request.Url!.AbsolutePath.TrimStart('/');
        var file = Path.Combine(folder, name == "" ? "index.html" : name);
        if (!File.Exists(file))
        {
            response.StatusCode = 404;
            return;
        }
        response.ContentType = Path.GetExtension(file) switch
        {
            ".html" => "text/html",
            ".css" => "text/css",
            ".js" => "text/javascript",
            ".json" => "application/json",
            // As servers do that know neither .onnx nor .wasm nor .mjs.
            _ => "application/octet-stream",
        };
        addHeaders(response.Headers);
        var content = await File.ReadAllBytesAsync(file);
        response.ContentLength64 = content.Length;
        await response.OutputStream.WriteAsync(content);
    }
}
