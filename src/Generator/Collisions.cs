using System.Collections.Immutable;
using UNetGen.Generator.Common;

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
        var byNamespace = identities
            .Where(identity => identity.Namespace.Length > 0)
            .GroupBy(identity => identity.Namespace)
            .ToDictionary(group => group.Key + ".", group => group.First().Path);
        var taken = new HashSet<string>(
            identities.Select(identity => identity.ClassName).Concat(byNamespace.Keys.Select(key => key.TrimEnd('.'))),
            StringComparer.OrdinalIgnoreCase);
        foreach (var same in identities.GroupBy(identity => identity.Path).OrderBy(group => group.Key, StringComparer.Ordinal))
        {
            var identity = same.First();
            if (same.Skip(1).Any())
            {
                Refuse(identity, $"the project lists {identity.Path} twice among its AdditionalFiles; once is enough");
            }
            else if (byClass.TryGetValue(identity.ClassName, out var first))
            {
                var elsewhere = Paths.Directory(identity.Path) == Paths.Directory(first.Path)
                    ? ""
                    : ", or, as it lies in another folder, a `namespace` of its own";
                var why = identity.ClassName == first.ClassName
                    ? $"is already that of {first.Path}"
                    : $"differs by case alone from {first.ClassName}, that of {first.Path}, which file systems don't tell apart";
                Refuse(identity, $"the class {identity.ClassName} {why}; "
                    + $"give this spec a name of its own, as `name: {FreeName(identity)}`{elsewhere}{OfCopy(identity.Path, first.Path)}");
            }
            else if (byNamespace.FirstOrDefault(pair => IsInside(pair.Key, identity.ClassName)).Value is { } inside)
            {
                Refuse(identity, $"the class {identity.ClassName} has the name of a namespace, in which the class of {inside} is; "
                    + "give it another name");
            }
            else if (byHint.TryGetValue(identity.HintName, out first))
            {
                Refuse(identity, $"this file's name differs from {first.Path} by case alone; rename one of them");
            }
            else
            {
                byClass.Add(identity.ClassName, identity);
                byHint.Add(identity.HintName, identity);
            }
        }

        return found.ToEquatableArray();

        void Refuse(SpecIdentity identity, string message) => found.Add(new Collision(identity.Path, message));

        // Those that a project copies to its output may lie in a folder of its own that it is published into.
        static string OfCopy(string path, string other)
        {
            var deeper = Depth(path) > Depth(other) ? path : other;
            if (Paths.FileName(path) != Paths.FileName(other) || Depth(path) == Depth(other))
                return "";
            return $". If {deeper} is a copy, as a build makes one, leave it out of the project: "
                + $"<AdditionalFiles Remove=\"{Paths.ForItem(deeper)}\" />";
        }

        static int Depth(string path) => path.Count(sign => sign == '/');

        static bool IsInside(string @namespace, string outer) => @namespace.StartsWith(outer + ".", StringComparison.Ordinal);

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
