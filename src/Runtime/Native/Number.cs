using System.Collections.Concurrent;
using TorchSharp;

namespace UNetGen.Native;

/// <summary>
/// Numbers as libtorch's operators take them. Of a plain number (<c>x * 2</c>, also <c>x + y</c>, whose second term it scales by 1)
/// TorchSharp makes a <see cref="Scalar"/> that nothing holds while libtorch reads it, so that a garbage collection on another thread may
/// free it meanwhile: an exception at best, another number at worst. So all numbers of the runtime come from here, which a test holds.
/// </summary>
internal static class Number
{
    // A double by its bits: 0 and -0 are equal.
    private static readonly ConcurrentDictionary<(bool IsWhole, long Bits), Scalar> Kept = new();

    /// <summary>1, by which <c>add</c> scales its second term.</summary>
    public static Scalar One => Of(1);

    /// <summary>A whole number, kept for good.</summary>
    /// <param name="value">One of few: a constant, a timestep.</param>
    public static Scalar Of(long value) => Kept.GetOrAdd((true, value), key => key.Bits);

    /// <summary>A floating number, kept for good.</summary>
    /// <param name="value">One of few: a constant, a coefficient of a schedule.</param>
    public static Scalar Of(double value) =>
        Kept.GetOrAdd((false, BitConverter.DoubleToInt64Bits(value)), key => BitConverter.Int64BitsToDouble(key.Bits));

    /// <summary>A number that hardly comes again: the caller's, whose <c>using</c> keeps it.</summary>
    /// <param name="value">Of a step, a gradient, a batch.</param>
    public static Scalar Once(double value) => value;
}
