using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>A spec's keys, its own and those that it inherits, and where they stand.</summary>
/// <param name="start">Where what is missing is shown.</param>
internal sealed class GivenKeys(SpecSpan start)
{
    private readonly Dictionary<string, Given> given = new(StringComparer.Ordinal);

    /// <summary>What stands there under another name.</summary>
    private readonly Dictionary<string, YamlEntry> meant = new(StringComparer.Ordinal);

    public SpecSpan Start { get; } = start;

    /// <summary>Keys and groups that stand there under another name.</summary>
    public HashSet<string> Misspelt { get; } = new(StringComparer.Ordinal);

    /// <summary>Keys and groups whose value can't be told: it stands twice, is an alias, or no group where one belongs.</summary>
    public HashSet<string> Unclear { get; } = new(StringComparer.Ordinal);

    /// <summary>
    /// Keys, and items of lists, whose inherited values aren't known until errors of the bases are mended.
    /// </summary>
    private HashSet<string> Doubtful { get; } = new(StringComparer.Ordinal);

    /// <summary>The keys and values without their places and their order.</summary>
    public IEnumerable<GivenKey> All =>
        given.OrderBy(pair => pair.Key, StringComparer.Ordinal).Select(pair => new GivenKey(pair.Key, pair.Value.Entry.Value.At(default)));

    /// <summary>Keys that stand nowhere.</summary>
    /// <param name="uncertain">Of which it isn't known what they are.</param>
    public static GivenKeys Of(EquatableArray<GivenKey> keys, IEnumerable<string> uncertain)
    {
        var given = new GivenKeys(default);
        given.Doubt(uncertain);
        foreach (var key in keys)
            given.Add(key.Key, new YamlEntry(new YamlScalar(default, key.Key, IsPlain: true), key.Value));
        return given;
    }

    public void Add(string key, YamlEntry entry) => given[key] = new Given(entry, null);

    /// <summary>Takes a key or a group for one that stands there under another name.</summary>
    public void Misspell(string key, YamlEntry entry)
    {
        Misspelt.Add(key);
        if (Fields.ByKey.ContainsKey(key))
            meant[key] = entry;
        else if (entry.Value is YamlMapping group)
            foreach (var inner in group.Entries.Where(inner => Fields.ByKey.ContainsKey($"{key}.{inner.Key.Value}")))
                meant[$"{key}.{inner.Key.Value}"] = inner;
    }

    /// <summary>
    /// The same as they are likely meant: misspelt keys under their names, and nothing uncertain. For the shape of a class while its spec
    /// has errors, and for nothing that would run.
    /// </summary>
    public GivenKeys AsMeant()
    {
        var keys = new GivenKeys(Start);
        foreach (var pair in meant.Where(pair => !HasOwn(pair.Key) && pair.Value.Value is not YamlAlias))
            keys.Add(pair.Key, pair.Value);
        foreach (var pair in given.Where(pair => !keys.Has(pair.Key)))
            keys.given.Add(pair.Key, pair.Value);
        return keys;
    }

    /// <summary>Puts another value in a key's place, or the key where it isn't there.</summary>
    public void Replace(string key, YamlNode value) => given[key] = given.TryGetValue(key, out var old)
        ? old with { Entry = old.Entry with { Value = value } }
        : new Given(new YamlEntry(new YamlScalar(Start, key, IsPlain: true), value), null);

    public void Remove(string key) => given.Remove(key);

    /// <summary>Takes these keys, and the items of lists, for uncertain.</summary>
    public void Doubt(IEnumerable<string> keys) => Doubtful.UnionWith(keys);

    /// <summary>Whether errors of its bases leave anything of the spec uncertain.</summary>
    public bool AnyDoubt => Doubtful.Count > 0;

    public void DoubtAll() => Doubt(Fields.Keys);

    public bool Has(string key) => given.ContainsKey(key);

    /// <summary>Whether the file itself has the key.</summary>
    public bool HasOwn(string key) => given.TryGetValue(key, out var it) && it.From is null;

    /// <summary>The path of the spec that a key is inherited from; null where it isn't.</summary>
    public string? From(string key) => given.TryGetValue(key, out var it) ? it.From : null;

    /// <summary>
    /// Whether its value isn't known until another error is mended. Then nothing is concluded from it, nor from its absence.
    /// </summary>
    public bool IsUncertain(string key)
    {
        if (Unclear.Count == 0 && Misspelt.Count == 0 && Doubtful.Count == 0)
            return false;
        var dot = key.IndexOf('.');
        var group = dot < 0 ? key : key.Substring(0, dot);
        return Doubtful.Contains(key)
            || Unclear.Contains(key)
            || Unclear.Contains(group)
            || ((Misspelt.Contains(key) || Misspelt.Contains(group)) && !HasOwn(key));
    }

    /// <summary>The same of an item of a list.</summary>
    public bool IsItemUncertain(string list, int index) => Doubtful.Count > 0 && Doubtful.Contains(Text.Item(list, index));

    public bool IsAnyItemUncertain(string list) => Doubtful.Any(key => Text.IsItemOf(key, list));

    /// <summary>The first of these keys that is given, its own before inherited ones.</summary>
    public string First(params string[] keys) => keys.FirstOrDefault(HasOwn) ?? keys.First(Has);

    public YamlNode Value(string key) => given[key].Entry.Value;

    public SpecSpan Span(string key) => Value(key).Span;

    /// <summary>The value's item, or the value itself where it is no list that long.</summary>
    public SpecSpan ItemSpan(string key, int index) =>
        Value(key) is YamlSequence sequence && index < sequence.Items.Count ? sequence.Items[index].Span : Span(key);

    public SpecSpan KeySpan(string key) => given[key].Entry.Key.Span;

    /// <summary>
    /// These keys, and the base's where these say nothing. All of the base's stand at one place, and say which spec they come from.
    /// </summary>
    public GivenKeys Over(GivenKeys inherited, string path, TextSpan at)
    {
        var merged = Copy(_ => true);
        var preset = (Has("preset") ? given : inherited.given).TryGetValue("preset", out var word) ? word.Entry.Value : null;
        var headsAreOneNumber = preset is YamlScalar { Value: "ddpm" or "adm" or "conditional" };
        foreach (var pair in inherited.given)
        {
            var (key, from) = (pair.Key, pair.Value.From ?? path);
            if (IsItsOwn(key))
                continue;
            var span = new SpecSpan(at, $"'{key}: {Text.Shown(pair.Value.Entry.Value.Written)}' is inherited from {from}");
            merged.given.Add(key, new Given(pair.Value.Entry.At(span), from));
        }

        merged.Doubt(Fields.Keys.Where(inherited.IsUncertain).Concat(inherited.Doubtful).Where(key => !IsItsOwn(Text.ListOf(key))));
        return merged;

        bool IsItsOwn(string key) => key is "name" or "extends" || Replaces(key, headsAreOneNumber);
    }

    /// <summary>The same without those inherited keys that are to go, or null where there are none.</summary>
    public GivenKeys? WithoutInherited(Func<string, bool> goes)
    {
        return given.Any(Goes) ? Copy(pair => !Goes(pair)) : null;

        bool Goes(KeyValuePair<string, Given> pair) => pair.Value.From is not null && goes(pair.Key);
    }

    private GivenKeys Copy(Func<KeyValuePair<string, Given>, bool> stays)
    {
        var copy = new GivenKeys(Start);
        copy.Misspelt.UnionWith(Misspelt);
        copy.Unclear.UnionWith(Unclear);
        copy.Doubtful.UnionWith(Doubtful);
        foreach (var pair in given.Where(stays))
            copy.given.Add(pair.Key, pair.Value);
        foreach (var pair in meant)
            copy.meant.Add(pair.Key, pair.Value);
        return copy;
    }

    /// <summary>
    /// Whether these keys replace an inherited one: the same key, but also <c>attention: none</c> each key of the group, and the reverse.
    /// </summary>
    private bool Replaces(string key, bool headsAreOneNumber)
    {
        var dot = key.IndexOf('.');
        return Has(key)
            || (dot < 0 ? given.Keys.Any(own => own.StartsWith(key + ".", StringComparison.Ordinal)) : Has(key.Substring(0, dot)))
            || (OtherWay(key, headsAreOneNumber) is { } other && Has(other));
    }

    /// <summary>The key that says the same in another way: a spec that says it there doesn't inherit it here.</summary>
    /// <param name="headsAreOneNumber">As in ddpm, adm and conditional, where the number of heads gives their width.</param>
    private static string? OtherWay(string key, bool headsAreOneNumber) => key switch
    {
        "attention.levels" => "attention.resolutions",
        "attention.resolutions" => "attention.levels",
        "attention.heads" when headsAreOneNumber => "attention.head_dim",
        "attention.head_dim" when headsAreOneNumber => "attention.heads",
        _ => null,
    };

    /// <param name="From">The path of the spec that it is inherited from.</param>
    private readonly record struct Given(YamlEntry Entry, string? From);
}

/// <summary>A key with its value, wherever they stand.</summary>
internal sealed record GivenKey(string Key, YamlNode Value);
