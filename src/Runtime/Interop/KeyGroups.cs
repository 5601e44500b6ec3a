namespace UNetGen.Interop;

/// <summary>
/// Some keys of a state_dict, and the modules all of whose keys are among them: one speaks of a module rather than of its thirty tensors.
/// </summary>
internal sealed class KeyGroups
{
    private readonly OrderedDictionary<string, List<string>> whole = [];
    private readonly IReadOnlyList<string> some;

    /// <param name="all">All keys.</param>
    /// <param name="some">Those in question, in their order.</param>
    public KeyGroups(IEnumerable<string> all, IReadOnlyList<string> some)
    {
        this.some = some;
        var counts = all.SelectMany(Prefixes).CountBy(prefix => prefix).ToDictionary();
        foreach (var key in some)
        {
            foreach (var prefix in Prefixes(key))
            {
                whole.TryAdd(prefix, []);
                whole[prefix].Add(key);
            }
        }

        foreach (var (prefix, keys) in whole.ToList())
        {
            if (keys.Count < 2 || keys.Count < counts[prefix])
                whole.Remove(prefix);
        }
    }

    /// <summary>
    /// Every module that is wholly among them, by the prefix of its keys: <c>downs.0.</c>, and the empty one for all keys; the outer before
    /// the inner.
    /// </summary>
    public IReadOnlyDictionary<string, List<string>> Modules => whole;

    /// <summary>The keys by the outermost such module below the root, and alone where there is none.</summary>
    public IEnumerable<(string Name, IReadOnlyList<string> Keys)> Groups => some
        .GroupBy(key => Prefixes(key).Skip(1).FirstOrDefault(whole.ContainsKey) ?? key)
        .Select(group => (group.Key, (IReadOnlyList<string>)[.. group]));

    /// <summary>From the empty one to its module's, or so far as modules have names that one reads.</summary>
    private static IEnumerable<string> Prefixes(string key)
    {
        const int longest = 200;
        yield return "";
        for (var dot = key.IndexOf('.'); dot is >= 0 and < longest; dot = key.IndexOf('.', dot + 1))
            yield return key[..(dot + 1)];
    }
}
