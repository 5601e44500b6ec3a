using System.Diagnostics;

namespace UNetGen.Package.Tests.Harness;

/// <summary>The dotnet command, as typed in a folder.</summary>
internal static class Dotnet
{
    /// <summary>Far beyond what any of these commands needs: a hang ends with its output, and not with the test run's.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(15);

    public sealed record Result(int ExitCode, string Output);

    /// <summary>The name of a server of the compiler, which builds share; null: each compiles by itself.</summary>
    public static string? Compiler { get; set; }

    /// <summary>Runs what has to succeed.</summary>
    /// <returns>Its output.</returns>
    public static string Succeed(string folder, params string[] arguments)
    {
        var result = Run(folder, arguments);
        Assert.True(result.ExitCode == 0, $"dotnet {string.Join(' ', arguments)}: exit code {result.ExitCode}\n{result.Output}");
        return result.Output;
    }

    public static Result Run(string folder, params string[] arguments) => RunProgram("dotnet", folder, [], arguments);

    /// <summary>Runs a program that dotnet has made, in the same surroundings.</summary>
    /// <param name="program">Its path.</param>
    /// <param name="folder">Where it is typed.</param>
    /// <param name="environment">What its environment has besides.</param>
    /// <param name="arguments">Its arguments.</param>
    public static Result RunProgram(
        string program, string folder, IReadOnlyList<(string Name, string Value)> environment, params string[] arguments)
    {
        var start =
            new ProcessStartInfo(
                program, arguments)
            { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // `dotnet test` tells its children which MSBuild it is; a user's shell doesn't.
        foreach (
            string name in start.Environment.Keys.Where(name => name.StartsWith("MSBUILD", StringComparison.OrdinalIgnoreCase)).ToList())
            start.Environment.Remove(name);
        // Nothing stays behind that would keep the output open, or the packages' files.
        start.Environment["MSBUILDDISABLENODEREUSE"] = "1";
        start.Environment["UseSharedCompilation"] = Compiler is null ? "false" : "true";
        if (Compiler is not null)
            start.Environment["SharedCompilationId"] = Compiler;
        // Commands of seconds have nothing from what .NET learns of them.
        start.Environment["DOTNET_TieredPGO"] = "0";
        start.Environment["DOTNET_CLI_UI_LANGUAGE"] = "en";
        // A snapshot that is meant to differ is no reason to open a window.
        start.Environment["DiffEngine_Disabled"] = "true";
        foreach (var (name, value) in environment)
            start.Environment[name] = value;

        using var process = Process.Start(start)!;
        var output = process.StandardOutput.ReadToEndAsync();
        var error = process.StandardError.ReadToEndAsync();
        if (!process.WaitForExit(Limit))
        {
            process.Kill(entireProcessTree: true);
            process.WaitForExit();
        }
        return new Result(process.ExitCode, output.Result + error.Result);
    }
}
