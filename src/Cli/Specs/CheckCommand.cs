using System.CommandLine;
using UNetGen.Compiler;
using UNetGen.Data;

namespace UNetGen.Cli.Specs;

/// <summary>Judges specs as a build does.</summary>
internal static class CheckCommand
{
    // What builds leave out of a project's files.
    private static readonly string[] OutputFolders = ["bin", "obj"];

    // What people write for the ending of specs.
    private const string Misspelt = ".unet.yml";

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
        string[] misnamed = [.. paths.Where(Directory.Exists).SelectMany(folder => FilesIn(folder, Misspelt))];
        if (specs.Length + misnamed.Length == 0)
            throw new UNetGenException($"There is no spec in {string.Join(", ", paths)}: its file would end in {Catalog.SpecEnding}.");
        var found = SpecCompiler.Check(specs, new() { ProjectFolder = Environment.CurrentDirectory });
        foreach (var diagnostic in found)
            Console.WriteLine(diagnostic);
        foreach (var file in misnamed)
        {
            var shown = Path.GetRelativePath(Environment.CurrentDirectory, file);
            Console.WriteLine($"{shown}: warning UNG0105: The name of a spec ends in {Catalog.SpecEnding}, so this file is not read: rename it.");
        }
        var (errors, warnings) = (Of(SpecSeverity.Error), Of(SpecSeverity.Warning) + misnamed.Length);
        Console.WriteLine($"{Counted.Of(specs.Length, "spec")}: {Counted.Of(errors, "error")}, {Counted.Of(warnings, "warning")}");
        return errors > 0 || (strict && warnings > 0) ? UNetGenProgram.Failure : 0;

        int Of(SpecSeverity severity) => found.Count(diagnostic => diagnostic.Severity == severity);
    }

    private static IEnumerable<string> Specs(string path) =>
        Directory.Exists(path) ? FilesIn(path, Catalog.SpecEnding)
        : File.Exists(path) ? [path]
        : throw new UNetGenException($"There is no file or folder {Excerpt.Of(path)}{ImageSources.SeenFrom(path)}.");

    /// <summary>Those with an ending, in a folder and the folders in it.</summary>
    private static IEnumerable<string> FilesIn(string folder, string ending)
    {
        var folders = Directory.EnumerateDirectories(folder)
            .Where(inner => Path.GetFileName(inner) is var name && !name.StartsWith('.') && !OutputFolders.Contains(name)
                && new DirectoryInfo(inner).LinkTarget is null);
        return Directory.EnumerateFiles(folder)
            .Where(file => file.EndsWith(ending, StringComparison.OrdinalIgnoreCase))
            .Concat(folders.SelectMany(inner => FilesIn(inner, ending)));
    }
}
