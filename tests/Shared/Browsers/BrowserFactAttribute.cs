namespace UNetGen.Tests.Browsers;

/// <summary>A fact about what a browser shows.</summary>
internal sealed class BrowserFactAttribute : FactAttribute
{
    public BrowserFactAttribute()
    {
        if (Browser.Path is null)
            Skip = "No Chromium in PATH: neither chromium, chromium-browser, google-chrome, chrome nor msedge.";
    }
}
