using System.Collections.Immutable;

namespace UNetGen.Generator;

/// <summary>Who a spec is, for telling it from the others.</summary>
internal sealed record SpecIdentity(string Path, string ClassName, string Namespace, string HintName);

/// <summary>A spec whose class another one has already: it gets an error instead of a class.</summary>
internal sealed record Collision(string Path, string Message);

internal static class Collisions
{
    /// <summary>The first of each name, by path, has the class. Files are compared without case, as file systems and Roslyn do.</summary>
    public static EquatableArray<Collision> Find(ImmutableArray<SpecIdentity> identities)
    {
        var found = new List<Collision>();
        var byClass = new Dictionary<string, SpecIdentity>(StringComparer.OrdinalIgnoreCase);
        var byHint = new Dictionary<string, SpecIdentity>(StringComparer.OrdinalIgnoreCase);
        var byNamespace = identities.Where(identity => identity.Namespace.Length > 0).GroupBy(identity => identity.Namespace).ToDictionary(group => group.Key + ".", group => group.First().Path);
        var taken = new HashSet<string>(identities.Select(identity => identity.ClassName).Concat(byNamespace.Keys.Select(key => key.TrimEnd('.'))), StringComparer.OrdinalIgnoreCase);
        foreach (var same in identities.GroupBy(identity => identity.Path).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var identity = same.First();
            if (same.Skip(1).Any())
            {
                found.Add(new Collision(identity.Path, $"the project lists {identity.Path} twice among its AdditionalFiles; once is enough"));
            }
            else if (byClass.TryGetValue(identity.ClassName, out var first))
            {
                var elsewhere = Paths.Directory(identity.Path) == Paths.Directory(first.Path) ? "" : ", or, as it lies in another folder, a `namespace` of its own";
                found.Add(new Collision(identity.Path, $"the class {identity.ClassName} is already that of {first.Path}; give this spec a name of its own, as `name: {FreeName(identity)}`{elsewhere}"));
            }
            else if (byNamespace.FirstOrDefault(pair => pair.Key.StartsWith(identity.ClassName + ".", StringComparison.Ordinal)).Value is { } inside)
            {
                found.Add(new Collision(identity.Path, $"the class {identity.ClassName} has the name of a namespace, in which the class of {inside} is; give it another name"));
            }
            else if (byHint.TryGetValue(identity.HintName, out first))
            {
                found.Add(new Collision(identity.Path, $"this file's name differs from {first.Path} by case alone; rename one of them"));
            }
            else
            {
                byClass.Add(identity.ClassName, identity);
                byHint.Add(identity.HintName, identity);
            }
        }

        return found.ToEquatableArray();

        // Each is proposed once: whoever takes all advice has no two of a name.
        string FreeName(SpecIdentity identity)
        {
            var start = identity.ClassName.LastIndexOf('.') + 1;
            var (@namespace, name) = (identity.ClassName.Substring(0, start), $"Another{identity.ClassName.Substring(start)}");
            var free = name;
            for (var count = 2; !taken.Add(@namespace + free); count++)
                free = $"{name}{count}";
            return free;
        }
    }
}

/// <summary>The names under which Roslyn keeps generated files.</summary>
internal static class HintNames
{
    // Disks allow 255 characters; Windows 260 for the whole path, of which the folders of emitted files have some hundred.
    private const int MaxLength = 120;

    /// <summary>
    /// <c>specs/tiny.unet.yaml</c> to <c>specs.tiny.unet.g.cs</c>; a path with anything but letters, digits, - and _ gets its hash,
    /// so that no two become one, and so does a long one, of which the end is kept.
    /// </summary>
    public static string Of(string path)
    {
        const string extension = ".unet.g.cs";
        var stem = path.Substring(0, path.Length - UNetGenerator.SpecExtension.Length);
        var inside = stem.Split('/').SkipWhile(part => part == "..").ToArray();
        var name = string.Join(".", inside.Select(part => string.Concat(part.Select(c => IsPlain(c) ? c : '_'))));
        if (inside.Length == stem.Split('/').Length && inside.All(part => part.All(IsPlain)) && name.Length + extension.Length <= MaxLength)
            return name + extension;
        var suffix = $"-{Fnv1A(path):x8}{extension}";
        return name.Substring(Math.Max(0, name.Length + suffix.Length - MaxLength)) + suffix;
    }

    private static bool IsPlain(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '-' or '_';

    private static uint Fnv1A(string text) => text.Aggregate(2166136261u, (hash, c) => unchecked((hash ^ c) * 16777619u));
}
