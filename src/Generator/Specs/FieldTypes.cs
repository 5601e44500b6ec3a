using System.Globalization;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>What a value may be: reads it from YAML, or reports why not, writes it back, and says the same to editors.</summary>
internal abstract class FieldType<T>
{
    /// <summary>After "must be": <c>a whole number from 1 to 4096</c>.</summary>
    public abstract string Description { get; }

    /// <summary>
    /// Whether there is a value. Items of a list may be wrong all the same: they are then the type's default, and
    /// <paramref name="problems"/> knows them.
    /// </summary>
    public abstract bool TryRead(YamlNode node, string key, Problems problems, out T value);

    public abstract string Write(T value);

    /// <summary>What it may be, as JSON Schema: never stricter than <see cref="TryRead"/>, and as strict as a schema can be.</summary>
    public abstract JsonObject Schema { get; }

    /// <summary>Whether a value is one of a few words.</summary>
    public virtual bool IsPicked => false;

    /// <summary>The value as JSON: numbers and truth values are there what they are in YAML.</summary>
    public virtual string Json(T value) => Write(value);

    /// <summary>The value that this word stands for in other versions of YAML, or in other languages; null: in none.</summary>
    protected virtual string? Meant(string word) => null;

    /// <summary>Reports the wrong type and returns false.</summary>
    protected bool Refuse(YamlNode node, string key, Problems problems)
    {
        if (node is YamlAlias)
        {
            problems.MarkWrong(key);
            return false;
        }

        var quoted = node is YamlScalar { IsPlain: false } text && TryRead(text with { IsPlain = true }, key, Problems.Ignored, out _)
            ? text.Value
            : null;
        var meant = node is YamlScalar word ? Meant(word.Value) : null;
        var remedy = quoted is not null ? "; leave out the quotes" : meant is not null ? $"; did you mean '{meant}'?" : "";
        problems.Report(Rules.WrongType, key, node.Span, $"'{key}' must be {Description}, not {node.Kind}{remedy}", quoted ?? meant);
        return false;
    }

    /// <summary>Reports the right type with an impossible value and returns false.</summary>
    protected bool RefuseRange(YamlScalar scalar, string key, Problems problems, string why = "")
    {
        problems.Report(Rules.OutOfRange, key, scalar.Span, $"'{key}' must be {Description}, not {scalar.Shown}{why}");
        return false;
    }
}

/// <param name="description">
/// What the number must be, where some of those from <paramref name="min"/> to <paramref name="max"/> are refused later, with more to say.
/// </param>
/// <param name="schema">What editors hear of those.</param>
internal sealed class IntType(int min, int max, string? description = null, JsonObject? schema = null) : FieldType<int>
{
    public override string Description { get; } = description ?? $"a whole number from {min} to {max}";

    public override JsonObject Schema { get; } = schema ?? Range(min, max);

    public static JsonObject Range(int min, int max) =>
        new() { { "type", JsonObject.Text("integer") }, { "minimum", $"{min}" }, { "maximum", $"{max}" } };

    public override bool TryRead(YamlNode node, string key, Problems problems, out int value)
    {
        value = 0;
        if (node is not YamlScalar { IsPlain: true } scalar || !IsWhole(scalar.Value))
            return Refuse(node, key, problems);
        return int.TryParse(scalar.Value, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out value)
            && value >= min
            && value <= max
            || RefuseRange(scalar, key, problems);
    }

    public override string Write(int value) => value.ToString(CultureInfo.InvariantCulture);

    /// <summary>A whole number in another form: 1e3, 16.0, 1_000.</summary>
    protected override string? Meant(string word)
    {
        const NumberStyles style = NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint | NumberStyles.AllowExponent;
        return double.TryParse(word.Replace("_", ""), style, CultureInfo.InvariantCulture, out var number)
            && number >= min
            && number <= max
            && Math.Floor(number) == number
            ? Write((int)number)
            : null;
    }

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

    public override JsonObject Schema =>
        new() { { "enum", JsonObject.List(Enumerable.Range(1, max).Where(value => value % 2 == 1).Select(Write)) } };

    public override bool TryRead(YamlNode node, string key, Problems problems, out int value)
    {
        if (!inner.TryRead(node, key, problems, out value))
            return false;
        return value % 2 == 1 || RefuseRange((YamlScalar)node, key, problems);
    }

    public override string Write(int value) => inner.Write(value);
}

/// <summary>A number between two others, or above one; from 0 up one that float32 holds, in which all is computed.</summary>
internal sealed class FloatType : FieldType<double>
{
    // What is less has fewer digits there, or is 0, and what is more is infinite.
    private const double Least = 1.17549435e-38, Most = 3.4028235e38;

    private const string Float32 = "float32, in which all is computed";

    private readonly double min;
    private readonly bool above;
    private readonly double max;
    private readonly bool below;

    private FloatType(double min, bool above, double max, bool below) =>
        (this.min, this.above, this.max, this.below) = (min, above, max, below);

    /// <summary>From 0 to below 1.</summary>
    public static readonly FloatType Fraction = From(0, below: 1);

    /// <summary>Above 0 and below 1.</summary>
    public static readonly FloatType OpenFraction = new(0, above: true, 1, below: true);

    public static FloatType Above(double min) => new(min, above: true, double.PositiveInfinity, below: true);

    public static FloatType AboveTo(double min, double max) => new(min, above: true, max, below: false);

    public static FloatType From(double min, double below) => new(min, above: false, below, below: true);

    public static FloatType Between(double min, double max) => new(min, above: false, max, below: false);

    private bool Bounded => !double.IsInfinity(max);

    /// <summary>Others may be any: 0 does for what is near it, and of a theta above 1 float32 gets the logarithm alone.</summary>
    private bool BeginsAt0 => min == 0;

    public override string Description =>
        $"a {(Bounded ? "" : "finite ")}number {(above ? "above" : "from")} {Write(min)}"
            + (Bounded ? $" to {(below ? "below " : "")}{Round(max)}" : "");

    public override JsonObject Schema
    {
        get
        {
            var schema = new JsonObject { { "type", JsonObject.Text("number") } };
            if (above && BeginsAt0)
                schema.Add("minimum", Write(Least));
            else
                schema.Add(above ? "exclusiveMinimum" : "minimum", Write(min));
            if (Bounded)
                schema.Add(below ? "exclusiveMaximum" : "maximum", Write(max == 1 ? SpecLimits.NearlyOne : max));
            else if (BeginsAt0)
                schema.Add("maximum", Write(Most));
            return schema;
        }
    }

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
        var isNone = BeginsAt0 && value == 0 && !IsZero(scalar.Value);
        if (!isNone && ((above ? value <= min : value < min) || (below ? value >= max : value > max)))
            return RefuseRange(scalar, key, problems);
        return Loss(value, isNone) is not { } loss || RefuseRange(scalar, key, problems, loss);
    }

    /// <summary>What float32 makes of a number that lies within the bounds, where that isn't what is meant.</summary>
    /// <param name="value">The number.</param>
    /// <param name="isNone">Whether it is so near 0 that float64, too, makes it that.</param>
    private string? Loss(double value, bool isNone) =>
        isNone || (BeginsAt0 && value is > 0 and < Least) ? $"; above 0 the numbers of {Float32}, have all their digits from 1.2e-38 on"
        : max == 1 && value >= SpecLimits.NearlyOne ? $", which {Float32}, rounds to 1"
        : BeginsAt0 && value > Most ? $"; the greatest number of {Float32}, is 3.4e38"
        : null;

    /// <summary>A bound as people write it: 1e16 without its zeros.</summary>
    private string Round(double bound) => bound >= 1e6 ? bound.ToString("0e0", CultureInfo.InvariantCulture) : Write(bound);

    /// <summary>Whether a number is written as 0, and not only rounded to it.</summary>
    private static bool IsZero(string number) => !number.Split('e', 'E')[0].Any(digit => digit is >= '1' and <= '9');

    public override string Write(double value) => SpecWords.Number(value);

    /// <summary>With the comma of other languages.</summary>
    protected override string? Meant(string word)
    {
        var dotted = word.Replace(',', '.');
        return dotted != word && TryRead(new YamlScalar(default, dotted, IsPlain: true), "", Problems.Ignored, out _) ? dotted : null;
    }
}

internal sealed class BoolType : FieldType<bool>
{
    public override string Description => "true or false";

    public override bool IsPicked => true;

    public override JsonObject Schema => new() { { "type", JsonObject.Text("boolean") } };

    public override bool TryRead(YamlNode node, string key, Problems problems, out bool value)
    {
        value = node is YamlScalar { IsPlain: true, Value: "true" };
        return value || node is YamlScalar { IsPlain: true, Value: "false" } || Refuse(node, key, problems);
    }

    protected override string? Meant(string word) => word.ToLowerInvariant() switch
    {
        "true" or "yes" or "on" or "y" or "1" => "true",
        "false" or "no" or "off" or "n" or "0" => "false",
        _ => null,
    };

    public override string Write(bool value) => value ? "true" : "false";
}

/// <param name="pattern">What <paramref name="fault"/> finds, as far as a regular expression can, for editors.</param>
internal sealed class TextType(string description, Func<string, string?> fault, string pattern = "") : FieldType<string>
{
    public override string Description => description;

    public override JsonObject Schema => pattern.Length == 0
        ? new JsonObject { { "type", JsonObject.Text("string") } }
        : new JsonObject
        {
            { "type", JsonObject.Text("string") },
            { "pattern", JsonObject.Text(pattern) },
            { "patternErrorMessage", JsonObject.Text($"It must be {description}.") },
        };

    public override bool TryRead(YamlNode node, string key, Problems problems, out string value)
    {
        value = "";
        if (node is not YamlScalar { IsNull: false } scalar || (scalar.IsPlain && IsWordOfYaml(scalar.Value)))
            return Refuse(node, key, problems);
        value = scalar.Value;
        if (fault(value) is not { } wrong)
            return true;
        problems.Report(Rules.InvalidName, key, scalar.Span, wrong);
        return false;
    }

    public override string Write(string value) => value;

    public override string Json(string value) => JsonObject.Text(value);

    /// <summary>Whether, without quotes, this is no text to any other reader of YAML.</summary>
    public static bool IsWordOfYaml(string text) => text is "True" or "TRUE" or "False" or "FALSE" or "Null" or "NULL";
}
