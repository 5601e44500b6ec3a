namespace UNetGen;

/// <summary>Options are doubles, but what they are for computes in float32: there 1e39 is infinite and 1e-46 is 0.</summary>
internal static class Float32
{
    /// <summary>What a positive number must be, to follow "must be".</summary>
    public const string Range = "a positive number that float32 holds, from 1.2e-38 to 3.4e38";

    /// <summary>
    /// Whether a number is positive there as well, finite and of full precision: what is below, processors may take for 0.
    /// </summary>
    public static bool IsPositive(double value) => value > 0 && float.IsNormal((float)value);

    /// <summary>The same, or 0.</summary>
    public static bool IsNotNegative(double value) => value == 0 || IsPositive(value);

    /// <summary>Whether it lies from 0 to what can be told from 1 there.</summary>
    public static bool IsPart(double value) => value >= 0 && (float)value < 1;
}
