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

    public sealed record Result(int ExitCode, string Output, string Error);

    public string File(string name) => System.IO.Path.Combine(Folder, name);

    /// <summary>Starts it.</summary>
    /// <param name="arguments">The command line.</param>
    /// <param name="seen">Called with each line of output, while it runs.</param>
    public Result Run(string[] arguments, Action<Process, string> seen)
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
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
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

    public Result Run(params string[] arguments) => Run(arguments, (_, _) => { });

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

    public void Dispose() => Directory.Delete(Folder, recursive: true);
}
