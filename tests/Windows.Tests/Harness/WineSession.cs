using System.Collections.Concurrent;
using System.Text.Json;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>How a test ended, as the runner tells it.</summary>
internal sealed record TestOutcome(string Name, string Outcome, string Text, decimal Seconds)
{
    public bool IsFailure => Outcome == "failed";
}

/// <summary>What is made once for all tests in Wine: the published program, the published runner of tests, a Windows.</summary>
internal sealed class WineSession
{
    private static readonly Lazy<WineSession> Made = new(() => new WineSession());

    private readonly ConcurrentDictionary<string, Lazy<(IReadOnlyList<TestOutcome> Tests, string Said)>> classes = new();
    private readonly Wine wine;

    private WineSession()
    {
        var made = Task.Run(() => new Wine(Path.Combine(Publish.Folder, "prefix")));
        var published = Task.Run(() => Publish.Run("tests/Windows.Runner", Path.GetDirectoryName(Runner)!));
        Program = Publish.Program();
        published.Wait();
        wine = made.Result;
    }

    public static WineSession Current => Made.Value;

    /// <summary>The published program.</summary>
    public string Program { get; }

    private static string Runner => Path.Combine(Publish.Folder, "runner", "UNetGen.Windows.Runner.exe");

    /// <summary>How the tests of a class of this assembly end on Windows; they run when it is asked for the first time.</summary>
    public (IReadOnlyList<TestOutcome> Tests, string Said) OfClass(string name) => classes.GetOrAdd(
        name, new Lazy<(IReadOnlyList<TestOutcome>, string)>(() => Run(typeof(WineSession).Assembly.Location, name))).Value;

    /// <summary>Runs the tests of some classes.</summary>
    public (IReadOnlyList<TestOutcome> Tests, string Said) Run(string assembly, params string[] names)
    {
        var result = wine.Run(
            Wine.PathOf(Runner), [Wine.PathOf(assembly), .. names],
            (WindowsProgram.Variable, Wine.PathOf(Program)));
        TestOutcome[] tests = [
            .. result.Output.Split('\n').Where(line => line.StartsWith('{')).Select(line => JsonSerializer.Deserialize<TestOutcome>(line)!)];
        var rest = string.Join('\n', result.Output.Split('\n').Where(line => !line.StartsWith('{')));
        return (tests, $"exit code {result.ExitCode}\n{rest}{result.Error}");
    }
}
