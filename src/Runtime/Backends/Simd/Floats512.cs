using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace UNetGen.Backends.Simd;

/// <summary>16 numbers: AVX-512.</summary>
internal readonly unsafe struct Floats512(Vector512<float> lanes) : IFloats<Floats512>
{
    private readonly Vector512<float> lanes = lanes;

    public static bool IsSupported => Vector512.IsHardwareAccelerated;

    public static int Lanes => 16;

    public static bool HasManyRegisters => true;

    public static Floats512 Zero => new(Vector512<float>.Zero);

    public static Floats512 One => new(Vector512<float>.One);

    public static Floats512 AllBitsSet => new(Vector512<float>.AllBitsSet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Load(float* from) => new(Vector512.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Create(float value) => new(Vector512.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator +(Floats512 left, Floats512 right) => new(left.lanes + right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator -(Floats512 left, Floats512 right) => new(left.lanes - right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator -(Floats512 value) => new(-value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator *(Floats512 left, Floats512 right) => new(left.lanes * right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator *(float factor, Floats512 value) => new(value.lanes * factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator /(Floats512 left, Floats512 right) => new(left.lanes / right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 operator &(Floats512 left, Floats512 right) => new(left.lanes & right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 MultiplyAdd(Floats512 factor, Floats512 other, Floats512 addend) =>
        new(Vector512.MultiplyAddEstimate(factor.lanes, other.lanes, addend.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Min(Floats512 left, Floats512 right) => new(Vector512.Min(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Max(Floats512 left, Floats512 right) => new(Vector512.Max(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Sqrt(Floats512 value) => new(Vector512.Sqrt(value.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 Round(Floats512 value) => new(Vector512.Round(value.lanes));

    // A float's exponent begins at bit 23.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats512 ScaleByPowerOf2(Floats512 value, Floats512 exponent) =>
        new((value.lanes.AsInt32() + (Vector512.ConvertToInt32Native(exponent.lanes) << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Floats512 left, Floats512 right) => Vector512.GreaterThanAny(left.lanes, right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Floats512 value) => Vector512.Sum(value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Floats512 value) => Floats256.Greatest(new(Vector256.Max(value.lanes.GetLower(), value.lanes.GetUpper())));

    [MethodImpl(Compiled.Loop)]
    public static void Transpose(float* from, nint stride, float* to, nint target)
    {
        // Rows of four, by the first four rows, the next four and so on: of the columns 0, 4, 8 and 12; 1, 5, 9 and 13; and so on.
        Four(from, stride, out var a0, out var a1, out var a2, out var a3);
        Four(from + 4 * stride, stride, out var b0, out var b1, out var b2, out var b3);
        Four(from + 8 * stride, stride, out var c0, out var c1, out var c2, out var c3);
        Four(from + 12 * stride, stride, out var d0, out var d1, out var d2, out var d3);
        Columns(a0, b0, c0, d0, to, 4 * target);
        Columns(a1, b1, c1, d1, to + target, 4 * target);
        Columns(a2, b2, c2, d2, to + 2 * target, 4 * target);
        Columns(a3, b3, c3, d3, to + 3 * target, 4 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => lanes.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        float* from, nint stride, out Vector512<float> first, out Vector512<float> second, out Vector512<float> third,
        out Vector512<float> fourth)
    {
        var (r0, r1) = (Vector512.Load(from), Vector512.Load(from + stride));
        var (r2, r3) = (Vector512.Load(from + 2 * stride), Vector512.Load(from + 3 * stride));
        var (low01, high01) = (Avx512F.UnpackLow(r0, r1).AsDouble(), Avx512F.UnpackHigh(r0, r1).AsDouble());
        var (low23, high23) = (Avx512F.UnpackLow(r2, r3).AsDouble(), Avx512F.UnpackHigh(r2, r3).AsDouble());
        first = Avx512F.UnpackLow(low01, low23).AsSingle();
        second = Avx512F.UnpackHigh(low01, low23).AsSingle();
        third = Avx512F.UnpackLow(high01, high23).AsSingle();
        fourth = Avx512F.UnpackHigh(high01, high23).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(Vector512<float> a, Vector512<float> b, Vector512<float> c, Vector512<float> d, float* to, nint target)
    {
        const byte Even = 0b10_00_10_00, Odd = 0b11_01_11_01;
        var (evenAb, oddAb) = (Avx512F.Shuffle4x128(a, b, Even), Avx512F.Shuffle4x128(a, b, Odd));
        var (evenCd, oddCd) = (Avx512F.Shuffle4x128(c, d, Even), Avx512F.Shuffle4x128(c, d, Odd));
        Avx512F.Shuffle4x128(evenAb, evenCd, Even).Store(to);
        Avx512F.Shuffle4x128(oddAb, oddCd, Even).Store(to + target);
        Avx512F.Shuffle4x128(evenAb, evenCd, Odd).Store(to + 2 * target);
        Avx512F.Shuffle4x128(oddAb, oddCd, Odd).Store(to + 3 * target);
    }
}
