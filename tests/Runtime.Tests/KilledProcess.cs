using System.Diagnostics;

namespace UNetGen.Runtime.Tests;

/// <summary>Real processes, ended by <c>kill -9</c>: no handler runs, nothing is flushed or tidied up.</summary>
internal static class KilledProcess
{
    /// <summary>Starts a command and kills it a while after it has written a line.</summary>
    /// <param name="command">The program and its arguments.</param>
    /// <param name="line">Says whether it is that line.</param>
    /// <param name="after">From then on.</param>
    /// <returns>All lines that it wrote.</returns>
    public static IReadOnlyList<string> Run(string[] command, Func<string, bool> line, TimeSpan after)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardOutput = true })!;
        var lines = new List<string>();
        while (process.StandardOutput.ReadLine() is { } written)
        {
            lines.Add(written);
            if (line(written))
                break;
        }
        Thread.Sleep(after);
        process.Kill();
        while (process.StandardOutput.ReadLine() is { } written)
            lines.Add(written);
        process.WaitForExit();
        Assert.Equal(128 + 9, process.ExitCode);
        return lines;
    }
}
