namespace Deploy;

/// <summary>The noise that <c>unetgen sample --seed S</c> starts from: image by image, each from a generator of its own.</summary>
public static class ImageNoise
{
    /// <summary>Standard normal noise of one image, in the order channels, height, width.</summary>
    /// <param name="seed">As in --seed.</param>
    /// <param name="image">The image's number, from 0.</param>
    /// <param name="values">Filled: channels * height * width, at least 16.</param>
    public static void Fill(long seed, int image, Span<float> values)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(values.Length, 16, nameof(values)); // Libtorch goes another way for fewer.
        var random = new MersenneTwister(FirstGenerator(seed) + (uint)image);
        foreach (ref var value in values)
            value = random.NextFloat();
        for (var start = 0; start + 16 <= values.Length; start += 16)
            MakeNormal(values.Slice(start, 16));
        // What is left over is drawn anew together with as many before it as make a whole block.
        if (values.Length % 16 > 0)
        {
            foreach (ref var value in values[^16..])
                value = random.NextFloat();
            MakeNormal(values[^16..]);
        }
    }

    /// <summary>Box and Muller's transformation of 16 uniform numbers: eight cosines, then their sines.</summary>
    private static void MakeNormal(Span<float> block)
    {
        for (var i = 0; i < 8; i++)
        {
            var radius = Math.Sqrt(-2 * Math.Log(1 - block[i]));
            var (sine, cosine) = Math.SinCos(MathF.Tau * block[i + 8]);
            (block[i], block[i + 8]) = ((float)(radius * cosine), (float)(radius * sine));
        }
    }

    /// <summary>SplitMix64's mixing function on (seed, stream 0), of which the generators' seeds count on: 32 bits of it.</summary>
    private static uint FirstGenerator(long seed)
    {
        const ulong gamma = 0x9E3779B97F4A7C15;
        return (uint)Mix(Mix(Mix((ulong)seed + gamma)) + gamma);

        static ulong Mix(ulong z)
        {
            z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }

    /// <summary>MT19937 (Matsumoto and Nishimura 1998).</summary>
    private sealed class MersenneTwister
    {
        private readonly uint[] state = new uint[624];
        private int next = 624;

        public MersenneTwister(uint seed)
        {
            state[0] = seed;
            for (var i = 1; i < state.Length; i++)
                state[i] = 1812433253 * (state[i - 1] ^ (state[i - 1] >> 30)) + (uint)i;
        }

        /// <summary>Uniform in [0, 1), of 24 bits, which a float holds exactly.</summary>
        public float NextFloat() => (NextBits() & 0xFFFFFF) / (float)0x1000000;

        private uint NextBits()
        {
            if (next == state.Length)
                Renew();
            var bits = state[next++];
            bits ^= bits >> 11;
            bits ^= (bits << 7) & 0x9D2C5680;
            bits ^= (bits << 15) & 0xEFC60000;
            return bits ^ (bits >> 18);
        }

        private void Renew()
        {
            for (var i = 0; i < state.Length; i++)
            {
                var joined = (state[i] & 0x80000000) | (state[(i + 1) % 624] & 0x7FFFFFFF);
                state[i] = state[(i + 397) % 624] ^ (joined >> 1) ^ ((joined & 1) * 0x9908B0DF);
            }
            next = 0;
        }
    }
}
