using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace UNetGen.Examples.Tests;

/// <summary>
/// The built program, in a folder of its own. Whole command lines share processes (<see cref="WarmProgram"/>), unless the class says
/// <see cref="IsFresh"/>; what is watched, stopped or started by another command is a process of its own, as a user's is.
/// </summary>
public sealed class ExampleProgram : IDisposable
{
    /// <summary>What `dotnet` runs.</summary>
    public static readonly string Path = typeof(ExampleProgram).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
        .Single(attribute => attribute.Key == "Program").Value!;

    /// <summary>The repository's folder.</summary>
    public static readonly string Root =
        System.IO.Path.GetFullPath(System.IO.Path.Combine(System.IO.Path.GetDirectoryName(Path)!, "../../../../.."));

    /// <summary>For <see cref="RunBy"/>: as a user without more rights than files give. Root may read all, but for its capabilities.</summary>
    public static readonly string WithoutRights = Environment.UserName == "root" ? "setpriv --bounding-set=-all" : "env";

    /// <summary>Where it runs, and leaves its files.</summary>
    public string Folder { get; } = Directory.CreateTempSubdirectory("unetgen-program-").FullName;

    /// <summary>Whether each command line gets a process of its own.</summary>
    public bool IsFresh { get; init; }

    public sealed record Result(int ExitCode, string Output, string Error);

    public Result Run(params string[] arguments) =>
        IsFresh ? Run(arguments, (_, _) => { }) : WarmProgram.Run(Folder, arguments);

    /// <summary>Runs it in a folder of its folder.</summary>
    public Result RunIn(string folder, params string[] arguments) => WarmProgram.Run(File(folder), arguments);

    /// <summary>Runs it by another command, as <c>env X=1</c>.</summary>
    public Result RunBy(string command, params string[] arguments) =>
        Run(["sh", "-c", $"exec {command} \"$0\" \"$@\"", "dotnet", Path, .. arguments], _ => { }, (_, _) => { });

    /// <param name="arguments">The command line.</param>
    /// <param name="seen">Called with each line of output, while the program runs.</param>
    public Result Run(string[] arguments, Action<Process, string> seen) => Run(["dotnet", Path, .. arguments], _ => { }, seen);

    /// <param name="arguments">The command line.</param>
    /// <param name="started">Called as soon as the process is there.</param>
    public Result Run(string[] arguments, Action<Process> started) => Run(["dotnet", Path, .. arguments], started, (_, _) => { });

    /// <summary>How a process of it is started, whose input and output are ours.</summary>
    internal static ProcessStartInfo StartOf(string[] command, string folder)
    {
        var start = new ProcessStartInfo(command[0], command[1..])
        {
            WorkingDirectory = folder,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        // Several tests run at a time: more threads than processors would wait for each other half of the time. Others hold what many do.
        start.Environment.TryAdd("OMP_NUM_THREADS", "1");
        // Runs of seconds have nothing from what .NET learns of them, or compiles once more: that begins after 5 s (1388 in base 16)
        // without new code. Together it is a sixth of a short run.
        start.Environment.TryAdd("DOTNET_TieredPGO", "0");
        start.Environment.TryAdd("DOTNET_TC_CallCountingDelayMs", "1388");
        // Nor from pages of code that are never writable: a tenth of such a run goes into them.
        start.Environment.TryAdd("DOTNET_EnableWriteXorExecute", "0");
        return start;
    }

    private Result Run(string[] command, Action<Process> started, Action<Process, string> seen)
    {
        using var process = Process.Start(StartOf(command, Folder))!;
        process.StandardInput.Close();
        started(process);
        var error = process.StandardError.ReadToEndAsync();
        var output = new StringBuilder();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output.Append(line).Append('\n');
            seen(process, line);
        }

        process.WaitForExit();
        return new Result(process.ExitCode, output.ToString(), error.Result);
    }

    /// <summary>Runs what has to succeed.</summary>
    public string Succeed(params string[] arguments)
    {
        var result = Run(arguments);
        Assert.True(result.ExitCode == 0, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
        return result.Output;
    }

    /// <summary>Runs what the user got wrong: one line of error, no stack, the exit code of its kind.</summary>
    public string Fail(int exitCode, params string[] arguments)
    {
        return ErrorOf(exitCode, Run(arguments));
    }

    /// <summary>The one line of error of what the user got wrong.</summary>
    public static string ErrorOf(int exitCode, Result result)
    {
        Assert.Equal(exitCode, result.ExitCode);
        Assert.StartsWith("error: ", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
        return result.Error;
    }

    public string File(string name) => System.IO.Path.Combine(Folder, name);

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
