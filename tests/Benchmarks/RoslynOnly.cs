using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;

namespace UNetGen.Benchmarks;

/// <summary>
/// The least that a generator can do: for each spec it hands out a text and diagnostics that it has already. What a run of it costs is
/// Roslyn's own: it looks at every additional file, and collects every output anew, in each run. Name and namespace are as long as
/// UNetGenerator's, since Roslyn writes them into the path of each output, in each run.
/// </summary>
internal sealed class RoslynOnly(IReadOnlyDictionary<string, PreparedOutput> outputs) : IIncrementalGenerator
{
    public void Initialize(IncrementalGeneratorInitializationContext context) =>
        context.RegisterSourceOutput(context.AdditionalTextsProvider, (output, file) =>
    {
        var prepared = outputs[file.Path];
        output.AddSource(prepared.HintName, prepared.Text);
        foreach (var diagnostic in prepared.Diagnostics)
            output.ReportDiagnostic(diagnostic);
    });
}

/// <summary>What UNetGen gave for a spec.</summary>
internal sealed record PreparedOutput(string HintName, SourceText Text, IReadOnlyList<Diagnostic> Diagnostics);
