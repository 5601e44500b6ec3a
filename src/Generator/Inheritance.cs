using Microsoft.CodeAnalysis;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator;

/// <summary>The specs from which another takes what it doesn't say itself.</summary>
/// <param name="Chain">The nearest first, as far as there are any.</param>
/// <param name="Broken">Whether one of them is missing or extends itself, which is reported there.</param>
/// <param name="Fault">What is wrong with the spec's own key.</param>
internal sealed record Inheritance(EquatableArray<BaseSpec> Chain, bool Broken, InheritanceFault? Fault)
{
    // More files than a reader follows, and what bounds the work for one spec.
    private const int MaxBases = 8;

    public static Inheritance Of(ParsedFile file, Bases bases)
    {
        var chain = new List<BaseSpec>();
        if (!file.Keys.Has("extends"))
            return Result();
        if (file.Keys.Value("extends") is not YamlScalar { IsNull: false } written)
            return Result(Rules.WrongType,
                $"'extends' must be {Fields.ByKey["extends"].Description}, not {file.Keys.Value("extends").Kind}");

        var target = file.Extends;
        while (target is not null || chain.Count == 0)
        {
            if (target == file.FullPath)
                return Result(Rules.ExtendsCycle, Cycle(file, chain));
            if (chain.Any(one => one.FullPath == target))
                return Result(broken: true);
            if (chain.Count == MaxBases)
                return Result(Rules.TooLarge,
                    $"{Arrows(file, chain)} -> ...: a spec has at most {MaxBases} others to build on; let it extend a later one");
            if (bases.Specs.FirstOrDefault(one => one.FullPath == target) is not { } next)
                return chain.Count > 0 ? Result(broken: true) : Result(Rules.ExtendsMissing, Missing(file, written, bases.Paths));
            chain.Add(next);
            target = next.Extends;
        }

        return Result();

        Inheritance Result(DiagnosticDescriptor? rule = null, string message = "", bool broken = false) =>
            new(chain.ToEquatableArray(), broken || rule is not null, rule is null ? null : new InheritanceFault(rule, message));
    }

    private static string Cycle(ParsedFile file, List<BaseSpec> chain) =>
        $"{Arrows(file, chain)} -> {file.Path}: " + (chain.Count == 0
            ? "a spec can't extend itself"
            : "specs can't extend one another in a circle; let one of them extend none of the others");

    private static string Arrows(ParsedFile file, List<BaseSpec> chain) =>
        string.Join(" -> ", chain.Select(one => one.Path).Prepend(file.Path));

    private static string Missing(ParsedFile file, YamlScalar written, EquatableArray<string> paths)
    {
        var directory = Paths.Directory(file.FullPath);
        var others = paths.Union(file.SpecsBeside?.Split('\n').Where(path => path.Length > 0) ?? [])
            .Where(path => path != file.FullPath).Select(path => Paths.Relative(directory, path)).ToList();
        var near = Nearest(written.Value.Replace('\\', '/'), others);
        var known = near is not null ? $"did you mean '{near}'{(near == file.ExtendsPath ? ", from this spec's own folder" : "")}?"
            : file.SpecsBeside is not null ? $"its path begins at this spec's own folder, and its name ends in {Paths.SpecExtension}"
            : others.Count == 0 ? "this is its only spec"
            : $"it has {Text.AllOf(others.Count > 5 ? others.Take(5).Append("others") : others)}";
        if (written.Value.Length == 0)
            return "'extends' names no spec; write the path of one, or remove the key";
        if (Paths.IsRooted(written.Value))
            return $"'{written.Shown}' is an absolute path, and paths in specs begin at the file's own folder, "
                + $"so that they hold on every machine; {known}";
        if (file.Extends is null)
            return $"'{written.Shown}' has a backslash, and paths in specs have slashes on every system; {known}";
        if (file.SpecsBeside is not null)
            return $"there is no spec {Text.Shown(file.ExtendsPath)}; {known}";
        var remedy = Listing(file) is not { } listing ? known
            : IsOutside(file.ExtendsPath) ? $"{(near is null ? "" : known + " Else, ")}{listing}"
            : near is null ? $"{known}; {listing}"
            : known;
        return $"the project has no spec {Text.Shown(file.ExtendsPath)}; {remedy}";
    }

    /// <summary>
    /// Whether a path, relative to the project's folder where it can be, leads out of it: specs outside have to be listed in the project.
    /// </summary>
    private static bool IsOutside(string path) => path.StartsWith("../", StringComparison.Ordinal) || Paths.IsRooted(path);

    /// <summary>
    /// How to list a base that the project doesn't have; a generator can't see whether the file is there. Null where the path is no spec's.
    /// </summary>
    private static string? Listing(ParsedFile file)
    {
        const int longest = 260;
        var path = file.ExtendsPath;
        if (path.Length > longest || !path.EndsWith(Paths.SpecExtension, StringComparison.OrdinalIgnoreCase))
            return null;
        var item = $"<AdditionalFiles Include=\"{Paths.ForItem(path)}\" />";
        return file.IsFileBased
            ? $"if the file is there, list it in a Directory.Build.props beside the app: <Project><ItemGroup>{item}</ItemGroup></Project>"
            : $"if the file is there, add it to the project: {item}";
    }

    /// <summary>
    /// The same file name in another folder, else the likeliest path, else the likeliest file name; without the ending, which all share.
    /// </summary>
    private static string? Nearest(string written, List<string> others)
    {
        var same = others.OrderBy(path => path.Length)
            .FirstOrDefault(path => Name(path).Equals(Name(written), StringComparison.OrdinalIgnoreCase));
        return same ?? Likeliest(Stem) ?? Likeliest(Name);

        string? Likeliest(Func<string, string> part) =>
            Text.Nearest(part(written), others.Select(part)) is { } likely ? others.First(path => part(path) == likely) : null;
    }

    private static string Name(string path) => Stem(Paths.FileName(path));

    /// <summary>Without the ending, and without what people write for it.</summary>
    private static string Stem(string path)
    {
        var trimmed = path.Trim();
        string[] endings = [Paths.SpecExtension, ".unet.yml", ".unet", ".yaml", ".yml"];
        var ending = endings.FirstOrDefault(one => trimmed.EndsWith(one, StringComparison.OrdinalIgnoreCase)) ?? "";
        return trimmed.Substring(0, trimmed.Length - ending.Length);
    }
}

internal sealed record InheritanceFault(DiagnosticDescriptor Rule, string Message);
