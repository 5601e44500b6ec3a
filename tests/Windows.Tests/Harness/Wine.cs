using System.Diagnostics;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>Windows programs on Linux, with a Windows of their own: a prefix, in Wine's words.</summary>
internal sealed class Wine
{
    /// <summary>Far beyond what any of it needs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly string prefix;

    /// <summary>Makes a Windows 10 in a folder, or takes the one that is there. Its server ends by itself, a while after the last program.</summary>
    public Wine(string prefix)
    {
        this.prefix = prefix;
        Directory.CreateDirectory(prefix);
        // It says no where it still runs.
        Start("wineserver", ["-p30"]);
        // Without .NET Framework's and Internet Explorer's substitutes, for which it would ask.
        Succeed("env", "WINEDLLOVERRIDES=mscoree,mshtml=", "wineboot", "-i");
        // Debian's makes a Windows 7, on which .NET 10 isn't meant to run.
        Succeed("wine", "reg", "add", @"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f");
    }

    /// <summary>Why there is none here; null: there is.</summary>
    public static string? Missing { get; } = OperatingSystem.IsLinux() && IsInPath("wine") && IsInPath("wineserver")
        ? null
        : "Neither Windows nor Wine (Debian: wine64, wine).";

    public sealed record Result(int ExitCode, string Output, string Error);

    /// <summary>What a program of Windows calls a file of this system.</summary>
    public static string PathOf(string file) => $"Z:{file.Replace('/', '\\')}";

    /// <summary>Runs a Windows program.</summary>
    public Result Run(string program, IEnumerable<string> arguments, params (string Name, string Value)[] environment) =>
        Start("wine", [program, .. arguments], environment);

    private void Succeed(string command, params string[] arguments)
    {
        var result = Start(command, arguments);
        if (result.ExitCode != 0)
            throw new InvalidOperationException($"{command}: exit code {result.ExitCode}\n{result.Output}{result.Error}");
    }

    private Result Start(string command, string[] arguments, params (string Name, string Value)[] environment)
    {
        var start = new ProcessStartInfo(command, arguments)
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        foreach (var (name, value) in environment.Concat(Environment()))
            start.Environment[name] = value;
        // Tests need no windows, and a server of X that is there for others would be asked.
        start.Environment.Remove("DISPLAY");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        // What it starts and leaves behind has the same output: only its own end counts.
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
            process.Kill(entireProcessTree: true);
        return new Result(process.ExitCode, Told(output), Told(error));

        static string Told(Task<string> text) => text.Wait(TimeSpan.FromSeconds(5)) ? text.Result : "";
    }

    private (string Name, string Value)[] Environment() =>
    [
        ("WINEPREFIX", prefix),
        ("WINEDEBUG", "-all"),
        // Names of files are in UTF-8, whatever language the machine has, or none.
        ("LC_ALL", "C.UTF-8"),
        // What Wine lacks: docs/windows.md.
        ("KMP_AFFINITY", "disabled"),
        ("DOTNET_EnableWriteXorExecute", "0"),
    ];

    private static bool IsInPath(string command) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, command)));
}
