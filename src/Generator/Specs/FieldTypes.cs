using System.Globalization;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>What a value may be: reads it from YAML, or reports why not, and writes it back.</summary>
internal abstract class FieldType<T>
{
    /// <summary>After "must be": <c>a whole number from 1 to 4096</c>.</summary>
    public abstract string Description { get; }

    public abstract bool TryRead(YamlNode node, string key, Problems problems, out T value);

    public abstract string Write(T value);

    /// <summary>Reports the wrong type and returns false.</summary>
    protected bool Refuse(YamlNode node, string key, Problems problems)
    {
        if (node is YamlAlias)
            return false; // reported where it was read
        var remedy = node is YamlScalar { IsPlain: false } text && TryRead(text with { IsPlain = true }, key, Problems.Ignored, out _)
            ? "; leave out the quotes"
            : "";
        problems.Report(Rules.WrongType, node.Span, $"'{key}' must be {Description}, not {node.Kind}{remedy}");
        return false;
    }

    /// <summary>Reports the right type with an impossible value and returns false.</summary>
    protected bool RefuseRange(YamlScalar scalar, string key, Problems problems)
    {
        problems.Report(Rules.OutOfRange, scalar.Span, $"'{key}' must be {Description}, not {scalar.Shown}");
        return false;
    }
}

/// <param name="description">Where other numbers than those from <paramref name="min"/> to <paramref name="max"/> are refused later, with more to say.</param>
internal sealed class IntType(int min, int max, string? description = null) : FieldType<int>
{
    public override string Description { get; } = description ?? $"a whole number from {min} to {max}";

    public override bool TryRead(YamlNode node, string key, Problems problems, out int value)
    {
        value = 0;
        if (node is not YamlScalar { IsPlain: true } scalar || !IsWhole(scalar.Value))
            return Refuse(node, key, problems);
        return int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value) && value >= min && value <= max
            || RefuseRange(scalar, key, problems);
    }

    public override string Write(int value) => value.ToString(CultureInfo.InvariantCulture);

    private static bool IsWhole(string text)
    {
        var digits = text.TrimStart('+', '-');
        return digits.Length > 0 && text.Length - digits.Length <= 1 && digits.All(c => c is >= '0' and <= '9');
    }
}

internal sealed class OddIntType(int max) : FieldType<int>
{
    private readonly IntType inner = new(1, max);

    public override string Description => $"an odd whole number from 1 to {max}";

    public override bool TryRead(YamlNode node, string key, Problems problems, out int value)
    {
        if (!inner.TryRead(node, key, problems, out value))
            return false;
        return value % 2 == 1 || RefuseRange((YamlScalar)node, key, problems);
    }

    public override string Write(int value) => inner.Write(value);
}

/// <param name="description">The range in words; <paramref name="valid"/> is the range.</param>
internal sealed class FloatType(string description, Func<double, bool> valid) : FieldType<double>
{
    public override string Description => description;

    public override bool TryRead(YamlNode node, string key, Problems problems, out double value)
    {
        value = 0;
        if (node is not YamlScalar { IsPlain: true, IsNull: false } scalar)
            return Refuse(node, key, problems);
        if (scalar.Value.TrimStart('+', '-').ToLowerInvariant() is ".nan" or ".inf" or "nan" or "inf" or "infinity")
            return RefuseRange(scalar, key, problems);
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        if (!double.TryParse(scalar.Value, style, CultureInfo.InvariantCulture, out value))
            return Refuse(node, key, problems);
        value += 0.0; // -0 is 0, and must be written so
        return (!double.IsInfinity(value) && valid(value)) || RefuseRange(scalar, key, problems);
    }

    public override string Write(double value) => Text.Number(value);
}

internal sealed class BoolType : FieldType<bool>
{
    public override string Description => "true or false";

    public override bool TryRead(YamlNode node, string key, Problems problems, out bool value)
    {
        value = node is YamlScalar { IsPlain: true, Value: "true" };
        return value || node is YamlScalar { IsPlain: true, Value: "false" } || Refuse(node, key, problems);
    }

    public override string Write(bool value) => value ? "true" : "false";
}

/// <summary>One word of several; the words are the enum's names in snake_case.</summary>
internal sealed class ChoiceType<T> : FieldType<T>
    where T : struct, Enum
{
    private readonly Dictionary<string, T> words = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> elsewhere = new(StringComparer.Ordinal);
    private readonly Dictionary<string, string> synonyms = new(StringComparer.OrdinalIgnoreCase);

    /// <param name="except">Values that the enum has for another key.</param>
    public ChoiceType(params T[] except)
    {
        foreach (var value in (T[])Enum.GetValues(typeof(T)))
        {
            if (!except.Contains(value))
                words.Add(Text.SnakeCase(value.ToString()), value);
        }
    }

    public override string Description => Text.OneOf(words.Keys);

    /// <summary>A word that the language knows but this family doesn't, and why.</summary>
    public ChoiceType<T> Without(string word, string reason)
    {
        elsewhere.Add(word, reason);
        return this;
    }

    /// <summary>What other projects call this value.</summary>
    public ChoiceType<T> AlsoKnownAs(T value, params string[] names)
    {
        foreach (var name in names)
            synonyms.Add(name, Write(value));
        return this;
    }

    public override bool TryRead(YamlNode node, string key, Problems problems, out T value)
    {
        value = default;
        if (node is not YamlScalar { IsNull: false } scalar)
            return Refuse(node, key, problems);
        if (words.TryGetValue(scalar.Value, out value))
            return true;
        if (elsewhere.TryGetValue(scalar.Value, out var reason))
        {
            problems.Report(Rules.NoEffect, scalar.Span, $"'{key}: {scalar.Value}' {reason}; here it must be {Description}");
            return false;
        }

        var near = synonyms.TryGetValue(scalar.Value, out var synonym) ? synonym : Text.Nearest(scalar.Value, words.Keys);
        var meant = near is null ? "" : $"; did you mean '{near}'?";
        problems.Report(Rules.UnknownValue, scalar.Span, $"'{scalar.Shown}' is no value of '{key}', which must be {Description}{meant}");
        return false;
    }

    public override string Write(T value) => Text.SnakeCase(value.ToString());
}

internal sealed class TextType(string description, Func<string, string?> fault) : FieldType<string>
{
    public override string Description => description;

    public override bool TryRead(YamlNode node, string key, Problems problems, out string value)
    {
        value = "";
        if (node is not YamlScalar { IsNull: false } scalar)
            return Refuse(node, key, problems);
        value = scalar.Value;
        if (fault(value) is not { } wrong)
            return true;
        problems.Report(Rules.InvalidName, scalar.Span, wrong);
        return false;
    }

    public override string Write(string value) => value;
}

internal sealed class ListType<T>(FieldType<T> item, string description) : FieldType<EquatableArray<T>>
{
    public override string Description => description;

    public override bool TryRead(YamlNode node, string key, Problems problems, out EquatableArray<T> value)
    {
        value = EquatableArray<T>.Empty;
        if (node is not YamlSequence { Items.Count: > 0 } sequence)
            return Refuse(node, key, problems);
        var items = new List<T>();
        var good = true;
        for (var i = 0; i < sequence.Items.Count && !problems.Full; i++)
        {
            good &= item.TryRead(sequence.Items[i], $"{key}[{i.ToString(CultureInfo.InvariantCulture)}]", problems, out var read);
            items.Add(read);
        }

        value = items.ToEquatableArray();
        return good;
    }

    public override string Write(EquatableArray<T> value) => $"[{string.Join(", ", value.Select(item.Write))}]";
}

internal sealed class ImageSizeType(int max) : FieldType<ImageSize>
{
    private readonly IntType side = new(1, max, $"a whole number from 1 to {max}, or [height, width]");

    private readonly IntType one = new(1, max);

    public override string Description => side.Description;

    public override bool TryRead(YamlNode node, string key, Problems problems, out ImageSize value)
    {
        value = default;
        if (node is YamlScalar && side.TryRead(node, key, problems, out var both))
        {
            value = new ImageSize(both, both);
            return true;
        }

        if (node is not YamlSequence sequence)
            return node is not YamlScalar && Refuse(node, key, problems);
        if (sequence.Items.Count != 2)
        {
            problems.Report(Rules.WrongType, node.Span, $"'{key}' must be {Description}, not a list of {sequence.Items.Count}");
            return false;
        }

        var good = one.TryRead(sequence.Items[0], key + "[0]", problems, out var height) & one.TryRead(sequence.Items[1], key + "[1]", problems, out var width);
        value = new ImageSize(height, width);
        return good;
    }

    public override string Write(ImageSize value) =>
        value.Height == value.Width ? side.Write(value.Height) : $"[{side.Write(value.Height)}, {side.Write(value.Width)}]";
}

/// <summary>A list, or one value that stands for each of its entries.</summary>
internal sealed class OneOrListType(FieldType<int> item, string description) : FieldType<EquatableArray<int>>
{
    private readonly ListType<int> list = new(item, description);

    public override string Description => description;

    public override bool TryRead(YamlNode node, string key, Problems problems, out EquatableArray<int> value)
    {
        value = EquatableArray<int>.Empty;
        if (node is not YamlScalar { IsPlain: true, IsNull: false })
            return list.TryRead(node, key, problems, out value);
        if (!item.TryRead(node, key, problems, out var one))
            return false;
        value = new[] { one }.ToEquatableArray();
        return true;
    }

    public override string Write(EquatableArray<int> value) => value.Count == 1 ? item.Write(value[0]) : list.Write(value);
}

/// <summary>A whole number, or null for none.</summary>
internal sealed class OrNullType(IntType inner) : FieldType<int?>
{
    public override string Description => inner.Description + ", or null";

    public override bool TryRead(YamlNode node, string key, Problems problems, out int? value)
    {
        value = null;
        if (node is YamlScalar { IsNull: true })
            return true;
        if (!inner.TryRead(node, key, problems, out var number))
            return false;
        value = number;
        return true;
    }

    public override string Write(int? value) => value is { } number ? inner.Write(number) : "null";
}

/// <summary>A key that a preset fixes: only its own value will do.</summary>
internal sealed class FixedType<T>(FieldType<T> inner, T only, string reason) : FieldType<T>
{
    public override string Description => inner.Write(only);

    public override bool TryRead(YamlNode node, string key, Problems problems, out T value)
    {
        if (inner.TryRead(node, key, Problems.Ignored, out value) && EqualityComparer<T>.Default.Equals(value, only))
            return true;
        problems.Report(Rules.NoEffect, node.Span, $"'{key}' {reason}; here it must be {Description}");
        return false;
    }

    public override string Write(T value) => inner.Write(value);
}
