using System.Diagnostics;

namespace UNetGen.Runtime.Tests;

/// <summary>Real processes, ended by <c>kill -9</c>: no handler runs, nothing is flushed or tidied up.</summary>
internal static class KilledProcess
{
    /// <summary>Starts a command and kills it a while after it has written some lines.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="count">How many lines.</param>
    /// <param name="after">From then on.</param>
    /// <returns>All lines that it wrote.</returns>
    public static IReadOnlyList<string> Run(string[] command, int count, TimeSpan after)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var lines = new List<string>();
        while (lines.Count < count && process.StandardOutput.ReadLine() is { } written)
            lines.Add(written);
        Thread.Sleep(after);
        process.Kill();
        while (process.StandardOutput.ReadLine() is { } last)
            lines.Add(last);
        process.WaitForExit();
        Assert.Equal(128 + 9, process.ExitCode);
        return lines;
    }
}
