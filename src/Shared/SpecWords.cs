using System.Globalization;
using System.Text;

namespace UNetGen;

/// <summary>
/// How a spec writes words and numbers: the generator in effective specs, the runtime in those that it takes over from others.
/// </summary>
internal static class SpecWords
{
    /// <summary>A C# identifier, but that there are such that are keywords.</summary>
    public const string IdentifierPattern = @"[\p{L}\p{Nl}_][\p{L}\p{Nl}\p{Nd}\p{Mn}\p{Mc}\p{Pc}\p{Cf}]*";

    /// <summary><c>FixedSmall</c> to <c>fixed_small</c>.</summary>
    public static string SnakeCase(string pascalCase)
    {
        var result = new StringBuilder();
        foreach (var c in pascalCase)
        {
            if (char.IsUpper(c) && result.Length > 0)
                result.Append('_');
            result.Append(char.ToLowerInvariant(c));
        }

        return result.ToString();
    }

    /// <summary>The shortest that reads back the same, as people write it: <c>1e-5</c>, not <c>1E-05</c>.</summary>
    public static string Number(double value)
    {
        var text = value.ToString("R", CultureInfo.InvariantCulture);
        var exponent = text.IndexOf('E');
        if (exponent < 0)
            return text;
        var power = int.Parse(text.Substring(exponent + 1), CultureInfo.InvariantCulture);
        return $"{text.Substring(0, exponent)}e{power.ToString(CultureInfo.InvariantCulture)}";
    }
}
