using System.Reflection;
using System.Text.Json;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace UNetGen.Windows.Runner;

/// <summary>
/// Runs the tests of some classes, or single ones: <c>ASSEMBLY.dll CLASS|CLASS.METHOD...</c>. Of each, when it has ended, a line of JSON.
/// </summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        // Opened while it is where it was started: a test may leave this process's console for another.
        _ = Console.Out;
        // Where tests look for what lies beside them.
        AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", Path.GetDirectoryName(Path.GetFullPath(args[0])) + Path.DirectorySeparatorChar);
        using var sink = new Sink();
        var assembly = Assembly.LoadFrom(args[0]);
        using var framework = new XunitTestFramework(sink) { SourceInformationProvider = new NoSources() };
        using var discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
        using var executor = framework.GetExecutor(assembly.GetName());
        var wanted = args[1..];
        // Class by class: to ask what tests there are may already start what only some of them need.
        foreach (var name in wanted.Select(name => assembly.GetType(name) is null ? name[..name.LastIndexOf('.')] : name).Distinct())
        {
            discoverer.Find(name, includeSourceInformation: false, sink, new Options());
            sink.Wait();
        }
        executor.RunTests([.. sink.Cases.Where(test => wanted.Any(name => IsIn(test.TestMethod, name)))], sink, new Options());
        sink.Wait();
        return sink.Failed == 0 ? 0 : 1;
    }

    private static bool IsIn(ITestMethod test, string name) =>
        test.TestClass.Class.Name == name || $"{test.TestClass.Class.Name}.{test.Method.Name}" == name;

    /// <summary>What xunit tells of.</summary>
    private sealed class Sink : IMessageSink, IDisposable
    {
        private readonly AutoResetEvent ended = new(initialState: false);
        private int failed;

        public List<ITestCase> Cases { get; } = [];

        public int Failed => failed;

        public void Wait() => ended.WaitOne();

        public void Dispose() => ended.Dispose();

        public bool OnMessage(IMessageSinkMessage message)
        {
            switch (message)
            {
                case ITestCaseDiscoveryMessage found:
                    Cases.Add(found.TestCase);
                    break;
                case ITestPassed passed:
                    Tell(passed.Test.DisplayName, "passed", passed.Output);
                    break;
                case ITestSkipped skipped:
                    Tell(skipped.Test.DisplayName, "skipped", skipped.Reason);
                    break;
                case ITestFailed test:
                    Fail(test.Test.DisplayName, test, test.Output);
                    break;
                // Of what goes wrong around tests: fixtures, an ordering, the end of a class.
                case IFailureInformation failure:
                    Fail("", failure, "");
                    break;
                case IDiscoveryCompleteMessage or ITestAssemblyFinished:
                    ended.Set();
                    break;
            }
            return true;
        }

        private void Fail(string test, IFailureInformation failure, string output)
        {
            Interlocked.Increment(ref failed);
            Tell(test, "failed", $"{string.Join('\n', failure.Messages)}\n{string.Join('\n', failure.StackTraces)}\n{output}");
        }

        private static void Tell(string name, string outcome, string text)
        {
            var line = JsonSerializer.Serialize(new { Name = name, Outcome = outcome, Text = text });
            lock (Console.Out)
                Console.WriteLine(line);
        }
    }

    /// <summary>As xunit has them where nothing is set.</summary>
    private sealed class Options : ITestFrameworkDiscoveryOptions, ITestFrameworkExecutionOptions
    {
        private readonly Dictionary<string, object?> values = [];

        public TValue GetValue<TValue>(string name) => values.TryGetValue(name, out var value) ? (TValue)value! : default!;

        public void SetValue<TValue>(string name, TValue value) => values[name] = value;
    }

    private sealed class NoSources : ISourceInformationProvider
    {
        public ISourceInformation GetSourceInformation(ITestCase testCase) => new SourceInformation();

        public void Dispose()
        {
        }
    }
}
