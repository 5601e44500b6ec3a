using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;

namespace UNetGen.Backends.Simd;

/// <summary>8 numbers: AVX2.</summary>
internal readonly unsafe struct Floats256(Vector256<float> lanes) : IFloats<Floats256>
{
    private readonly Vector256<float> lanes = lanes;

    public static bool IsSupported => Vector256.IsHardwareAccelerated;

    public static int Lanes => 8;

    public static bool HasManyRegisters => false;

    public static Floats256 Zero => new(Vector256<float>.Zero);

    public static Floats256 One => new(Vector256<float>.One);

    public static Floats256 AllBitsSet => new(Vector256<float>.AllBitsSet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Load(float* from) => new(Vector256.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Create(float value) => new(Vector256.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator +(Floats256 left, Floats256 right) => new(left.lanes + right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator -(Floats256 left, Floats256 right) => new(left.lanes - right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator -(Floats256 value) => new(-value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator *(Floats256 left, Floats256 right) => new(left.lanes * right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator *(float factor, Floats256 value) => new(value.lanes * factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator /(Floats256 left, Floats256 right) => new(left.lanes / right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 operator &(Floats256 left, Floats256 right) => new(left.lanes & right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 MultiplyAdd(Floats256 factor, Floats256 other, Floats256 addend) =>
        new(Vector256.MultiplyAddEstimate(factor.lanes, other.lanes, addend.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Min(Floats256 left, Floats256 right) => new(Vector256.Min(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Max(Floats256 left, Floats256 right) => new(Vector256.Max(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Sqrt(Floats256 value) => new(Vector256.Sqrt(value.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 Round(Floats256 value) => new(Vector256.Round(value.lanes));

    // A float's exponent begins at bit 23.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats256 ScaleByPowerOf2(Floats256 value, Floats256 exponent) =>
        new((value.lanes.AsInt32() + (Vector256.ConvertToInt32Native(exponent.lanes) << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Floats256 left, Floats256 right) => Vector256.GreaterThanAny(left.lanes, right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Floats256 value) => Vector256.Sum(value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Floats256 value) => Floats128.Greatest(new(Vector128.Max(value.lanes.GetLower(), value.lanes.GetUpper())));

    [MethodImpl(Compiled.Loop)]
    public static void Transpose(float* from, nint stride, float* to, nint target)
    {
        // Halves of four rows each: the columns 0 and 4, 1 and 5, 2 and 6, 3 and 7.
        Four(from, stride, out var a0, out var a1, out var a2, out var a3);
        Four(from + 4 * stride, stride, out var b0, out var b1, out var b2, out var b3);
        Columns(a0, b0, to, 4 * target);
        Columns(a1, b1, to + target, 4 * target);
        Columns(a2, b2, to + 2 * target, 4 * target);
        Columns(a3, b3, to + 3 * target, 4 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => lanes.Store(to);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Four(
        float* from, nint stride, out Vector256<float> first, out Vector256<float> second, out Vector256<float> third,
        out Vector256<float> fourth)
    {
        var (r0, r1) = (Vector256.Load(from), Vector256.Load(from + stride));
        var (r2, r3) = (Vector256.Load(from + 2 * stride), Vector256.Load(from + 3 * stride));
        var (low01, high01) = (Avx.UnpackLow(r0, r1).AsDouble(), Avx.UnpackHigh(r0, r1).AsDouble());
        var (low23, high23) = (Avx.UnpackLow(r2, r3).AsDouble(), Avx.UnpackHigh(r2, r3).AsDouble());
        first = Avx.UnpackLow(low01, low23).AsSingle();
        second = Avx.UnpackHigh(low01, low23).AsSingle();
        third = Avx.UnpackLow(high01, high23).AsSingle();
        fourth = Avx.UnpackHigh(high01, high23).AsSingle();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static void Columns(Vector256<float> a, Vector256<float> b, float* to, nint target)
    {
        Avx.Permute2x128(a, b, 0x20).Store(to);
        Avx.Permute2x128(a, b, 0x31).Store(to + target);
    }
}
