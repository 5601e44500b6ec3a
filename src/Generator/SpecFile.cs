using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.Diagnostics;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator;

/// <summary>What the generator wants to know of the project.</summary>
/// <param name="MaxParameters">The property UNetGenMaxParameters, as it is written.</param>
internal sealed record ProjectInfo(string Directory, string RootNamespace, string MaxParameters = "")
{
    public static ProjectInfo Of(AnalyzerConfigOptions options)
    {
        options.TryGetValue("build_property.ProjectDir", out var directory);
        options.TryGetValue("build_property.RootNamespace", out var rootNamespace);
        options.TryGetValue("build_property.UNetGenMaxParameters", out var maxParameters);
        return new ProjectInfo((directory ?? "").Replace('\\', '/').TrimEnd('/'), rootNamespace ?? "", (maxParameters ?? "").Trim());
    }

    /// <summary>The path from the project's directory, or as it is where it lies elsewhere on another drive; with slashes.</summary>
    public string Relative(string path)
    {
        var target = path.Replace('\\', '/');
        if (Directory.Length == 0)
            return target;
        var from = Directory.Split('/');
        var to = target.Split('/');
        var common = 0;
        // Where paths begin with a drive, hosts differ in how they write the same one: c:\ and C:\.
        var comparison = from[0].EndsWith(":", StringComparison.Ordinal) ? StringComparison.OrdinalIgnoreCase : StringComparison.Ordinal;
        while (common < from.Length && common < to.Length - 1 && string.Equals(from[common], to[common], comparison))
            common++;
        return common == 0 ? target : string.Concat(Enumerable.Repeat("../", from.Length - common)) + string.Join("/", to.Skip(common));
    }
}

/// <summary>A spec as its file has it: what it says, what is wrong with it, and where it says what is asked of it later.</summary>
internal sealed record SpecFile(SpecNetwork Network, EquatableArray<DiagnosticInfo> Problems, LocationInfo NamePlace, LocationInfo DimPlace)
{
    public static SpecFile Read(AdditionalText file, ProjectInfo project, CancellationToken cancellation)
    {
        var text = file.GetText(cancellation) ?? SourceText.From("");
        var problems = new Problems(file.Path, text);
        var spec = new UNetSpec { Name = Names.FromPath(file.Path), Namespace = project.RootNamespace };
        var places = default(SpecPlaces);
        try
        {
            if (Names.FaultOfNamespace(spec.Namespace) is not null)
                spec = spec with { Namespace = "" }; // a RootNamespace that C# doesn't take, as of a project named 2d-models
            if (YamlReader.Read(text, problems, cancellation) is { } root)
                spec = SpecReader.Read(root, spec, problems, out places);
            else
                spec = Names.FromBrokenText(text, spec);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            problems.Report(Rules.Failure, new TextSpan(0, 0), $"reading the spec failed; please report it with the spec: {exception.GetType().Name}: {exception.Message}");
        }

        // A file's name may have a line break, which would end a comment in the source.
        var path = string.Concat(project.Relative(file.Path).Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '_' : c));
        return new SpecFile(new SpecNetwork(path, spec, problems.AnyError), problems.ToArray(), problems.LocationOf(places.Name), problems.LocationOf(places.Dim));
    }
}

/// <summary>A spec without locations: all that its source depends on.</summary>
/// <param name="Path">Relative to the project, with slashes.</param>
/// <param name="Broken">Whether only the class's signature can be written.</param>
internal sealed record SpecNetwork(string Path, UNetSpec Spec, bool Broken)
{
    public string ClassName => Spec.Namespace.Length == 0 ? Spec.Name : $"{Spec.Namespace}.{Spec.Name}";

    public string HintName => HintNames.Of(Path);

    public SpecIdentity Identity => new(Path, ClassName, HintName);

    public SourceFile Emit(CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        try
        {
            var text = Broken ? SignatureEmitter.Emit(Spec, Path) : NetworkEmitter.Emit(NetworkPlanner.Plan(Spec), Path);
            return new SourceFile(HintName, text, null);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            var failure = new DiagnosticInfo(Rules.Failure, new LocationInfo(Path, default, default),
                $"writing the class failed; please report it with the spec: {exception.GetType().Name}: {exception.Message}");
            return new SourceFile(HintName, "", failure);
        }
    }
}

internal sealed record SourceFile(string HintName, string Text, DiagnosticInfo? Failure);
