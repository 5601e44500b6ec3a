using System.Text;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator;

/// <summary>Turns every *.unet.yaml of a project into a typed TorchSharp module.</summary>
/// <remarks>
/// Each spec goes its own way, text -> keys -> spec -> source, and no step sees the compilation: an edit re-runs the edited spec's steps
/// alone, and those of specs that extend it. Problems are an output beside the source, since they know lines and the source doesn't: a line
/// that moves re-emits nothing.
/// </remarks>
[Generator(LanguageNames.CSharp)]
public sealed class UNetGenerator : IIncrementalGenerator
{
    /// <inheritdoc/>
    public void Initialize(IncrementalGeneratorInitializationContext context)
    {
        var project = context.AnalyzerConfigOptionsProvider
            .Select(static (provider, _) => ProjectInfo.Of(provider.GlobalOptions))
            .WithTrackingName(Steps.Project);

        var files = context.AdditionalTextsProvider
            .Where(static file => file.Path.EndsWith(Paths.SpecExtension, StringComparison.OrdinalIgnoreCase))
            .Combine(project)
            .Select(static (pair, cancellation) => ParsedFile.Parse(pair.Left, pair.Right, cancellation))
            .WithTrackingName(Steps.Parsed);

        var read = files
            .Combine(BasesOf(files))
            .Select(static (pair, _) => new FileWithBases(pair.Left, Inheritance.Of(pair.Left, pair.Right)))
            .WithTrackingName(Steps.WithBases)
            .Select(static (input, cancellation) => DiagnosedSpec.Read(input, cancellation))
            .WithTrackingName(Steps.Read);

        var collisions = read
            .Select(static (file, _) => file.Network.Identity)
            .Collect()
            .Select(static (identities, _) => Collisions.Find(identities))
            .WithTrackingName(Steps.Collisions);

        var source = read
            .Select(static (file, _) => file.Network)
            .WithTrackingName(Steps.Network)
            .Combine(collisions)
            .Where(static pair => !pair.Right.Any(collision => collision.Path == pair.Left.Path))
            .Select(static (pair, _) => pair.Left)
            .Select(static (network, cancellation) => network.Emit(cancellation))
            .WithTrackingName(Steps.Source);

        context.RegisterSourceOutput(
            read.SelectMany(static (file, _) => file.Problems).WithTrackingName(Steps.Problems),
            static (output, problem) => output.ReportDiagnostic(problem.ToDiagnostic()));
        context.RegisterSourceOutput(
            read.Combine(collisions).SelectMany(static (pair, _) => pair.Right
                .Where(collision => collision.Path == pair.Left.Network.Path)
                .Select(collision => new DiagnosticInfo(Rules.Collision, pair.Left.NamePlace, collision.Message))),
            static (output, problem) => output.ReportDiagnostic(problem.ToDiagnostic()));
        context.RegisterSourceOutput(
            read.Combine(project)
                .SelectMany(static (pair, cancellation) => SizeReport.Of(pair.Left, pair.Right, cancellation))
                .WithTrackingName(Steps.Sizes),
            static (output, size) => output.ReportDiagnostic(size.ToDiagnostic()));
        context.RegisterSourceOutput(source, static (output, file) =>
        {
            if (file.Failure is { } failure)
                output.ReportDiagnostic(failure.ToDiagnostic());
            output.AddSource(file.HintName, SourceText.From(file.Text, Encoding.UTF8));
        });
    }

    /// <summary>What a spec that extends another has to know of the others. It has no places, so that few edits change it.</summary>
    private static IncrementalValueProvider<Bases> BasesOf(IncrementalValuesProvider<ParsedFile> files)
    {
        var paths = files
            .Select(static (file, _) => file.FullPath)
            .Collect()
            .Select(static (paths, _) => paths.OrderBy(path => path, StringComparer.Ordinal).ToEquatableArray())
            .WithTrackingName(Steps.Paths);

        var extended = files
            .Select(static (file, _) => file.Extends)
            .Where(static path => path is not null)
            .Collect()
            .Select(static (paths, _) => paths.Distinct().OrderBy(path => path, StringComparer.Ordinal).ToEquatableArray())
            .WithTrackingName(Steps.Extended);

        return files
            .Combine(extended)
            .Where(static pair => pair.Right.Contains(pair.Left.FullPath))
            .Select(static (pair, _) => pair.Left.AsBase)
            .Collect()
            .Combine(paths)
            .Select(static (pair, _) => new Bases(pair.Left.ToEquatableArray(), pair.Right))
            .WithTrackingName(Steps.Bases);
    }
}

/// <summary>The steps' names, by which tests ask whether they ran again.</summary>
internal static class Steps
{
    public const string Project = nameof(Project);
    public const string Parsed = nameof(Parsed);
    public const string Paths = nameof(Paths);
    public const string Extended = nameof(Extended);
    public const string Bases = nameof(Bases);
    public const string WithBases = nameof(WithBases);
    public const string Read = nameof(Read);
    public const string Problems = nameof(Problems);
    public const string Collisions = nameof(Collisions);
    public const string Sizes = nameof(Sizes);
    public const string Network = nameof(Network);
    public const string Source = nameof(Source);
}
