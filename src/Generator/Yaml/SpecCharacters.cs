using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Yaml;

/// <summary>The characters that a spec may have.</summary>
internal static class SpecCharacters
{
    /// <summary>
    /// Reports the first character that YamlDotNet would pass over or report at another place: a tab before a key, NUL (its end of file), a
    /// lone surrogate. Returns whether there is none.
    /// </summary>
    public static bool Check(string text, Problems problems)
    {
        var atLineStart = true;
        for (var i = 0; i < text.Length; i++)
        {
            var c = text[i];
            if (atLineStart && c == '\t')
            {
                var end = i;
                while (end < text.Length && text[end] is ' ' or '\t')
                    end++;
                if (end == text.Length || text[end] is '\n' or '\r')
                {
                    i = end - 1; // a blank line has no indentation
                    continue;
                }

                problems.Report(Rules.Tab, new TextSpan(i, 1), "a tab indents this line; YAML indents with spaces");
                return false;
            }

            if (c is '\n' or '\r')
                atLineStart = true;
            else if (c is not (' ' or '\uFEFF'))
                atLineStart = false;

            if (c is '\u0085' or '\u2028' or '\u2029')
            {
                // YamlDotNet reads YAML 1.1 here: what an editor takes for a comment could be a key.
                problems.Report(Rules.NotYaml, new TextSpan(i, 1),
                    $"not YAML: the character U+{(int)c:X4} ends a line in YAML 1.1 and doesn't in YAML 1.2; remove it");
                return false;
            }

            if (char.IsHighSurrogate(c) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]))
            {
                i++;
            }
            else if (char.IsSurrogate(c) || (c < ' ' && c is not ('\t' or '\n' or '\r')))
            {
                problems.Report(Rules.NotYaml, new TextSpan(i, 1),
                    $"not YAML: the character U+{(int)c:X4} can't stand in a spec; remove it, and save the file as UTF-8");
                return false;
            }
        }

        return true;
    }
}
