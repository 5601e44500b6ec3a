using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>One key of the language.</summary>
internal abstract class Field(string key, string summary)
{
    /// <summary>With the group it stands in: <c>dim</c>, <c>attention.heads</c>.</summary>
    public string Key { get; } = key;

    /// <summary>What it is, for messages and editors.</summary>
    public string Summary { get; } = summary;

    /// <summary>What its values mean, for editors.</summary>
    public string Details { get; init; } = "";

    /// <summary>What it is where it isn't given, if that follows from other keys: <c>4 * dim</c>.</summary>
    public string? DefaultInWords { get; init; }

    public bool Required { get; init; }

    /// <summary>
    /// A value that is right in most specs, as JSON, for editors to propose where there is no default, or none to write down. A list is
    /// text as it stands in YAML.
    /// </summary>
    public string? Example { get; init; }

    /// <summary>The example for a preset in which <see cref="Example"/> would be wrong; null: it isn't.</summary>
    public Func<Preset, string?> ExampleIn { get; init; } = _ => null;

    /// <summary>The presets that have use for it: editors propose it in these alone.</summary>
    public IReadOnlyList<Preset> OnlyIn { get; init; } = Presets.All;

    /// <summary>The word of another key beside which editors propose this one; null: always.</summary>
    public KeyWord? OnlyWith { get; init; }

    /// <summary>Keys beside which editors propose this one no more: another word of it would leave them without effect.</summary>
    public IReadOnlyList<string> ProposedBefore { get; init; } = [];

    /// <summary>What other projects call it.</summary>
    public IReadOnlyList<string> AlsoKnownAs { get; init; } = [];

    /// <summary>After "must be".</summary>
    public abstract string Description { get; }

    /// <summary>Whether the default is known where the preset isn't.</summary>
    public bool HasOneDefault => DefaultInWords is null && Presets.All.Select(Default).Distinct().Count() == 1;

    /// <summary>Why this key, given, would change nothing about this network; null where it counts.</summary>
    public string? WhyUseless(UNetSpec spec) => WhyUseless(spec, static _ => true);

    /// <summary>The same of a spec of which not all is known; null where that doesn't suffice to say.</summary>
    /// <param name="knows">Whether a key, or what follows from its absence, is known.</param>
    public virtual string? WhyUseless(UNetSpec spec, Func<string, bool> knows) => null;

    /// <summary>The spec with this key's value, or the same after a report.</summary>
    public abstract UNetSpec Read(YamlNode node, UNetSpec spec, Problems problems);

    /// <summary>Whether this could be its value.</summary>
    public bool Takes(YamlNode node)
    {
        var problems = Problems.Ignored;
        Read(node, new UNetSpec(), problems);
        return !problems.AnyError;
    }

    /// <summary>The effective value as YAML, or null where it says nothing about this network.</summary>
    public abstract string? Write(UNetSpec spec);

    /// <summary>What it may be in this preset, as JSON Schema; null: in any.</summary>
    public abstract JsonObject Schema(Preset? preset);

    /// <summary>Whether its value is one of a few words, of which editors let one pick.</summary>
    public abstract bool IsPicked { get; }

    /// <summary>Whether this preset takes less than others.</summary>
    public virtual bool IsNarrowedBy(Preset preset) => false;

    /// <summary>The preset's default as JSON; null where there is none, or none that is always the same.</summary>
    public virtual string? Default(Preset preset) => null;
}

internal sealed class Field<T>(string key, string summary, FieldType<T> type, Func<UNetSpec, T> get, Func<UNetSpec, T, UNetSpec> set)
    : Field(key, summary)
{
    /// <summary>A preset in which the key means less than elsewhere has a narrower type; null: this preset has none.</summary>
    public Func<Preset, FieldType<T>?> NarrowedBy { get; init; } = _ => null;

    /// <summary>Where not, the value would say nothing: it is left out of the effective spec, and an error where it is given.</summary>
    public Condition? OnlyIf { get; init; }

    /// <summary>The effective spec says the same by another key.</summary>
    public Func<UNetSpec, bool> ImpliedIf { get; init; } = _ => false;

    public override string Description => type.Description;

    public FieldType<T> TypeIn(Preset? preset) => (preset is { } known ? NarrowedBy(known) : null) ?? type;

    public override string? WhyUseless(UNetSpec spec, Func<string, bool> knows) => OnlyIf?.WhyNot(spec, knows);

    public override UNetSpec Read(YamlNode node, UNetSpec spec, Problems problems) =>
        TypeIn(spec.Preset).TryRead(node, Key, problems, out var value) ? set(spec, value) : spec;

    public override string? Write(UNetSpec spec) =>
        ImpliedIf(spec) || WhyUseless(spec) is not null || FixedHere(spec) ? null : type.Write(get(spec));

    public override JsonObject Schema(Preset? preset) => TypeIn(preset).Schema;

    public override bool IsPicked => type.IsPicked;

    public override bool IsNarrowedBy(Preset preset) => NarrowedBy(preset) is not null;

    public override string? Default(Preset preset) =>
        Required || DefaultInWords is not null ? null : type.Json(get(Presets.Defaults(preset)));

    private bool FixedHere(UNetSpec spec) => TypeIn(spec.Preset) is FixedType<T>;
}

/// <summary>A key of which a spec says this.</summary>
/// <param name="And">What it says as well.</param>
internal sealed record KeyWord(string Key, string Value, KeyWord? And = null);

/// <summary>When a key counts.</summary>
/// <param name="Otherwise">Why it doesn't, and what to do.</param>
/// <param name="Keys">
/// The keys that must be known to say that it doesn't. Levels, attention and blocks needn't be among them: where these aren't known, they
/// are as <see cref="SpecBounds.Most"/> has them.
/// </param>
internal sealed record Condition(Func<UNetSpec, bool> Holds, string Otherwise, params string[] Keys)
{
    /// <summary>What must hold as well.</summary>
    public Condition? And { get; init; }

    public string? WhyNot(UNetSpec spec, Func<string, bool> knows) =>
        !Keys.All(knows) || Holds(spec) ? And?.WhyNot(spec, knows) : Otherwise;
}
