using System.Reflection;
using System.Text.Json;
using Xunit.Abstractions;
using Xunit.Sdk;

namespace UNetGen.Windows.Runner;

/// <summary>Runs tests: <c>ASSEMBLY.dll [CLASS...]</c>, all classes where none is named. Of each test, when it has ended, a line of JSON.</summary>
internal static class Program
{
    public static int Main(string[] args)
    {
        // Where tests look for what lies beside them.
        AppContext.SetData("APP_CONTEXT_BASE_DIRECTORY", Path.GetDirectoryName(Path.GetFullPath(args[0])) + Path.DirectorySeparatorChar);
        using var sink = new Sink();
        var assembly = Assembly.LoadFrom(args[0]);
        using var framework = new XunitTestFramework(sink) { SourceInformationProvider = new NoSources() };
        using var discoverer = framework.GetDiscoverer(Reflector.Wrap(assembly));
        using var executor = framework.GetExecutor(assembly.GetName());
        discoverer.Find(includeSourceInformation: false, sink, new Options());
        sink.Wait();
        var classes = args[1..].ToHashSet();
        executor.RunTests(
            [.. sink.Cases.Where(test => classes.Count == 0 || classes.Contains(test.TestMethod.TestClass.Class.Name))], sink, new Options());
        sink.Wait();
        return sink.Failed == 0 ? 0 : 1;
    }

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
