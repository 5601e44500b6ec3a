using System.CommandLine;
using UNetGen.Compiler;

namespace UNetGen.Cli.Specs;

/// <summary>Judges specs as a build does.</summary>
internal static class CheckCommand
{
    // What builds leave out of a project's files.
    private static readonly string[] OutputFolders = ["bin", "obj"];

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
        string[] specs = [.. paths.SelectMany(Specs).Select(Path.GetFullPath).Distinct().Order(StringComparer.Ordinal)];
        if (specs.Length == 0)
            throw new UNetGenException($"There is no spec in {string.Join(", ", paths)}: its file would end in {Catalog.SpecEnding}.");
        var found = SpecCompiler.Check(specs, new() { ProjectFolder = Environment.CurrentDirectory });
        foreach (var diagnostic in found)
            Console.WriteLine(diagnostic);
        var (errors, warnings) = (Of(SpecSeverity.Error), Of(SpecSeverity.Warning));
        Console.WriteLine($"{Counted.Of(specs.Length, "spec")}: {Counted.Of(errors, "error")}, {Counted.Of(warnings, "warning")}");
        return errors > 0 || (strict && warnings > 0) ? UNetGenProgram.Failure : 0;

        int Of(SpecSeverity severity) => found.Count(diagnostic => diagnostic.Severity == severity);
    }

    private static IEnumerable<string> Specs(string path)
    {
        if (!Directory.Exists(path))
            return [path];
        var folders = Directory.EnumerateDirectories(path)
            .Where(folder => Path.GetFileName(folder) is var name && !name.StartsWith('.') && !OutputFolders.Contains(name)
                && new DirectoryInfo(folder).LinkTarget is null);
        return Directory.EnumerateFiles(path)
            .Where(file => file.EndsWith(Catalog.SpecEnding, StringComparison.OrdinalIgnoreCase))
            .Concat(folders.SelectMany(Specs));
    }
}
