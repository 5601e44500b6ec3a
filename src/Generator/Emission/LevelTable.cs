using System.Globalization;
using UNetGen.Generator.Common;
using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>The table of levels that a class shows when one hovers over its name.</summary>
internal static class LevelTable
{
    public static IEnumerable<string> Rows(NetworkPlan plan)
    {
        var (unit, flops) = plan.ForwardFlops < 1e10 ? ("MFLOP", 1e6) : ("GFLOP", 1e9);
        yield return Row("level", "size", "width", "blocks", "attention", "parameters", unit);
        foreach (var level in plan.Levels)
        {
            yield return Row(level.Name, $"{level.Height} x {level.Width}", $"{level.Channels}", level.Blocks, level.Attention,
                Text.Thousands(level.Parameters), Flops(level.Cost.Flops));
        }

        yield return Row("", "", "", "", "total", Text.Thousands(plan.ParameterCount), Flops(plan.ForwardFlops));
        if (plan.IsOpen)
            yield return "without those of your own blocks, which only the compiler knows";

        string Flops(long number) => (number / flops).ToString("#,0.0", CultureInfo.InvariantCulture);
    }

    private static string Row(string level, string size, string width, string blocks, string attention, string parameters, string flops) =>
        $"{level,-5}  {size,11}  {width,5}  {blocks,-6}  {attention,-9}  {parameters,14}  {flops,9}";
}
