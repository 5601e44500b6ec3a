using System.Text.RegularExpressions;

namespace UNetGen.Package.Tests.Harness;

/// <summary>The files that a page shows whole, for readers to copy.</summary>
internal static partial class PageFiles
{
    /// <summary>Their texts by their names.</summary>
    public static Dictionary<string, string> Of(string page) =>
        FencedFile().Matches(page).ToDictionary(match => match.Groups["name"].Value, match => match.Groups["text"].Value);

    // A block that begins with a comment naming its file.
    [GeneratedRegex(@"^```\w+\n(?<text>(//|#|<!--) (?<name>[\w.]+)( -->)?\n.*?)^```", RegexOptions.Multiline | RegexOptions.Singleline)]
    private static partial Regex FencedFile();
}
