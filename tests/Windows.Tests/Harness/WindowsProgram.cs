using System.Diagnostics;
using System.Text;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>The published program, run as a user of Windows runs it, in a folder whose name has all that a user's might.</summary>
internal sealed class WindowsProgram : IDisposable
{
    /// <summary>The variable with the program's path, where it was published before.</summary>
    public const string Variable = "UNETGEN_WINDOWS_PROGRAM";

    private static readonly Lazy<string> Path = new(
        () => Environment.GetEnvironmentVariable(Variable) is { Length: > 0 } path ? path : Publish.Program());

    /// <summary>Where it runs, and leaves its files.</summary>
    public string Folder { get; } = Directory.CreateDirectory(
        System.IO.Path.Combine(System.IO.Path.GetTempPath(), $"unetgen für 🎨 {Guid.NewGuid():N}"[..24])).FullName;

    /// <summary>Whether it has all processors, as a user's has; else one thread: several tests run at a time.</summary>
    public bool HasAllProcessors { get; init; }

    public sealed record Result(int ExitCode, string Output, string Error);

    public string File(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Starts it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="seen">Called with each line of output, while it runs.</param>
    /// <param name="started">Called as soon as it runs, on a thread of its own.</param>
    public Result Run(string[] arguments, Action<Process, string>? seen = null, Action<Process>? started = null)
    {
        var start = new ProcessStartInfo(Path.Value, arguments)
        {
            WorkingDirectory = Folder,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            StandardOutputEncoding = Encoding.UTF8,
            StandardErrorEncoding = Encoding.UTF8,
            CreateNoWindow = true,
        };
        if (!HasAllProcessors)
            start.Environment.TryAdd("OMP_NUM_THREADS", "1");
        // Runs of seconds have nothing from what .NET learns of them.
        start.Environment.TryAdd("DOTNET_TieredPGO", "0");
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        // Threads of their own: in Wine those of .NET's pool don't always wake up (docs/windows.md).
        var error = "";
        var reading = Begin(() => error = process.StandardError.ReadToEnd());
        var watching = Begin(() => started?.Invoke(process));
        var output = new StringBuilder();
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output.Append(line).Append('\n');
            seen?.Invoke(process, line);
        }
        process.WaitForExit();
        watching.Join();
        reading.Join();
        return new Result(process.ExitCode, output.ToString(), error);
    }

    public Result Run(params string[] arguments) => Run(arguments, seen: null);

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
        var result = Run(arguments);
        Assert.True(result.ExitCode == exitCode, $"exit code {result.ExitCode}: {result.Error}{result.Output}");
        Assert.StartsWith("error: ", result.Error);
        Assert.DoesNotContain("   at ", result.Error);
        return result.Error;
    }

    /// <summary>Does something beside.</summary>
    public static Thread Begin(Action action)
    {
        var thread = new Thread(() => action());
        thread.Start();
        return thread;
    }

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
