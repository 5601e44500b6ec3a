using System.Text;

namespace UNetGen.Generator.Emission;

/// <summary>C# text with its indentation as state. Lines end in \n on every machine.</summary>
internal sealed class SourceWriter
{
    private readonly StringBuilder text = new();
    private int depth;

    public void Line(string line = "")
    {
        if (line.Length > 0)
            text.Append(' ', 4 * depth).Append(line);
        text.Append('\n');
    }

    /// <summary>A line with a comment, which stands in the same column on every line that leaves it room.</summary>
    public void Line(string code, string comment) => Line($"{code.PadRight(Math.Max(0, 84 - 4 * depth))} // {comment}");

    public void Open(string line)
    {
        Line(line);
        Line("{");
        depth++;
    }

    public void Close(string after = "")
    {
        depth--;
        Line("}" + after);
    }

    /// <summary>A verbatim string of many lines, which stand at the margin.</summary>
    public void Verbatim(string before, IEnumerable<string> lines, string after)
    {
        text.Append(' ', 4 * depth).Append(before).Append("@\"");
        foreach (var line in lines)
            text.Append('\n').Append(line.Replace("\"", "\"\""));
        text.Append('"').Append(after).Append('\n');
    }

    /// <summary>The documentation of a member; text, not XML.</summary>
    public void Summary(string summary) => Line($"/// <summary>{Escape(summary)}</summary>");

    public static string Escape(string text) => text.Replace("&", "&amp;").Replace("<", "&lt;").Replace(">", "&gt;");

    public override string ToString() => text.ToString();
}
