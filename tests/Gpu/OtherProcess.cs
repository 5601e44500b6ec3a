using System.Diagnostics;
using System.Reflection;
using System.Text;

namespace UNetGen.GpuCheck;

/// <summary>Programs that are started by checks.</summary>
internal static class OtherProcess
{
    /// <summary>How this program is started again.</summary>
    public static IReadOnlyList<string> ThisProgram => Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
        ? [Environment.ProcessPath!, Assembly.GetExecutingAssembly().Location]
        : [Environment.ProcessPath!];

    /// <summary>
    /// How the real program is started: beside this one where both were packed, else where its project builds it; null: it's nowhere.
    /// </summary>
    public static IReadOnlyList<string>? RealProgram
    {
        get
        {
            var beside = Settings.Beside("UNetGen.Examples" + (OperatingSystem.IsWindows() ? ".exe" : ""));
            // A project that another one names leaves its starter there, but nothing to start.
            if (File.Exists(beside) && File.Exists(Settings.Beside("UNetGen.Examples.dll")))
                return [beside];
            var built = typeof(OtherProcess).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>()
                .Single(one => one.Key == "Program").Value!;
            return File.Exists(built) ? ["dotnet", built] : null;
        }
    }

    /// <summary>Runs it to its end.</summary>
    /// <returns>The exit code, and both outputs as they came.</returns>
    public static (int Code, string Said) Run(IReadOnlyList<string> command)
    {
        using var process = Process.Start(new ProcessStartInfo(command[0], command.Skip(1))
        {
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        })!;
        process.StandardInput.Close();
        var said = new StringBuilder();
        DataReceivedEventHandler add = (_, line) =>
        {
            lock (said)
                said.AppendLine(line.Data);
        };
        process.OutputDataReceived += add;
        process.ErrorDataReceived += add;
        process.BeginOutputReadLine();
        process.BeginErrorReadLine();
        process.WaitForExit();
        lock (said)
            return (process.ExitCode, said.ToString());
    }
}
