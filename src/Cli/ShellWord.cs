using System.Text.RegularExpressions;

namespace UNetGen.Cli;

/// <summary>A path in a command line that is shown, so that it can be copied into a shell as it stands.</summary>
internal static partial class ShellWord
{
    public static string Of(string path)
    {
        if (OperatingSystem.IsWindows())
            return PlainOnWindows().IsMatch(path) ? path : $"\"{path}\"";
        return Plain().IsMatch(path) ? path : $"'{path.Replace("'", @"'\''", StringComparison.Ordinal)}'";
    }

    // Letters of every language are plain.
    [GeneratedRegex(@"^[\p{L}\p{M}\p{N}_./:+,=@%^-]+$")]
    private static partial Regex Plain();

    [GeneratedRegex(@"^[\p{L}\p{M}\p{N}_./:\\+=@~-]+$")]
    private static partial Regex PlainOnWindows();
}
