using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using UNetGen.Generator;
using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Compiler;

/// <summary>Specs, with those that they extend, in the hands of the generator as a build drives it.</summary>
internal sealed class SpecProject
{
    // A spec has at most 8 others to build on; what is beyond is an error that the generator reports.
    private const int MostBases = 10;

    private static readonly Compilation Nothing = CSharpCompilation.Create("specs");

    private readonly ProjectInfo info;
    private readonly IReadOnlyList<SpecFile> files;
    private readonly GeneratorRunResult result;

    /// <param name="specs">At least one.</param>
    /// <param name="written">The first one's path as the caller wrote it.</param>
    /// <param name="options">Of the project.</param>
    private SpecProject(IReadOnlyList<SpecFile> specs, string written, SpecOptions options)
    {
        var folder = Path.GetFullPath(
            options.ProjectFolder ?? (Path.IsPathFullyQualified(written) ? Path.GetDirectoryName(specs[0].Path)! : "."));
        var properties = new ProjectProperties(options, folder, options.ReadsBases ? Beside(specs) : null);
        info = ProjectInfo.Of(properties.GlobalOptions);
        files = [.. specs.Concat(options.OtherSpecs.Select(path => SpecFile.Read(FullPath(path, options)))).DistinctBy(f => f.NormalPath)];
        if (options.ReadsBases)
            files = WithBases(files, options);
        // Steps aren't tracked: Roslyn follows each from every output, which takes the fourth power of a chain's length.
        var driver = CSharpGeneratorDriver.Create(
            [new UNetGenerator().AsSourceGenerator()], files, optionsProvider: properties);
        result = driver.RunGenerators(Nothing).GetRunResult().Results.Single();
        if (result.Exception is { } exception)
            throw new InvalidOperationException("The generator failed; please report it with the spec.", exception);
        Diagnostics =
        [
            .. result.Diagnostics
                .Select(diagnostic => (diagnostic, place: diagnostic.Location.GetLineSpan()))
                .OrderBy(pair => IndexOf(pair.place.Path)).ThenBy(pair => pair.diagnostic.Location.SourceSpan.Start)
                .Select(pair => Of(pair.diagnostic, pair.place)),
        ];
    }

    /// <summary>What there is to say of all specs, file by file.</summary>
    public IReadOnlyList<SpecDiagnostic> Diagnostics { get; }

    public static SpecProject OfFiles(IReadOnlyList<string> paths, SpecOptions options) =>
        new([.. paths.Select(path => SpecFile.Read(FullPath(path, options)))], paths[0], options);

    public static SpecProject OfText(string text, string path, SpecOptions options) =>
        new([SpecFile.Of(FullPath(path, options), text)], path, options);

    /// <summary>What becomes of the first spec.</summary>
    public GeneratedSpec First()
    {
        var own = Own;
        var read = DiagnosedSpec.Read(own, default);
        var source = result.GeneratedSources.FirstOrDefault(source => source.HintName == read.Network.HintName).SourceText;
        var itsFiles = own.Inheritance.Chain.Select(one => one.Path).Append(own.File.Path).ToHashSet();
        return new GeneratedSpec(read.Network.Spec, own.File.Path, read.Network.HintName, source?.ToString() ?? "",
            [.. Diagnostics.Where(diagnostic => itsFiles.Contains(diagnostic.Path))]);
    }

    /// <summary>What the first spec, which has no errors, takes from those that it extends, in the order of the language's keys.</summary>
    public IEnumerable<InheritedKey> Inherited(UNetSpec spec)
    {
        var own = Own;
        var (inherited, from) = (new GivenKeys(default), "");
        foreach (var one in own.Inheritance.Chain.Reverse())
            (inherited, from) = (GivenKeys.Of(one.Keys, []).Over(inherited, from, default), one.Path);
        var all = own.File.Keys.Over(inherited, from, default);
        return
            from field in Fields.All
            let origin = all.From(field.Key)
            where origin is not null && field.WhyUseless(spec) is null
            select new InheritedKey(field.Key, all.Value(field.Key).Written, origin);
    }

    /// <summary>What the first spec is read from, as the generator has it between text and source.</summary>
    private FileWithBases Own
    {
        get
        {
            var all = files.Select(file => ParsedFile.Parse(file, info, default)).ToList();
            var bases = new Bases(
                all.Select(file => file.AsBase).ToEquatableArray(),
                all.Select(file => file.FullPath).Order(StringComparer.Ordinal).ToEquatableArray());
            return new FileWithBases(all[0], Inheritance.Of(all[0], bases));
        }
    }

    private static IEnumerable<string> Beside(IReadOnlyList<SpecFile> specs) => specs
        .Select(spec => Path.GetDirectoryName(spec.Path)!).Distinct().Where(Directory.Exists)
        .SelectMany(folder => Directory.EnumerateFiles(folder, $"*{Paths.SpecExtension}", new EnumerationOptions()))
        .Select(Paths.Normal);

    private static string FullPath(string path, SpecOptions options) =>
        Path.GetFullPath(path, Path.GetFullPath(options.ProjectFolder ?? "."));

    /// <summary>The specs and, as far as they are on the disk, those that they extend.</summary>
    private List<SpecFile> WithBases(IEnumerable<SpecFile> specs, SpecOptions options)
    {
        var all = specs.ToList();
        var known = all.Select(file => file.NormalPath).ToHashSet(StringComparer.Ordinal);
        foreach (var spec in all.ToList())
        {
            var next = ParsedFile.Parse(spec, info, default).Extends;
            for (var count = 0; count < MostBases && IsSpec(next) && known.Add(next); count++)
            {
                try
                {
                    if (!SpecFile.IsThere(next))
                        break;
                    all.Add(SpecFile.Read(next));
                }
                catch (UNetGenException error) when (options.BaseUnreadable is { } unreadable)
                {
                    unreadable(next, error);
                    break;
                }
                options.BaseFound?.Invoke(spec.Path, all[^1].Path);
                next = ParsedFile.Parse(all[^1], info, default).Extends;
            }
        }

        return all;

        static bool IsSpec([NotNullWhen(true)] string? path) =>
            path?.EndsWith(Paths.SpecExtension, StringComparison.OrdinalIgnoreCase) == true;
    }

    private int IndexOf(string path) => files.TakeWhile(file => file.Path != path).Count();

    private SpecDiagnostic Of(Diagnostic diagnostic, FileLinePositionSpan place)
    {
        var severity = diagnostic.Severity switch
        {
            DiagnosticSeverity.Error => SpecSeverity.Error,
            DiagnosticSeverity.Warning => SpecSeverity.Warning,
            _ => SpecSeverity.Info,
        };
        var start = place.StartLinePosition;
        return new SpecDiagnostic(diagnostic.Id, severity, diagnostic.GetMessage(), info.Relative(Paths.Normal(place.Path)),
            start.Line + 1, start.Character + 1);
    }
}
