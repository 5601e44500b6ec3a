using System.Text.Json;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>How a test ended, as the runner tells it.</summary>
internal sealed record TestOutcome(string Name, string Outcome, string Text)
{
    public bool IsFailure => Outcome == "failed";
}

/// <summary>What is made once for all tests in Wine: the published program, the published runner of tests, a Windows.</summary>
internal sealed class WineSession
{
    private static readonly Lazy<WineSession> Made = new(() => new WineSession());

    private readonly Wine wine;

    private WineSession()
    {
        var made = Task.Run(() => new Wine());
        var published = Task.Run(() => Publish.Run("tests/Windows.Runner", Path.GetDirectoryName(Runner)!));
        Program = Publish.Program();
        published.Wait();
        wine = made.Result;
    }

    public static WineSession Current => Made.Value;

    /// <summary>The published program.</summary>
    public string Program { get; }

    private static string Runner => Path.Combine(Publish.Folder, "runner", "UNetGen.Windows.Runner.exe");

    /// <summary>Runs tests, in a process of their own: what Wine lacks ends no others with it.</summary>
    /// <param name="assembly">In which they are.</param>
    /// <param name="names">Classes, or methods with their class.</param>
    /// <returns>How they ended, and what else was said.</returns>
    public (IReadOnlyList<TestOutcome> Tests, string Said) Run(string assembly, params string[] names)
    {
        var result = wine.Run(
            Wine.PathOf(Runner), [Wine.PathOf(assembly), .. names], (WindowsProgram.Variable, Wine.PathOf(Program)));
        var lines = result.Output.Split('\n').ToLookup(line => line.StartsWith('{'));
        return (
            [.. lines[true].Select(line => JsonSerializer.Deserialize<TestOutcome>(line)!)],
            $"exit code {result.ExitCode}\n{string.Join('\n', lines[false])}{result.Error}");
    }
}
