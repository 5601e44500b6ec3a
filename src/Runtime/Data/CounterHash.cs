namespace UNetGen.Data;

/// <summary>
/// Random numbers that are a pure function of (seed, stream, position), the same on every platform and in every version of .NET, which
/// <see cref="Random"/> doesn't promise. The mixing function is SplitMix64's (Steele, Lea and Flood 2014, "Fast splittable pseudorandom
/// number generators").
/// </summary>
internal struct CounterHash
{
    private const ulong GoldenGamma = 0x9E3779B97F4A7C15;

    private ulong state;

    public CounterHash(long seed, long stream) => state = Mix(Mix((ulong)seed + GoldenGamma) + (ulong)stream);

    /// <summary>The next 64 bits.</summary>
    public ulong NextBits() => Mix(state += GoldenGamma);

    /// <summary>Uniform in [low, high).</summary>
    public double Next(double low, double high) => low + (NextBits() >> 11) * (1.0 / (1L << 53)) * (high - low);

    /// <summary>Uniform in [0, bound); the bias of the multiplication is below bound / 2^64.</summary>
    public int NextInt(int bound) => (int)Math.BigMul(NextBits(), (ulong)bound, out _);

    private static ulong Mix(ulong z)
    {
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
