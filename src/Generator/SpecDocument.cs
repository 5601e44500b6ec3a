using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator;

/// <summary>A spec's file as YAML: its keys and where they stand, not yet what they mean. It compares by reference: another text is another document.</summary>
internal sealed class SpecDocument
{
    private readonly string hostPath;
    private readonly SourceText text;
    private readonly EquatableArray<DiagnosticInfo> faults;

    private SpecDocument(AdditionalText file, ProjectInfo project, CancellationToken cancellation)
    {
        hostPath = file.Path;
        text = file.GetText(cancellation) ?? SourceText.From("");
        FullPath = Paths.Normal(hostPath);
        Path = project.Relative(FullPath);
        Named = new UNetSpec { Name = Names.FromPath(hostPath), Namespace = Names.SafeNamespace(project.RootNamespace) };
        var problems = NewProblems();
        SpecSource? source = null;
        try
        {
            if (YamlReader.Read(text, problems, cancellation) is { } root)
            {
                source = SpecReader.Collect(root, problems);
                // A key that the first document doesn't have may stand in the next one.
                if (problems.ToArray().Any(problem => problem.Rule == Rules.SeveralDocuments))
                    source = source.Over(SpecSource.Of(EquatableArray<SpecKey>.Empty, Fields.Keys), "", default);
            }
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problems.ReportFailure("reading the spec", exception);
        }

        IsYaml = source is not null;
        Source = source ?? OfBrokenText(text);
        faults = problems.ToArray();
        Extends = Source.Has("extends") && Source.Value("extends") is YamlScalar { IsNull: false } path && !path.Value.Contains('\\')
            ? Paths.Normal($"{Paths.Directory(FullPath)}/{path.Value}")
            : null;
        ExtendsPath = project.Relative(Extends ?? "");
    }

    /// <summary>With slashes; by it specs find one another.</summary>
    public string FullPath { get; }

    /// <summary>Relative to the project, with slashes, for people.</summary>
    public string Path { get; }

    /// <summary>The full path of the spec that it extends, or null.</summary>
    public string? Extends { get; }

    /// <summary>The same relative to the project, for people; empty where there is none.</summary>
    public string ExtendsPath { get; }

    /// <summary>The name and namespace of a spec that gives none.</summary>
    public UNetSpec Named { get; }

    public SpecSource Source { get; }

    /// <summary>Where not, the source has only what the text seems to say of names, and none of it is worth a report.</summary>
    public bool IsYaml { get; }

    /// <summary>What those that extend it inherit.</summary>
    public SpecLayer Layer => new(FullPath, Path, Source.Keys.ToEquatableArray(), Uncertain, Extends, Broken: faults.Count > 0 || ExtendsNothing);

    private EquatableArray<string> Uncertain =>
        Fields.Keys.Where(key => !IsYaml || Source.IsUncertain(key) || (key == "extends" && ExtendsNothing)).ToEquatableArray();

    private bool ExtendsNothing => Extends is null && Source.Has("extends");

    public static SpecDocument Open(AdditionalText file, ProjectInfo project, CancellationToken cancellation) => new(file, project, cancellation);

    /// <summary>What is wrong so far.</summary>
    public Problems NewProblems() => new(hostPath, text, faults);

    /// <summary>
    /// The names that a file which isn't YAML seems to give: while someone types a line, their code still finds the class of the others.
    /// </summary>
    private static SpecSource OfBrokenText(SourceText text)
    {
        var source = new SpecSource(default);
        var beginning = text.ToString(TextSpan.FromBounds(0, Math.Min(text.Length, YamlReader.MaxLength)));
        foreach (Match match in Regex.Matches(beginning, @"^(name|namespace|extends):[ \t]+[""']?([\w./-]+)", RegexOptions.Multiline | RegexOptions.CultureInvariant))
        {
            var (key, value) = (match.Groups[1], match.Groups[2]);
            source.Add(key.Value, new YamlEntry(Scalar(key), Scalar(value)));
        }

        return source;

        static YamlScalar Scalar(Group part) => new(new TextSpan(part.Index, part.Length), part.Value, IsPlain: true);
    }
}
