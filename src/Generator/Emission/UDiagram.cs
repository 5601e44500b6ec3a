using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>
/// The network drawn as a U: each level a line, one step further in on both sides, the skips across.
/// <code>
/// in   3 @ 16 x 16  channels @ height x width  3 @ 16 x 16
/// 0    └─ 16 @ 16 x 16 ────── skips ────── 16 @ 16 x 16 ─┘
/// 1       └─ 16 @ 8 x 8 ────────────── 32 @ 8 x 8 ─┘
/// mid        └──────────── 32 @ 8 x 8 ────────────┘
/// </code>
/// </summary>
internal static class UDiagram
{
    /// <summary>So that tooltips and editors show a line without wrapping it.</summary>
    private const int MostColumns = 92;

    /// <summary>Columns of the levels' names in front.</summary>
    private const int Names = 5;
    private const string Caption = "channels @ height x width";
    private const string Skips = " skips ";

    public static IEnumerable<string> Rows(NetworkPlan plan)
    {
        var mid = plan.Levels.Single(level => level.Name == "mid");
        var levels = plan.Levels.Where(level => level.Name is not ("in" or "mid" or "out"))
            .Select(level => (
                level.Name,
                Down: Label(level.DownChannels, level.Height, level.Width),
                Up: Label(level.Channels, level.Height, level.Width)))
            .ToList();
        var condition = plan.ConditionChannels > 0 ? $" + {plan.ConditionChannels}" : "";
        var left = $"{plan.Channels}{condition} @ {plan.Height} x {plan.Width}";
        var right = Label(plan.OutChannels, plan.Height, plan.Width);
        var bottom = Label(mid.Channels, mid.Height, mid.Width);

        var step = 3;
        while (step > 1 && Names + Columns(step) > MostColumns)
            step--;
        var columns = Columns(step);

        yield return Row("in", 0, left + Middle(' ', Caption, columns - left.Length - right.Length) + right);
        for (var i = 0; i < levels.Count; i++)
        {
            var (down, up) = ($"└─ {levels[i].Down} ", $" {levels[i].Up} ─┘");
            yield return Row(levels[i].Name, i * step,
                down + Middle('─', i == 0 ? Skips : "", columns - 2 * i * step - down.Length - up.Length) + up);
        }

        yield return Row("mid", levels.Count * step, $"└{Middle('─', $" {bottom} ", columns - 2 * levels.Count * step - 2)}┘");

        // As wide as the line that needs most.
        int Columns(int indent)
        {
            const int elbows = 8, shortest = 4;
            return levels
                .Select((level, i) =>
                    2 * i * indent + level.Down.Length + level.Up.Length + elbows + shortest + (i == 0 ? Skips.Length : 0))
                .Append(left.Length + Caption.Length + right.Length + shortest)
                .Append(2 * levels.Count * indent + bottom.Length + elbows)
                .Max();
        }

        string Row(string name, int indent, string drawing) => name.PadRight(Names + indent) + drawing;
    }

    private static string Label(int channels, int height, int width) => $"{channels} @ {height} x {width}";

    private static string Middle(char line, string text, int columns)
    {
        var before = (columns - text.Length) / 2;
        return new string(line, before) + text + new string(line, columns - text.Length - before);
    }
}
