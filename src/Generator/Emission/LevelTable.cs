using System.Globalization;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Emission;

/// <summary>The table of levels that a class shows when one hovers over its name.</summary>
internal static class LevelTable
{
    public static IEnumerable<string> Rows(NetworkPlan plan)
    {
        yield return Row("level", "size", "width", "blocks", "attention", "parameters", "MFLOP");
        foreach (var level in plan.Levels)
        {
            yield return Row(level.Name, $"{level.Height} x {level.Width}", $"{level.Channels}", level.Blocks, level.Attention,
                Text.Thousands(level.Parameters), Millions(level.Cost.Flops));
        }

        yield return Row("", "", "", "", "total", Text.Thousands(plan.ParameterCount), Millions(plan.Levels.Sum(level => level.Cost.Flops)));
    }

    private static string Row(string level, string size, string width, string blocks, string attention, string parameters, string flops) =>
        $"{level,-5}  {size,11}  {width,5}  {blocks,-6}  {attention,-9}  {parameters,13}  {flops,9}";

    private static string Millions(long number) => (number / 1e6).ToString("#,0.0", CultureInfo.InvariantCulture);
}
