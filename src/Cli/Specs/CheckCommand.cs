using System.CommandLine;
using UNetGen.Compiler;

namespace UNetGen.Cli.Specs;

/// <summary>Judges specs as a build does.</summary>
internal static class CheckCommand
{
    public static Command AddTo(Command command)
    {
        var paths = new Argument<string[]>("PATH")
        {
            Description = "Specs, and folders in which all of them are looked for; none: the current folder.",
            Arity = ArgumentArity.ZeroOrMore,
        };
        var strict = new Option<bool>("--warnings-as-errors") { Description = "Fail where there is a warning." };
        command.Add(paths);
        command.Add(strict);
        command.SetAction(parsed => Check(parsed.GetValue(paths) is { Length: > 0 } given ? given : ["."], parsed.GetValue(strict)));
        return command;
    }

    /// <summary>Tells what a compiler would, in its form, which editors and CI know.</summary>
    private static int Check(string[] paths, bool strict)
    {
        var search = new SpecSearch(paths);
        var unreadable = new SortedDictionary<string, string>(StringComparer.Ordinal);
        foreach (var (path, reason) in search.Unreadable)
            unreadable.Add(path, $"It {reason}");
        if (search.Specs.Count + unreadable.Count == 0)
            throw NoSpec(paths, [.. search.Misnamed, .. search.OtherYaml]);
        var outside = new List<(string Spec, string Base)>();
        var found = SpecCompiler.Check([.. search.Specs], new()
        {
            ProjectFolder = Environment.CurrentDirectory,
            BaseUnreadable = (path, error) => unreadable.TryAdd(Path.GetFullPath(path), error.Message),
            BaseFound = (spec, itsBase) => outside.Add((spec, itsBase)),
        });
        foreach (var diagnostic in found)
            Console.WriteLine(diagnostic);
        foreach (var (spec, itsBase) in outside)
            TellOfBase(spec, itsBase, paths);
        foreach (var (path, reason) in unreadable)
            Console.WriteLine($"{Shown(path)}: error: {reason.TrimEnd('.')}.");
        foreach (var file in search.Misnamed)
            Console.WriteLine($"{Shown(file)}: warning UNG0105: The name of a spec ends in {Catalog.SpecEnding}, so this file is not read: rename it.");
        var (errors, warnings) = (Of(SpecSeverity.Error) + unreadable.Count, Of(SpecSeverity.Warning) + search.Misnamed.Count);
        Console.WriteLine($"{Counted.Of(search.Specs.Count, "spec")}: {Counted.Of(errors, "error")}, {Counted.Of(warnings, "warning")}");
        return errors > 0 || (strict && warnings > 0) ? UNetGenProgram.Failure : 0;

        int Of(SpecSeverity severity) => found.Count(diagnostic => diagnostic.Severity == severity);
    }

    /// <param name="paths">Where specs were looked for.</param>
    /// <param name="others">What may be one, the likeliest first.</param>
    private static UNetGenException NoSpec(string[] paths, string[] others)
    {
        var none = $"There is no spec in {string.Join(", ", paths)}: its file would end in {Catalog.SpecEnding}";
        return new(others switch
        {
            [] => $"{none}.",
            [var only] => $"{none}, and {Shown(only)} doesn't. Rename it, if it is one.",
            _ => $"{none}, and {Shown(others[0])} and {Counted.Of(others.Length - 1, "other YAML file")} don't. Rename those that are specs.",
        });
    }

    /// <summary>
    /// A folder stands for a project, whose build gets no specs from elsewhere but those that it lists: whether it does isn't known.
    /// </summary>
    private static void TellOfBase(string spec, string itsBase, string[] paths)
    {
        if (paths.Where(Directory.Exists).FirstOrDefault(folder => IsWithin(folder, spec)) is not { } project)
            return;
        var include = Path.GetRelativePath(project, itsBase).Replace('\\', '/');
        Console.WriteLine(
            $"{Shown(spec)}: info: It builds on {Shown(itsBase)}, which isn't among the specs of {project}. A project there has to list it: "
                + $"<AdditionalFiles Include=\"{include}\" />");
    }

    private static bool IsWithin(string folder, string file) =>
        file.StartsWith(
            Path.TrimEndingDirectorySeparator(Path.GetFullPath(folder)) + Path.DirectorySeparatorChar, StringComparison.Ordinal);

    /// <summary>From the current folder, where that isn't the longer way.</summary>
    private static string Shown(string path)
    {
        var relative = Path.GetRelativePath(Environment.CurrentDirectory, path);
        return relative.Length <= path.Length ? relative : path;
    }
}
