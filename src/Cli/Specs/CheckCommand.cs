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
        if (search.Specs.Count + search.Misnamed.Count + unreadable.Count == 0)
            throw new UNetGenException($"There is no spec in {string.Join(", ", paths)}: its file would end in {Catalog.SpecEnding}.");
        var found = SpecCompiler.Check([.. search.Specs], new()
        {
            ProjectFolder = Environment.CurrentDirectory,
            BaseUnreadable = (path, error) => unreadable.TryAdd(Path.GetFullPath(path), error.Message),
        });
        foreach (var diagnostic in found)
            Console.WriteLine(diagnostic);
        foreach (var (path, reason) in unreadable)
            Console.WriteLine($"{Shown(path)}: error: {reason.TrimEnd('.')}.");
        foreach (var file in search.Misnamed)
            Console.WriteLine($"{Shown(file)}: warning UNG0105: The name of a spec ends in {Catalog.SpecEnding}, so this file is not read: rename it.");
        var (errors, warnings) = (Of(SpecSeverity.Error) + unreadable.Count, Of(SpecSeverity.Warning) + search.Misnamed.Count);
        Console.WriteLine($"{Counted.Of(search.Specs.Count, "spec")}: {Counted.Of(errors, "error")}, {Counted.Of(warnings, "warning")}");
        return errors > 0 || (strict && warnings > 0) ? UNetGenProgram.Failure : 0;

        int Of(SpecSeverity severity) => found.Count(diagnostic => diagnostic.Severity == severity);
    }

    private static string Shown(string path) => Path.GetRelativePath(Environment.CurrentDirectory, path);
}
