using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Yaml;

/// <summary>A piece of a spec and where it stands: <see cref="Span"/> counts UTF-16 units from the start of the file.</summary>
internal abstract class YamlNode(TextSpan span)
{
    public TextSpan Span { get; } = span;

    /// <summary>What the user would call it.</summary>
    public abstract string Kind { get; }
}

internal sealed class YamlScalar(TextSpan span, string value, bool plain) : YamlNode(span)
{
    public string Value { get; } = value;

    /// <summary>Written without quotes: only then can it be a number, a truth value or nothing.</summary>
    public bool IsPlain { get; } = plain;

    public bool IsNull => IsPlain && Value is "" or "null" or "~";

    /// <summary>The value as messages show it.</summary>
    public string Shown => Text.Shown(Value);

    public override string Kind => IsNull ? "nothing" : IsPlain ? $"'{Shown}'" : $"the text '{Shown}'";
}

/// <summary>A value that stands elsewhere. The language has none: it was reported where it was read.</summary>
internal sealed class YamlAlias(TextSpan span) : YamlNode(span)
{
    public override string Kind => "an alias";
}

internal sealed class YamlSequence(TextSpan span, IReadOnlyList<YamlNode> items) : YamlNode(span)
{
    public IReadOnlyList<YamlNode> Items { get; } = items;

    public override string Kind => Items.Count == 0 ? "an empty list" : "a list";
}

internal sealed class YamlMapping(TextSpan span, IReadOnlyList<YamlEntry> entries) : YamlNode(span)
{
    public IReadOnlyList<YamlEntry> Entries { get; } = entries;

    public override string Kind => "a mapping of keys";
}

internal readonly record struct YamlEntry(YamlScalar Key, YamlNode Value);
