using System.Runtime.InteropServices;

namespace UNetGen.Arithmetic;

/// <summary>Memory for floats that lies where no register begins, between numbers that nobody may write.</summary>
internal sealed unsafe class Numbers : IDisposable
{
    private const int Guard = 32;
    private const float Untouched = -12345.678f;

    private readonly float* memory;

    /// <param name="count">How many.</param>
    /// <param name="of">The number at a place; 0 without.</param>
    public Numbers(int count, Func<int, double>? of = null)
    {
        Count = count;
        memory = (float*)NativeMemory.AlignedAlloc((nuint)(count + 2 * Guard + 1) * sizeof(float), 64);
        for (var i = -Guard; i < count + Guard; i++)
            At[i] = Untouched;
        for (var i = 0; i < count; i++)
            At[i] = (float)(of?.Invoke(i) ?? 0);
    }

    /// <summary>How many.</summary>
    public int Count { get; }

    /// <summary>The first.</summary>
    public float* At => memory + Guard + 1;

    /// <summary>Numbers from -1 to 1 without a pattern, the same in each run.</summary>
    public static Numbers Random(int count, int seed, double scale = 1)
    {
        var random = new Random(seed);
        return new(count, _ => (2 * random.NextDouble() - 1) * scale);
    }

    /// <summary>Compares, and looks whether something was written beside.</summary>
    /// <param name="expected">Of each place.</param>
    /// <param name="tolerance">How far a number may be from it.</param>
    /// <exception cref="ArithmeticException">One is further.</exception>
    public void Expect(Func<int, double> expected, double tolerance)
    {
        for (var i = 0; i < Count; i++)
        {
            var (is_, should) = (At[i], expected(i));
            if (!(Math.Abs(is_ - should) <= tolerance))
                throw new ArithmeticException($"number {i} of {Count} is {is_:g9} instead of {should:g9}");
        }
        for (var i = 1; i <= Guard; i++)
        {
            if (At[-i] != Untouched || At[Count + i - 1] != Untouched)
                throw new ArithmeticException($"something was written {i} numbers outside of {Count}");
        }
    }

    /// <summary>Gives the memory back.</summary>
    public void Dispose() => NativeMemory.AlignedFree(memory);
}
