namespace UNetGen.Generator.Specs;

/// <summary>What divides widths.</summary>
internal static class Divisors
{
    /// <summary>The divisors nearest to a value, by ratio.</summary>
    public static IEnumerable<int> Nearest(int number, int value) => Enumerable.Range(1, number).Where(divisor => number % divisor == 0)
        .OrderBy(divisor => Math.Abs(Math.Log(divisor) - Math.Log(value))).ThenBy(divisor => divisor).Take(4).OrderBy(divisor => divisor);

    public static int GreatestCommon(int a, int b) => b == 0 ? a : GreatestCommon(b, a % b);
}
