using UNetGen.Onnx.Web;
using UNetGen.Tests.Browsers;

namespace UNetGen.Onnx.Tests.Web;

/// <summary>A fact about the page in a browser: skipped, with the reason, where there is no browser or no ONNX Runtime for it.</summary>
internal sealed class WebFactAttribute : FactAttribute
{
    public WebFactAttribute() => Skip = Missing;

    /// <summary>What is missing here; null: nothing.</summary>
    public static string? Missing => Runtime is null
        ? "npm couldn't install the packages of Web/package.json here."
        : new BrowserFactAttribute().Skip;

    /// <summary>The folder dist of onnxruntime-web; null where npm couldn't install it.</summary>
    public static string? Runtime { get; } =
        WebFolder.FindRuntime(File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "web.txt")).Trim());
}

/// <summary>A theory of that kind.</summary>
internal sealed class WebTheoryAttribute : TheoryAttribute
{
    public WebTheoryAttribute() => Skip = WebFactAttribute.Missing;
}
