using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator;

/// <summary>
/// A spec's file, parsed: its keys and where they stand, not yet what they mean. It compares by reference: another text is another file.
/// </summary>
internal sealed class ParsedFile
{
    private readonly string hostPath;
    private readonly SourceText text;
    private readonly EquatableArray<DiagnosticInfo> faults;

    private ParsedFile(AdditionalText file, ProjectInfo project, CancellationToken cancellation)
    {
        hostPath = file.Path;
        var read = file.GetText(cancellation);
        text = read ?? SourceText.From("");
        FullPath = Paths.Normal(hostPath);
        Path = project.Relative(FullPath);
        IsInternal = project.IsInternal;
        IsFileBased = project.IsFileBased;
        SpecsBeside = project.SpecsBeside;
        Named = new UNetSpec { Name = Names.FromPath(hostPath), Namespace = Names.SafeNamespace(project.RootNamespace) };
        var problems = NewProblems();
        if (read is null)
            problems.Report(
                Rules.NotYaml, default,
                "the file can't be read: where it isn't there, take it out of the project's AdditionalFiles, or put it there");
        var keys = read is null ? null : Parse(problems, cancellation);
        IsYaml = keys is not null;
        Keys = keys ?? KeyCollector.Collect(BrokenYaml.Read(text, cancellation), Problems.Ignored)!;
        faults = problems.ToArray();
        Extends = Keys.Has("extends") && Keys.Value("extends") is YamlScalar { IsNull: false } path && !path.Value.Contains('\\')
            ? Paths.Normal($"{Paths.Directory(FullPath)}/{path.Value}")
            : null;
        ExtendsPath = project.Relative(Extends ?? "");
    }

    /// <summary>With slashes; by it specs find one another.</summary>
    public string FullPath { get; }

    /// <summary>Relative to the project, with slashes, for people.</summary>
    public string Path { get; }

    /// <summary>Whether the project wants the class for itself.</summary>
    public bool IsInternal { get; }

    /// <summary>Whether the project has no file in which specs could be listed.</summary>
    public bool IsFileBased { get; }

    /// <summary>As of <see cref="ProjectInfo"/>.</summary>
    public string? SpecsBeside { get; }

    /// <summary>The full path of the spec that it extends, or null.</summary>
    public string? Extends { get; }

    /// <summary>The same relative to the project, for people; empty where there is none.</summary>
    public string ExtendsPath { get; }

    /// <summary>The name and namespace of a spec that gives none.</summary>
    public UNetSpec Named { get; }

    public GivenKeys Keys { get; }

    /// <summary>Where it isn't, there are only the keys that can be read by themselves, and nothing is worth a report.</summary>
    public bool IsYaml { get; }

    /// <summary>What those that extend it inherit.</summary>
    public BaseSpec AsBase =>
        new(FullPath, Path, Keys.All.ToEquatableArray(), Uncertain, Extends, Broken: faults.Count > 0 || ExtendsNothing);

    private EquatableArray<string> Uncertain =>
        Fields.Keys.Where(key => !IsYaml || Keys.IsUncertain(key) || (key == "extends" && ExtendsNothing)).ToEquatableArray();

    private bool ExtendsNothing => Extends is null && Keys.Has("extends");

    public static ParsedFile Parse(AdditionalText file, ProjectInfo project, CancellationToken cancellation) =>
        new(file, project, cancellation);

    /// <summary>What is wrong so far.</summary>
    public Problems NewProblems() => new(hostPath, text, faults);

    /// <summary>The file's keys, or null where it isn't YAML.</summary>
    private GivenKeys? Parse(Problems problems, CancellationToken cancellation)
    {
        try
        {
            if (YamlReader.Read(text, problems, cancellation) is not { } root || KeyCollector.Collect(root, problems) is not { } keys)
                return null;
            // A key that the first document doesn't have may stand in the next one.
            var isPart = problems.ToArray().Any(problem => problem.Rule == Rules.SeveralDocuments);
            return isPart ? keys.Over(GivenKeys.Of(EquatableArray<GivenKey>.Empty, Fields.Keys), "", default) : keys;
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problems.ReportFailure("reading the spec", exception);
            return null;
        }
    }
}
