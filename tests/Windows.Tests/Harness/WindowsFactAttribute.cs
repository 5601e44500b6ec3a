using Xunit.Abstractions;
using Xunit.Sdk;

namespace UNetGen.Windows.Tests.Harness;

/// <summary>A fact about Windows: it runs there, and where there is Wine, in Wine. Its code is Windows' in either case.</summary>
[XunitTestCaseDiscoverer("UNetGen.Windows.Tests.Harness.WindowsFactDiscoverer", "UNetGen.Windows.Tests")]
internal sealed class WindowsFactAttribute : FactAttribute
{
    public WindowsFactAttribute() => Skip = OperatingSystem.IsWindows() ? null : Wine.Missing;
}

/// <summary>A fact about what is published for Windows, which needs Wine to be tried.</summary>
internal sealed class WineFactAttribute : FactAttribute
{
    public WineFactAttribute() => Skip = OperatingSystem.IsWindows() ? "On Windows their own run tells." : Wine.Missing;
}

internal sealed class WindowsFactDiscoverer(IMessageSink diagnostics) : IXunitTestCaseDiscoverer
{
    public IEnumerable<IXunitTestCase> Discover(ITestFrameworkDiscoveryOptions options, ITestMethod method, IAttributeInfo attribute) =>
        [new WindowsTestCase(diagnostics, method)];
}

/// <summary>A test that elsewhere than on Windows runs in Wine.</summary>
internal sealed class WindowsTestCase : XunitTestCase
{
    [Obsolete("For xunit, which fills it in.", error: true)]
    public WindowsTestCase()
    {
    }

    public WindowsTestCase(IMessageSink diagnostics, ITestMethod method)
        : base(diagnostics, TestMethodDisplay.ClassAndMethod, TestMethodDisplayOptions.None, method)
    {
    }

    public override async Task<RunSummary> RunAsync(
        IMessageSink diagnosticMessageSink, IMessageBus messageBus, object[] constructorArguments, ExceptionAggregator aggregator,
        CancellationTokenSource cancellationTokenSource)
    {
        if (OperatingSystem.IsWindows() || SkipReason is not null)
            return await base.RunAsync(diagnosticMessageSink, messageBus, constructorArguments, aggregator, cancellationTokenSource);
        var test = new XunitTest(this, DisplayName);
        messageBus.QueueMessage(new TestStarting(test));
        var began = TimeProvider.System.GetTimestamp();
        var outcome = await Task.Run(() => OutcomeInWine());
        var seconds = (decimal)TimeProvider.System.GetElapsedTime(began).TotalSeconds;
        messageBus.QueueMessage(
            outcome.IsFailure
                ? new TestFailed(test, seconds, "", [typeof(XunitException).FullName], [outcome.Text], [""], [-1])
                : new TestPassed(test, seconds, outcome.Text));
        messageBus.QueueMessage(new TestFinished(test, seconds, ""));
        return new RunSummary { Total = 1, Failed = outcome.IsFailure ? 1 : 0, Time = seconds };
    }

    private TestOutcome OutcomeInWine()
    {
        try
        {
            var (tests, said) = WineSession.Current.Run(
                typeof(WindowsTestCase).Assembly.Location, $"{TestMethod.TestClass.Class.Name}.{TestMethod.Method.Name}");
            return tests.Count == 1 ? tests[0] : new TestOutcome(DisplayName, "failed", $"Nothing was told of it: {said}");
        }
        catch (Exception error)
        {
            return new TestOutcome(DisplayName, "failed", error.ToString());
        }
    }
}
