using CsCheck;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Harness;
using Xunit.Abstractions;

namespace UNetGen.Generator.Tests;

/// <summary>
/// Thousands of mutated specs: none makes the generator throw or hang, and what it writes compiles. UNETGEN_FUZZ_COUNT asks for more of
/// them, UNETGEN_FUZZ_SEED for others; docs/robustness.md has the longest run.
/// </summary>
public sealed class FuzzTests(ITestOutputHelper output)
{
    // No spec takes a hundredth of this, whatever else the machine does: it is for what would never end.
    private static readonly TimeSpan Hang = TimeSpan.FromMinutes(5);

    /// <summary>One spec, and now and then another that extends it.</summary>
    private static readonly Gen<Project> Projects =
        from first in SpecMutations.Any
        from whole in SpecGen.Valid
        from second in SpecMutations.Any
        from kind in Gen.Int[0, 15]
        select new Project(kind switch
        {
            0 => [("a.unet.yaml", whole), ("b.unet.yaml", "extends: a.unet.yaml\n" + second)],
            1 => [("a.unet.yaml", whole), ("b.unet.yaml", first + "\nextends: a.unet.yaml")],
            2 => [("a.unet.yaml", first), ("b.unet.yaml", "extends: a.unet.yaml\n" + string.Join('\n', second.Split('\n').TakeLast(3)))],
            _ => [("a.unet.yaml", first)],
        });

    private readonly Lock watched = new();
    private (DateTime Since, Project Project)? current;

    [Fact]
    public async Task No_spec_however_broken_breaks_the_generator()
    {
        var count = LongRuns.Count("UNETGEN_FUZZ_COUNT", 1500, 2000);
        var seed = Environment.GetEnvironmentVariable("UNETGEN_FUZZ_SEED") ?? SpecGen.Seed;
        var fuzzing = Task.Run(() => Fuzz(count, seed));
        while (await Task.WhenAny(fuzzing, Task.Delay(TimeSpan.FromSeconds(1))) != fuzzing)
        {
            lock (watched)
            {
                if (current is { } now && DateTime.UtcNow - now.Since > Hang)
                    Assert.Fail($"The generator hangs:\n{now.Project}");
            }
        }

        await fuzzing;
    }

    private void Fuzz(int count, string seed)
    {
        var (valid, seen, slowest, compiled) = (0, new HashSet<string>(), (Time: TimeSpan.Zero, Specs: ""), 0);
        var toCompile = new List<string>();
        var i = 0;
        SpecGen.ForEach(Projects, count, project =>
        {
            lock (watched)
                current = (DateTime.UtcNow, project);
            var (run, time, _) = Answer.To(project.Specs);
            seen.UnionWith(run.Diagnostics.Select(diagnostic => diagnostic.Id));
            valid += run.Diagnostics.All(diagnostic => diagnostic.Severity < DiagnosticSeverity.Error) ? 1 : 0;

            // The first runs compile the generator; later a slow one may be the machine's fault, and is tried again.
            for (var again = 0; i > 200 && time > slowest.Time && again < 3; again++)
                time = new[] { time, Answer.To(project.Specs).Time }.Min();

            if (i > 200 && time > slowest.Time)
                slowest = (time, project.ToString());
            if (i++ % 20 == 0 && !project.Specs.Any(spec => spec.Text.Contains("resnet", StringComparison.Ordinal)))
                toCompile.AddRange(run.Sources.Values);
            if (toCompile.Count >= 50)
                CompileAll();
        }, seed);
        CompileAll();
        output.WriteLine(
            $"{count} projects from seed {seed}: {valid} without errors, rules {string.Join(' ', seen.Order())}; "
            + $"{compiled} classes compiled; slowest {slowest.Time.TotalMilliseconds:0.0} ms:\n{slowest.Specs}");

        // The mutations are worth their time: many specs of both kinds, and nearly every rule.
        Assert.InRange(valid, count / 20, count * 19 / 20);
        Assert.True(seen.Count >= 20, string.Join(' ', seen.Order()));

        void CompileAll()
        {
            Compiler.AssertEachCompiles(toCompile);
            compiled += toCompile.Count;
            toCompile.Clear();
        }
    }

    private sealed record Project((string Path, string Text)[] Specs)
    {
        public override string ToString() => string.Join('\n', Specs.Select(spec => $"# {spec.Path}\n{spec.Text}"));
    }
}
