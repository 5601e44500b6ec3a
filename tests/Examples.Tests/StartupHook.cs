using System.Reflection;
using System.Text;
using System.Text.Json;
using UNetGen.Examples.Tests;

/// <summary>
/// What .NET calls in the program before its Main, where DOTNET_STARTUP_HOOKS names this assembly: it calls that Main for one command
/// line after another (<see cref="WarmProgram"/>). .NET wants this name, in no namespace.
/// </summary>
internal static class StartupHook
{
    /// <summary>The exit code of what nobody catches.</summary>
    private const int Aborted = 134;

    private static readonly Words Output = new(), Error = new();

    public static void Initialize()
    {
        // It is meant for this process alone.
        Environment.SetEnvironmentVariable("DOTNET_STARTUP_HOOKS", null);
        using var commands = new StreamReader(Console.OpenStandardInput());
        using var results = new StreamWriter(Console.OpenStandardOutput()) { AutoFlush = true };
        var main = Assembly.GetEntryAssembly()!.EntryPoint!;
        Console.SetError(Error);
        while (commands.ReadLine() is { } line)
        {
            var command = JsonSerializer.Deserialize<WarmProgram.Command>(line)!;
            // The program puts its own before it.
            Console.SetOut(Output);
            Environment.CurrentDirectory = command.Folder;
            var code = Run(main, command.Arguments);
            Environment.CurrentDirectory = AppContext.BaseDirectory;
            // What a process leaves open goes with it.
            GC.Collect();
            GC.WaitForPendingFinalizers();
            results.WriteLine(JsonSerializer.Serialize(new ExampleProgram.Result(code, Output.Take(), Error.Take())));
        }
        // Instead of the program's own Main.
        Environment.Exit(0);
    }

    private static int Run(MethodInfo main, string[] arguments)
    {
        try
        {
            return (int)main.Invoke(null, BindingFlags.DoNotWrapExceptions, null, [arguments], null)!;
        }
        catch (Exception error)
        {
            Error.WriteLine($"Unhandled exception. {error}");
            return Aborted;
        }
    }

    /// <summary>What a command says; in UTF-8 as elsewhere, since what is drawn depends on it.</summary>
    private sealed class Words : StringWriter
    {
        public override Encoding Encoding => Encoding.UTF8;

        /// <summary>What was said since the last call.</summary>
        public string Take()
        {
            var text = ToString();
            GetStringBuilder().Clear();
            return text;
        }
    }
}
