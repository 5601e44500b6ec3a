using System.Runtime.CompilerServices;
#if !SNAPSHOTS_BY_VERIFY // whose package brings its own usings
using System.Text;
using DiffEngine;
using DiffPlex.DiffBuilder;
using DiffPlex.DiffBuilder.Model;
#endif

namespace UNetGen.Generator.Tests.Harness;

/// <summary>
/// Compares text with a file beside the test, <c>Class.Method#hint.verified.cs</c>; on a difference <c>.received.cs</c> is written beside
/// it. Whoever changes generated code looks at the difference and, if it is right, renames received to verified.
/// </summary>
/// <remarks>
/// The files are Verify's, name and content, so that either tool can take over from the other: <c>-p:SnapshotTool=Verify</c>.
/// </remarks>
internal static class Snapshot
{
#if SNAPSHOTS_BY_VERIFY
    public static async Task Matches(
        string text, string? hint, [CallerFilePath] string testFile = "", [CallerMemberName] string method = "")
    {
        var settings = new VerifySettings();
        settings.UseMethodName(method);
        await Verifier.Verify(targets: [new Target("cs", text, hint)], settings, testFile);
    }
#else
    /// <param name="text">What is to be as it was.</param>
    /// <param name="hint">Which of the test's snapshots this is; null: it has no other.</param>
    /// <param name="testFile">The test class's file, which is named after it.</param>
    /// <param name="method">The test.</param>
    /// <param name="show">
    /// Opens a diff tool on received and verified; null: a tool of this machine, if it has one and isn't a build server.
    /// </param>
    public static async Task Matches(
        string text, string? hint, [CallerFilePath] string testFile = "", [CallerMemberName] string method = "", Func<string, string,
        Task>? show = null)
    {
        var name = $"{Path.GetFileNameWithoutExtension(testFile)}.{method}{(hint is null ? "" : $"#{hint}")}";
        var stem = Path.Combine(Path.GetDirectoryName(testFile)!, name);
        var (verified, received) = (stem + ".verified.cs", stem + ".received.cs");
        text = WithLineFeeds(text);
        var expected = File.Exists(verified) ? WithLineFeeds(await File.ReadAllTextAsync(verified)) : "";
        var exists = expected.Length > 0;
        if (exists && (expected == text || expected == text + '\n'))
        {
            File.Delete(received);
            return;
        }

        await File.WriteAllTextAsync(received, text, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false));
        await (show ?? OpenDiffTool)(received, verified);
        Assert.Fail(exists
            ? $"{Path.GetFileName(verified)} differs; if this is right, rename {received} to it:\n\n{Difference(expected, text)}"
            : $"There is no {Path.GetFileName(verified)} yet; if this is right, rename {received} to it:\n\n{text}");
    }

    /// <summary>A checkout may have turned the line ends, as git does on Windows; and editors end a file's last line.</summary>
    private static string WithLineFeeds(string text) => text.Replace("\r\n", "\n", StringComparison.Ordinal).Replace('\r', '\n');

    private static async Task OpenDiffTool(string received, string verified)
    {
        if (!DiffRunner.Disabled) // on build servers it is
            await DiffRunner.LaunchAsync(received, verified);
    }

    /// <summary>The changed lines, + and -, each with two lines around it.</summary>
    private static string Difference(string expected, string actual)
    {
        var lines = InlineDiffBuilder.Diff(expected, actual, ignoreWhiteSpace: false).Lines;
        var near = lines
            .Select((line, i) => (line, i))
            .Where(pair => pair.line.Type != ChangeType.Unchanged)
            .SelectMany(pair => Enumerable.Range(pair.i - 2, 5))
            .ToHashSet();
        return string.Join('\n', lines.Where((_, i) => near.Contains(i)).Select(line => Sign(line.Type) + line.Text));

        static string Sign(ChangeType change) => change switch
        {
            ChangeType.Inserted => "+ ",
            ChangeType.Deleted => "- ",
            _ => "  ",
        };
    }
#endif
}
