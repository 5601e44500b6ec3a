using System.Diagnostics;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>What the generator owes to any text: a class that parses, with a diagnostic or without.</summary>
/// <param name="Run">What came.</param>
/// <param name="Time">What the generator took, and nothing else.</param>
/// <param name="Bytes">What it allocated.</param>
internal sealed record Answer(GeneratorRun Run, TimeSpan Time, long Bytes)
{
    public static Answer To(string text) => To(("a.unet.yaml", text));

    public static Answer To(params (string Path, string Text)[] specs)
    {
        var project = new GeneratorProject(specs);
        var before = GC.GetAllocatedBytesForCurrentThread();
        var watch = Stopwatch.StartNew();
        var run = project.Run();
        var answer = new Answer(run, watch.Elapsed, GC.GetAllocatedBytesForCurrentThread() - before);

        Assert.Null(run.Exception);
        var all = run.Diagnostics.Concat(run.Information).ToList();
        Assert.DoesNotContain(all, diagnostic => diagnostic.Id == "UNG0099");
        Assert.DoesNotContain(all.Select(diagnostic => diagnostic.GetMessage()), message => message.Any(char.IsControl));
        foreach (var (path, text) in specs)
        {
            var its = all.Where(diagnostic => diagnostic.Location.GetLineSpan().Path == GeneratorProject.Directory + path).ToList();
            Assert.All(its, diagnostic => Assert.True(diagnostic.Location.SourceSpan.End <= text.Length));
            if (its.Any(diagnostic => diagnostic.Id == Diagnostics.Rules.Collision.Id))
                continue;
            var source = run.Sources[HintNames.Of(path)];
            Assert.Empty(CSharpSyntaxTree.ParseText(source).GetDiagnostics());
            var broken = source.Contains(", which has errors", StringComparison.Ordinal);
            var byABase = broken && specs.Length > 1 && run.Diagnostics.Any(IsError);
            Assert.True(broken == its.Any(IsError) || byABase, "an error and a whole class, or the reverse");
        }

        return answer;

        static bool IsError(Diagnostic diagnostic) => diagnostic.Severity == DiagnosticSeverity.Error;
    }
}
