using System.Collections.Concurrent;
using System.Diagnostics;
using System.Text.Json;

namespace UNetGen.Examples.Tests;

/// <summary>
/// A process of the built program that runs one command line after another: a process for each would load libtorch and compile the same
/// code over a second long, of which most command lines prove nothing. There are as many as tests ask for at a time.
/// </summary>
internal sealed class WarmProgram
{
    /// <summary>A command line, and the folder in which it runs.</summary>
    public sealed record Command(string Folder, string[] Arguments);

    /// <summary>Far beyond what any of them needs: a hang is a failure, and not the end of the tests.</summary>
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private static readonly ConcurrentBag<WarmProgram> Idle = [];

    private readonly Process process;
    private readonly Task<string> error;

    private WarmProgram()
    {
        var start = ExampleProgram.StartOf(["dotnet", ExampleProgram.Path], AppContext.BaseDirectory);
        start.Environment["DOTNET_STARTUP_HOOKS"] = typeof(WarmProgram).Assembly.Location;
        process = Process.Start(start)!;
        error = process.StandardError.ReadToEndAsync();
    }

    /// <summary>Runs a command line in the first process that is free.</summary>
    public static ExampleProgram.Result Run(string folder, string[] arguments)
    {
        if (!Idle.TryTake(out var program))
            program = new();
        program.process.StandardInput.WriteLine(JsonSerializer.Serialize(new Command(folder, arguments)));
        program.process.StandardInput.Flush();
        var answer = program.process.StandardOutput.ReadLineAsync();
        if (!answer.Wait(Limit))
            program.process.Kill();
        if (answer.Result is { } result)
        {
            Idle.Add(program);
            return JsonSerializer.Deserialize<ExampleProgram.Result>(result)!;
        }
        program.process.WaitForExit();
        return new(program.process.ExitCode, "", program.error.Result);
    }
}
