using System.Text;

namespace UNetGen.Interop;

/// <summary>
/// A comparison as text for people: grouped, modules instead of their tensors, guesses at what was meant, and never long.
/// </summary>
internal static class StateDictReport
{
    private const int LinesPerSection = 8;
    private const int LongestKey = 100;

    public static string Write(StateDictComparison comparison)
    {
        var fitting = comparison.Expected.Count - comparison.Missing.Count - comparison.OfOtherShape.Count - comparison.OfOtherType.Count;
        var text = new StringBuilder($"{fitting} of {Counted.Of(comparison.Expected.Count, "entry", "entries")} agree.");
        var renamed = RenamedModules.Find(comparison);
        var missing = comparison.Missing.Where(key => !renamed.Any(module => key.StartsWith(module.Expected, StringComparison.Ordinal)))
            .ToList();
        var unexpected = comparison.Unexpected.Where(key => !renamed.Any(module => key.StartsWith(module.Given, StringComparison.Ordinal)))
            .ToList();

        Section(
            "renamed", renamed,
            module => $"{Module(module.Expected)} seems to be {Module(module.Given)} ({Counted.Of(module.Count, "entry", "entries")})");
        Section("missing", new KeyGroups(comparison.Expected.Keys, missing).Groups, group => Line(group, comparison.Expected));
        Section("unexpected", new KeyGroups(comparison.Given.Keys, unexpected).Groups, group => Line(group, comparison.Given) + Meant(
            group.Keys, missing, comparison));
        Section("of another shape", comparison.OfOtherShape, SideBySide(comparison));
        Section(
            "of another type",
            comparison.OfOtherType.GroupBy(key => (Given: comparison.Given[key].TypeName, Expected: comparison.Expected[key].TypeName)),
            group =>
            $"{Shown(group.First())}{(group.Count() == 1 ? "" : $" and {group.Count() - 1} more")}: {group.Key.Given}, expected "
                + $"{group.Key.Expected}");
        return text.ToString();

        void Section<T>(string heading, IEnumerable<T> differences, Func<T, string> line)
        {
            var all = differences.ToList();
            if (all.Count == 0)
                return;
            text.Append($"\n  {heading}:");
            foreach (var difference in all.Take(LinesPerSection))
                text.Append($"\n    {line(difference)}");
            if (all.Count > LinesPerSection)
                text.Append($"\n    and {all.Count - LinesPerSection} more");
        }
    }

    /// <summary>How to mend what can be mended without knowing more; empty where that is nothing.</summary>
    public static string Remedy(StateDictComparison comparison)
    {
        var remedy = "";
        if (RenamedModules.Find(comparison) is [{ Expected: "", Given: var prefix }])
            remedy += $"\nTake '{Shown(prefix)}' off the keys first, as by `key.removeprefix('{Shown(prefix)}')` in Python.";
        if (comparison.OfOtherType is [var first, ..])
            remedy += $"\nConvert them first, as by `tensor.to(torch.{comparison.Expected[first].TypeName})`, "
                + "which is the same in Python and C#.";
        return remedy;
    }

    private static string Line((string Name, IReadOnlyList<string> Keys) group, IReadOnlyDictionary<string, TensorForm> forms) =>
        group.Keys.Count == 1
        ? $"{Shown(group.Name)} {forms[group.Name]}"
        : $"{Module(group.Name)} ({Counted.Of(group.Keys.Count, "entry", "entries")})";

    /// <summary>The missing key that an unexpected one of the same shape may have been meant to be.</summary>
    private static string Meant(IReadOnlyList<string> keys, IReadOnlyList<string> missing, StateDictComparison comparison)
    {
        if (keys.Count > 1 || keys[0].Length > LongestKey)
            return "";
        var nearest = missing.Where(key => key.Length <= LongestKey && comparison.Expected[key].HasShapeOf(comparison.Given[keys[0]]))
            .Select(key => (Key: key, Distance: EditDistance.Between(key, keys[0])))
            .OrderBy(pair => pair.Distance).FirstOrDefault();
        return nearest.Key is not null && nearest.Distance <= Math.Max(2, keys[0].Length / 5) ? $"; did you mean {nearest.Key}?" : "";
    }

    /// <summary>In columns as wide as those that are shown need.</summary>
    private static Func<string, string> SideBySide(StateDictComparison comparison)
    {
        var shown = comparison.OfOtherShape.Take(LinesPerSection).ToList();
        var keys = shown.Select(key => Shown(key).Length).DefaultIfEmpty().Max();
        var given = shown.Select(key => Form(key, comparison.Given).Length).DefaultIfEmpty().Max();
        return key => $"{Shown(key).PadRight(keys)}  {Form(key, comparison.Given).PadRight(given)}  expected "
            + $"{Form(key, comparison.Expected)}";

        string Form(string key, IReadOnlyDictionary<string, TensorForm> forms) =>
            comparison.Given[key].DType == comparison.Expected[key].DType ? forms[key].Dimensions : forms[key].ToString();
    }

    private static string Module(string prefix) => prefix.Length == 0 ? "everything" : $"{Shown(prefix)}*";

    /// <summary>A file's keys can be of any length, and hold anything.</summary>
    private static string Shown(string key)
    {
        var plain = string.Concat(key.Select(c => char.IsControl(c) || c is '\u2028' or '\u2029' ? '?' : c));
        return plain.Length <= LongestKey ? plain : $"{plain[..(LongestKey / 2)]}...{plain[^(LongestKey / 2)..]}";
    }
}
