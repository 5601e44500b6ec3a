using System.Diagnostics;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>Windows programs on Linux, with a Windows of their own: a prefix, in Wine's words.</summary>
internal sealed class Wine
{
    /// <summary>Far beyond what any of it needs.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private const int TimedOut = 124;

    // Not in the source tree: there are links in it to all of the machine.
    private readonly string prefix = Directory.CreateTempSubdirectory("unetgen-wine-").FullName;

    /// <summary>Makes a Windows 10, which goes with this process.</summary>
    public Wine()
    {
        Process.Start("sh", [
            "-c", "exec >/dev/null 2>&1; while kill -0 $0; do sleep 0.5; done; WINEPREFIX=$1 wineserver -k; sleep 0.5; rm -rf \"$1\"",
            $"{System.Environment.ProcessId}", prefix]).Dispose();
        // Otherwise each program would wait for its start.
        Succeed("wineserver", "-p");
        // Without .NET Framework's and Internet Explorer's substitutes, for which it would ask.
        Succeed("env", "WINEDLLOVERRIDES=mscoree,mshtml=", "wineboot", "-i");
        // Debian's makes a Windows 7, on which .NET 10 isn't meant to run.
        Succeed("wine", "reg", "add", @"HKCU\Software\Wine", "/v", "Version", "/d", "win10", "/f");
    }

    /// <summary>Why nothing is run in it here; null: it is.</summary>
    public static string? Missing { get; } =
        !LongRuns.AreAsked ? "Takes minutes: UNETGEN_LONG_RUNS=1, which .ci/run sets, runs it in Wine."
        : OperatingSystem.IsLinux() && IsInPath("wine") && IsInPath("wineserver") ? null
        : "Neither Windows nor Wine (Debian: wine64, wine).";

    /// <summary>What Wine lacks, the program does without: docs/windows.md.</summary>
    public static IReadOnlyList<(string Name, string Value)> Variables { get; } =
        [("WINEDEBUG", "-all"), ("KMP_AFFINITY", "disabled"), ("DOTNET_EnableWriteXorExecute", "0")];

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
        // Into files: of a pipe it would be waited for the end, and what a command starts and leaves behind has the same output.
        var (output, error) = (Path.GetTempFileName(), Path.GetTempFileName());
        const string script = "o=$1 e=$2; shift 2; exec \"$@\" >\"$o\" 2>\"$e\"";
        var start = new ProcessStartInfo("sh", ["-c", script, "sh", output, error, command, .. arguments]) { RedirectStandardInput = true };
        foreach (var (name, value) in environment.Concat(Environment()))
            start.Environment[name] = value;
        // Tests need no windows, and a server of X that is there for others would be asked.
        start.Environment.Remove("DISPLAY");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var ended = process.WaitForExit(Limit);
        if (!ended)
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        return new Result(ended ? process.ExitCode : TimedOut, Told(output), Told(error));

        static string Told(string file)
        {
            var text = File.ReadAllText(file);
            File.Delete(file);
            return text;
        }
    }

    private (string Name, string Value)[] Environment() =>
    [
        ("WINEPREFIX", prefix),
        // Names of files are in UTF-8, whatever language the machine has, or none.
        ("LC_ALL", "C.UTF-8"),
        // Short runs have nothing from what .NET learns of them, or compiles once more.
        ("DOTNET_TieredPGO", "0"),
        ("DOTNET_TC_CallCountingDelayMs", "1388"),
        .. Variables,
    ];

    private static bool IsInPath(string command) => (System.Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Any(folder => File.Exists(Path.Combine(folder, command)));
}
