namespace UNetGen.Backends.Simd;

/// <summary>
/// A register of float32 numbers, its lanes, of one width. Kernels are written once over <typeparamref name="V"/>; the JIT compiles them
/// for the structs that implement this, with <see cref="Lanes"/> as a constant.
/// </summary>
/// <typeparam name="V">The register itself.</typeparam>
internal unsafe interface IFloats<V>
    where V : unmanaged, IFloats<V>
{
    /// <summary>Whether this processor computes with such registers, and as fast as with narrower ones.</summary>
    static abstract bool IsSupported { get; }

    /// <summary>Numbers in a register.</summary>
    static abstract int Lanes { get; }

    /// <summary>Whether the processor has 32 such registers; else it has 16.</summary>
    static abstract bool HasManyRegisters { get; }

    /// <summary>0 in each lane.</summary>
    static abstract V Zero { get; }

    /// <summary>1 in each lane.</summary>
    static abstract V One { get; }

    /// <summary>All bits set: what <c>&amp;</c> with it leaves as it is.</summary>
    static abstract V AllBitsSet { get; }

    /// <summary>The next <see cref="Lanes"/> numbers, wherever they are.</summary>
    static abstract V Load(float* from);

    /// <summary>The same number in each lane.</summary>
    static abstract V Create(float value);

    static abstract V operator +(V left, V right);

    static abstract V operator -(V left, V right);

    static abstract V operator -(V value);

    static abstract V operator *(V left, V right);

    static abstract V operator *(float factor, V value);

    static abstract V operator /(V left, V right);

    /// <summary>Bit by bit.</summary>
    static abstract V operator &(V left, V right);

    /// <summary>factor * other + addend, rounded once where the processor has the instruction, else twice.</summary>
    static abstract V MultiplyAdd(V factor, V other, V addend);

    /// <summary>The lesser of each lane.</summary>
    static abstract V Min(V left, V right);

    /// <summary>The greater of each lane.</summary>
    static abstract V Max(V left, V right);

    /// <summary>The square roots.</summary>
    static abstract V Sqrt(V value);

    /// <summary>The nearest whole numbers, halves to the even.</summary>
    static abstract V Round(V value);

    /// <summary>value * 2^exponent, for whole exponents and results that are normal numbers.</summary>
    static abstract V ScaleByPowerOf2(V value, V exponent);

    /// <summary>Whether any lane of <paramref name="left"/> is greater than that of <paramref name="right"/>.</summary>
    static abstract bool AnyGreater(V left, V right);

    /// <summary>The sum of the lanes.</summary>
    static abstract float Sum(V value);

    /// <summary>The greatest of the lanes.</summary>
    static abstract float Greatest(V value);

    /// <summary>A square of <see cref="Lanes"/> rows whose rows become columns.</summary>
    /// <param name="from">The first row.</param>
    /// <param name="stride">Floats from a row to the next.</param>
    /// <param name="to">The first column; may not overlap <paramref name="from"/>.</param>
    /// <param name="target">Floats from a column to the next.</param>
    static abstract void Transpose(float* from, nint stride, float* to, nint target);

    /// <summary>Writes the lanes.</summary>
    void Store(float* to);
}
