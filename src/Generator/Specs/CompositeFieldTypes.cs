using System.Text.RegularExpressions;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>A list of at least one value. With some that can't be read it is still a list of so many.</summary>
internal sealed class ListType<T>(FieldType<T> item, string description) : FieldType<EquatableArray<T>>
{
    public override string Description => description;

    public override JsonObject Schema => new() { { "type", JsonObject.Text("array") }, { "items", item.Schema }, { "minItems", "1" } };

    public override bool TryRead(YamlNode node, string key, Problems problems, out EquatableArray<T> value)
    {
        value = EquatableArray<T>.Empty;
        if (node is not YamlSequence { Items.Count: > 0 } sequence)
            return Refuse(node, key, problems);
        var items = new List<T>();
        for (var i = 0; i < sequence.Items.Count && !problems.Full; i++)
        {
            item.TryRead(sequence.Items[i], Text.Item(key, i), problems, out var read);
            items.Add(read);
        }

        value = items.ToEquatableArray();
        return true;
    }

    public override string Write(EquatableArray<T> value) => $"[{string.Join(", ", value.Select(item.Write))}]";

    public override string Json(EquatableArray<T> value) => JsonObject.List(value.Select(item.Json));

    /// <summary>Whether a word is a list without its brackets, or in those of Python's tuples: <c>1, 2, 2</c>.</summary>
    public bool IsUnbracketed(string word) => Parts(word).Length > 1 && Meant(word) is not null;

    protected override string? Meant(string word) =>
        Parts(word) is { Length: > 0 and <= SpecLimits.Levels } parts && parts.All(IsItem) ? $"[{string.Join(", ", parts)}]" : null;

    private static string[] Parts(string word) => word.Trim('(', ')', ' ').Split([',', ' '], StringSplitOptions.RemoveEmptyEntries);

    private bool IsItem(string part) => item.TryRead(new YamlScalar(default, part, IsPlain: true), "", Problems.Ignored, out _);
}

/// <summary>One number for both sides, or height and width.</summary>
internal sealed class ImageSizeType(int max) : FieldType<ImageSize>
{
    private readonly IntType side = new(1, max, $"a whole number from 1 to {max}, or [height, width]");

    private readonly IntType one = new(1, max);

    public override string Description => side.Description;

    public override JsonObject Schema =>
        JsonObject.Either("array", new JsonObject { { "items", one.Schema }, { "minItems", "2" }, { "maxItems", "2" } }, one.Schema);

    public override bool TryRead(YamlNode node, string key, Problems problems, out ImageSize value)
    {
        value = default;
        if (node is YamlScalar { IsPlain: true } word && Meant(word.Value) is not null)
            return Refuse(node, key, problems);
        if (node is YamlScalar && side.TryRead(node, key, problems, out var both))
        {
            value = new ImageSize(both, both);
            return true;
        }

        if (node is not YamlSequence sequence)
            return node is not YamlScalar && Refuse(node, key, problems);
        if (sequence.Items.Count != 2)
        {
            problems.Report(Rules.WrongType, key, node.Span, $"'{key}' must be {Description}, not a list of {sequence.Items.Count}");
            return false;
        }

        one.TryRead(sequence.Items[0], Text.Item(key, 0), problems, out var height);
        one.TryRead(sequence.Items[1], Text.Item(key, 1), problems, out var width);
        value = new ImageSize(height, width);
        return true;
    }

    /// <summary>Two sides without brackets: <c>28 x 28</c>, <c>28, 28</c>.</summary>
    protected override string? Meant(string word)
    {
        var sides = Regex.Match(word, @"^\(?\s*(\d{1,4})\s*[x\u00D7,]\s*(\d{1,4})\s*\)?$", RegexOptions.IgnoreCase);
        return !sides.Success ? null
            : sides.Groups[1].Value == sides.Groups[2].Value ? sides.Groups[1].Value
            : $"[{sides.Groups[1].Value}, {sides.Groups[2].Value}]";
    }

    public override string Write(ImageSize value) =>
        value.Height == value.Width ? side.Write(value.Height) : $"[{side.Write(value.Height)}, {side.Write(value.Width)}]";
}

/// <summary>A list, or one value that stands for each of its entries.</summary>
internal sealed class OneOrListType(FieldType<int> item, string description) : FieldType<EquatableArray<int>>
{
    private readonly ListType<int> list = new(item, description);

    public override string Description => description;

    public override JsonObject Schema => JsonObject.Either("array", list.Schema, item.Schema);

    public override bool TryRead(YamlNode node, string key, Problems problems, out EquatableArray<int> value)
    {
        value = EquatableArray<int>.Empty;
        if (node is not YamlScalar { IsPlain: true, IsNull: false } scalar || list.IsUnbracketed(scalar.Value))
            return list.TryRead(node, key, problems, out value);
        if (!item.TryRead(node, key, problems, out var one))
            return false;
        value = new[] { one }.ToEquatableArray();
        return true;
    }

    public override string Write(EquatableArray<int> value) => value.Count == 1 ? item.Write(value[0]) : list.Write(value);
}

/// <summary>A value, or null for none.</summary>
/// <param name="none">What stands for none; no value of the inner type.</param>
internal sealed class OrNullType<T>(FieldType<T> inner, T none) : FieldType<T>
{
    public override string Description => inner.Description + ", or null";

    public override JsonObject Schema => JsonObject.Either("null", new JsonObject(), inner.Schema);

    public override bool TryRead(YamlNode node, string key, Problems problems, out T value)
    {
        value = none;
        // With nothing behind it the key is half typed.
        if (node is YamlScalar { IsNull: true, Value.Length: > 0 })
            return true;
        return node is YamlScalar { IsPlain: true } scalar && (scalar.IsNull || Meant(scalar.Value) is not null)
            ? Refuse(node, key, problems)
            : inner.TryRead(node, key, problems, out value);
    }

    protected override string? Meant(string word) => word.ToLowerInvariant() is "null" or "none" or "nil" ? "null" : null;

    public override string Write(T value) => IsNone(value) ? "null" : inner.Write(value);

    public override string Json(T value) => IsNone(value) ? "null" : inner.Json(value);

    private bool IsNone(T value) => EqualityComparer<T>.Default.Equals(value, none);
}

/// <summary>A key that a preset fixes: only its own value will do.</summary>
internal sealed class FixedType<T>(FieldType<T> inner, T only, string reason) : FieldType<T>
{
    public override string Description => inner.Write(only);

    public override JsonObject Schema => new() { { "const", inner.Json(only) } };

    public override string Json(T value) => inner.Json(value);

    public override bool TryRead(YamlNode node, string key, Problems problems, out T value)
    {
        value = only;
        if (node is YamlScalar && inner.TryRead(node, key, Problems.Ignored, out value) && EqualityComparer<T>.Default.Equals(value, only))
            return true;
        problems.Report(Rules.NoEffect, key, node.Span, $"'{key}' {reason}; here it must be {Description}");
        return false;
    }

    public override string Write(T value) => inner.Write(value);
}
