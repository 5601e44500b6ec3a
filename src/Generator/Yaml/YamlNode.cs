using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Yaml;

/// <summary>A piece of a spec and where it stands; compared by value, place included.</summary>
internal abstract record YamlNode(SpecSpan Span)
{
    /// <summary>What the user would call it.</summary>
    public abstract string Kind { get; }

    /// <summary>As one would write it on one line.</summary>
    public abstract string Written { get; }

    /// <summary>The same, with all that is in it, at another place.</summary>
    public abstract YamlNode At(SpecSpan span);
}

/// <param name="IsPlain">Written without quotes: only then can it be a number, a truth value or nothing.</param>
internal sealed record YamlScalar(SpecSpan Span, string Value, bool IsPlain) : YamlNode(Span)
{
    public bool IsNull => IsPlain && Value is "" or "null" or "~";

    /// <summary>The value as messages show it.</summary>
    public string Shown => Text.Shown(Value);

    public override string Kind => IsNull ? "nothing" : IsPlain ? $"'{Shown}'" : $"the text '{Shown}'";

    public override string Written => IsPlain ? Value : $"\"{Value}\"";

    public override YamlNode At(SpecSpan span) => this with { Span = span };
}

/// <summary>A value that stands elsewhere. The language has none: it was reported where it was read.</summary>
internal sealed record YamlAlias(SpecSpan Span) : YamlNode(Span)
{
    public override string Kind => "an alias";

    public override string Written => "*";

    public override YamlNode At(SpecSpan span) => this with { Span = span };
}

internal sealed record YamlSequence(SpecSpan Span, EquatableArray<YamlNode> Items) : YamlNode(Span)
{
    public override string Kind => Items.Count == 0 ? "an empty list" : "a list";

    public override string Written => $"[{string.Join(", ", Items.Select(item => item.Written))}]";

    public override YamlNode At(SpecSpan span) => new YamlSequence(span, Items.Select(item => item.At(span)).ToEquatableArray());
}

internal sealed record YamlMapping(SpecSpan Span, EquatableArray<YamlEntry> Entries) : YamlNode(Span)
{
    public override string Kind => "a mapping of keys";

    public override string Written => $"{{{string.Join(", ", Entries.Select(entry => $"{entry.Key.Value}: {entry.Value.Written}"))}}}";

    public override YamlNode At(SpecSpan span) => new YamlMapping(span, Entries.Select(entry => entry.At(span)).ToEquatableArray());
}

/// <param name="Twice">Whether the same key follows with another value, which was reported and is left out.</param>
internal readonly record struct YamlEntry(YamlScalar Key, YamlNode Value, bool Twice = false)
{
    public YamlEntry At(SpecSpan span) => new(Key with { Span = span }, Value.At(span), Twice);
}
