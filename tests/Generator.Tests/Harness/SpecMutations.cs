using System.Text;
using System.Text.RegularExpressions;
using CsCheck;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Tests.Harness;

/// <summary>Specs as slips of the hand, tools and malice leave them: with other bytes, other words, other keys.</summary>
internal static class SpecMutations
{
    private static readonly string[] Tokens =
    [
        "\n", "\n  ", "\n- ", ": ", ":", "- ", "[", "]", "{", "}", ",", "#", " #", "'", "\"", "|", ">", "|-\n", "&a ", "*a", "!!int ", "!",
        "%YAML 1.1\n", "---\n", "...\n", "? ",
        "<<", "~", "null", "true", "0", "-1", "9999999999", "1e9", ".nan", "none", "full", "dim: ", "name: ", "attention:", "levels: ",
        "resolutions: ", "16384", "extends: ",
        "\t", "\r", "\r\n", "\0", "\uFEFF", "\u0085", "\u2028", "\uD83D", "\uDE00", "\U0001F600", "\\", "\\x", "@", "`", " ", "  ", "é",
    ];

    private static readonly string[] Values =
    [
        "", "~", "null", "true", "no", "0", "-0", "1", "2", "3", "4", "8", "13", "31", "64", "4096", "16384", "16385", "65536",
        "2147483647", "2147483648", "-2147483648", "4294967296",
        "9223372036854775807", "18446744073709551616", "99999999999999999999999999", "+4", "0x10", "0o17", "1_000", "1,000", "1e3", "1.0",
        ".5", "5.", "1e-45", "1e308", "1e309", "-1e309",
        ".nan", ".NaN", "NaN", ".inf", "-.inf", "Infinity", "٣", "１６", "[]", "{}", "[[]]", "[1, [2]]", "[1]", "[1, 2]",
        "[1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1]", "[none, full]", "[16, 8]",
        "{a: 1}", "{levels: [full]}", "{? }", "'16'", "\"16\"", "\"\\x00\"", "\"\\uD800\"", "\"\\U0001F600\"", "\"a\\nb\"", "'it''s'",
        "&a 16", "*a", "!!int '16'", "!!float 1", "!!binary aGk=",
        "!!set {a}", "!<tag:yaml.org,2002:int> 3", "|\n  16", ">-\n  16", "16 # width", "16#", "- 16", "--- 16", "@a", "`a`", "%a", "? a",
        "a: b", "\t16", "16\t", "16\r", "日本", "😀", "ſilu", "İ",
        "none", "full", "linear", "group", "rms", "silu", "mish", "conv", "resblock", "unshuffle", "fourier", "cosine", "learned_range",
        "x0", "v", "min_snr", "plain", "zero_terminal_snr", "annotated", "lucidrains", "ddpm", "adm",
        "conditional", "cross", "[cross, none]",
        "System", "TorchSharp", "UNetGen", "global", "class", "Tensor", "TorchSharp.torch", "UNetGen.Blocks", "My.Block", "System.String",
        "a.unet.yaml", "b.unet.yaml", "../b.unet.yaml", "b", "/", "C:\\b",
    ];

    private static readonly Gen<Func<string, string>> OfBytes =
        from kind in Gen.Int[0, 6]
        from at in Gen.Double[0, 1]
        from other in Gen.Double[0, 1]
        from length in Gen.Int[0, 30]
        from token in Gen.OneOf(Tokens)
        from c in Gen.Char
        from b in Gen.Byte
        select new Func<string, string>(text =>
        {
            var start = (int)(at * text.Length);
            var some = text.Substring(start, Math.Min(length, text.Length - start));
            return kind switch
            {
                0 => text.Insert(start, token),
                1 => text.Remove(start, some.Length),
                2 => text.Insert((int)(other * text.Length), some),
                3 => text.Remove(start, some.Length).Insert(start, token),
                4 => text.Insert(start, $"{c}"),
                5 => text[..start],
                _ => WithByte(text, at, b),
            };
        });

    private static readonly Gen<Func<string, string>> OfLinesAndWords =
        from kind in Gen.Int[0, 7]
        from at in Gen.Double[0, 1]
        from other in Gen.Double[0, 1]
        from indent in Gen.Int[0, 6]
        from value in Gen.OneOf(Values)
        select new Func<string, string>(text =>
        {
            var lines = text.Split('\n').ToList();
            var (line, second) = ((int)(at * (lines.Count - 1)), (int)(other * (lines.Count - 1)));
            switch (kind)
            {
                case 0:
                    (lines[line], lines[second]) = (lines[second], lines[line]);
                    break;
                case 1:
                    lines.Insert(line, lines[second]);
                    break;
                case 2:
                    lines.RemoveAt(line);
                    break;
                case 3:
                    lines[line] = new string(' ', indent) + lines[line].TrimStart();
                    break;
                case 4:
                    lines[line] = Regex.Replace(lines[line], "(?<=:).*", " " + value.Replace("$", "$$"));
                    break;
                default:
                    return Swap(text, kind switch { 5 => @"[\w.]+", 6 => @"\w+(?=:)", _ => @"(?<=[ \[])-?\d+" }, at, other);
            }

            return string.Join('\n', lines);
        });

    private static readonly Gen<Func<string, string>> OfKeys =
        from kind in Gen.Int[0, 5]
        from at in Gen.Double[0, 1]
        from other in Gen.Double[0, 1]
        from field in Gen.OneOf(Fields.All.Select(field => field.Key).ToArray())
        from value in Gen.OneOf(Values)
        from spec in SpecGen.Valid
        select new Func<string, string>(text =>
        {
            var leaves = SpecLeaves.Of(text);
            if (leaves.Count == 0)
                return text;
            var (leaf, second) = ((int)(at * (leaves.Count - 1)), (int)(other * (leaves.Count - 1)));
            switch (kind)
            {
                case 0: // a key of the language with any value
                    var dot = field.IndexOf('.');
                    leaves.Add(dot < 0 ? ("", $"{field}: {value}") : (field[..dot] + ":", $"  {field[(dot + 1)..]}: {value}"));
                    break;
                case 1: // in another group
                    leaves[leaf] = (leaves[second].Group, leaves[leaf].Line);
                    break;
                case 2: // half of another spec
                    leaves = [.. leaves.Skip(leaf), .. SpecLeaves.Of(spec).Skip(second)];
                    break;
                case 3: // another spec's value
                    leaves[leaf] = SpecLeaves
                        .Of(spec)
                        .Where(its => its.Line.Split(':')[0] == leaves[leaf].Line.Split(':')[0])
                        .Append(leaves[leaf])
                        .First();
                    break;
                case 4: // another spec below it
                    leaves[leaf] = (leaves[leaf].Group, leaves[leaf].Line.Split(':')[0] + ":\n    " + spec.Replace("\n", "\n    "));
                    break;
                default: // on one line
                    return "{" + text.Replace(":\n  ", ": {").Replace("\n  ", ", ").Replace("\n", ", ") + "}";
            }

            return SpecLeaves.Join(leaves);
        });

    /// <summary>Good specs with one or two faults, or what happens to be none.</summary>
    public static readonly Gen<string> Any =
        from spec in Gen.OneOf(Gen.OneOf(Specimens.Good.ToArray()), SpecGen.Valid)
        from mutations in Gen.OneOf(OfBytes, OfLinesAndWords, OfKeys).Array[1, 2]
        select mutations.Aggregate(spec, (text, mutate) => mutate(text));

    private static string WithByte(string text, double at, byte b)
    {
        var bytes = Encoding.UTF8.GetBytes(text);
        if (bytes.Length > 0)
            bytes[(int)(at * (bytes.Length - 1))] = b;
        return Encoding.UTF8.GetString(bytes);
    }

    /// <summary>One word in the place of another of its kind: still YAML, but no longer what was meant.</summary>
    private static string Swap(string text, string kindOfWord, double at, double other)
    {
        var words = Regex.Matches(text, kindOfWord);
        if (words.Count == 0)
            return text;
        var word = words[(int)(at * (words.Count - 1))];
        return text.Remove(word.Index, word.Length).Insert(word.Index, words[(int)(other * (words.Count - 1))].Value);
    }
}
