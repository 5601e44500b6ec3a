using UNetGen.Windows.Tests.Harness;

namespace UNetGen.Windows.Tests;

/// <summary>The generator's own tests that touch paths and lines, with Windows' separators and line ends.</summary>
public sealed class GeneratorTests
{
    private static readonly string[] Classes =
        ["PathTests", "ExtendsTests", "Rules.ExtendsErrorTests", "Rules.PlaceTests", "Rules.CollisionErrorTests", "Rules.NameErrorTests"];

    [WineFact]
    public void The_generators_tests_of_paths_hold_on_Windows()
    {
        var (tests, said) = WineSession.Current.Run(
            Publish.Metadata("GeneratorTests"), [.. Classes.Select(name => $"UNetGen.Generator.Tests.{name}")]);

        var failures = string.Join('\n', tests.Where(test => test.IsFailure));
        Assert.True(said.StartsWith("exit code 0", StringComparison.Ordinal), said + failures);
        Assert.True(tests.Count(test => test.Outcome == "passed") > 100, $"{tests.Count} tests ran");
    }
}
