namespace UNetGen.Interop;

/// <summary>A module that is missing, while one of another name has the same tensors: <c>mid_attn.</c> and <c>mid.attn.</c>.</summary>
/// <param name="Expected">The prefix of the missing keys; empty for all.</param>
/// <param name="Given">The prefix under which they seem to be, as <c>model.</c> where the whole network was part of another module.</param>
/// <param name="Count">How many entries.</param>
internal sealed record RenamedModule(string Expected, string Given, int Count);

/// <summary>Finds them by what is inside: the same keys below the module's own, with the same shapes.</summary>
internal static class RenamedModules
{
    // What a file holds is anyone's: a guess isn't worth any effort.
    private const int MostKeys = 10_000;
    private const int MostCandidates = 100;

    public static IReadOnlyList<RenamedModule> Find(StateDictComparison comparison)
    {
        var found = new List<RenamedModule>();
        if (comparison.Unexpected.Count > MostKeys)
            return found;
        var missing = Modules(comparison.Expected, comparison.Missing);
        var rivals = missing.Values.CountBy(module => module.Contents).ToDictionary();
        var unexpected = Modules(comparison.Given, comparison.Unexpected).ToLookup(pair => pair.Value.Contents, pair => pair.Key);
        foreach (var (prefix, (contents, count)) in missing)
        {
            if (found.Any(module => prefix.StartsWith(module.Expected, StringComparison.Ordinal)))
                continue;
            var candidates = unexpected[contents].Where(key => !found.Any(module => key.StartsWith(module.Given, StringComparison.Ordinal)))
                .Take(MostCandidates).ToList();
            if ((candidates.Count == 1 && rivals[contents] == 1 ? candidates[0] : ByName(prefix, candidates)) is { } given)
                found.Add(new(prefix, given, count));
        }

        return found;
    }

    /// <summary>Several of the same contents are told apart by their names alone, and only by one that is nearest and near.</summary>
    private static string? ByName(string prefix, IReadOnlyList<string> candidates)
    {
        var near = candidates.Select(candidate => (candidate, Distance: EditDistance.Between(prefix, candidate)))
            .Where(pair => pair.Distance <= 2).ToList();
        var nearest = near.Where(pair => pair.Distance == near.Min(other => other.Distance)).ToList();
        return nearest.Count == 1 ? nearest[0].candidate : null;
    }

    private static OrderedDictionary<string, (string Contents, int Count)> Modules(
        IReadOnlyDictionary<string, TensorForm> forms, IReadOnlyList<string> keys)
    {
        var modules = new OrderedDictionary<string, (string, int)>();
        foreach (var (prefix, inside) in new KeyGroups(forms.Keys, keys).Modules)
            modules.Add(
                prefix,
                (
                    string.Join('\n', inside.Select(key => $"{key[prefix.Length..]} {forms[key]}").Order(StringComparer.Ordinal)),
                    inside.Count));
        return modules;
    }
}
