using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;

namespace UNetGen.Backends.Simd;

/// <summary>4 numbers: AdvSimd, and every x64 processor.</summary>
internal readonly unsafe struct Floats128(Vector128<float> lanes) : IFloats<Floats128>
{
    private readonly Vector128<float> lanes = lanes;

    public static bool IsSupported => Vector128.IsHardwareAccelerated;

    public static int Lanes => 4;

    public static bool HasManyRegisters => AdvSimd.IsSupported;

    public static Floats128 Zero => new(Vector128<float>.Zero);

    public static Floats128 One => new(Vector128<float>.One);

    public static Floats128 AllBitsSet => new(Vector128<float>.AllBitsSet);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Load(float* from) => new(Vector128.Load(from));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Create(float value) => new(Vector128.Create(value));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator +(Floats128 left, Floats128 right) => new(left.lanes + right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator -(Floats128 left, Floats128 right) => new(left.lanes - right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator -(Floats128 value) => new(-value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator *(Floats128 left, Floats128 right) => new(left.lanes * right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator *(float factor, Floats128 value) => new(value.lanes * factor);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator /(Floats128 left, Floats128 right) => new(left.lanes / right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 operator &(Floats128 left, Floats128 right) => new(left.lanes & right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 MultiplyAdd(Floats128 factor, Floats128 other, Floats128 addend) =>
        new(Vector128.MultiplyAddEstimate(factor.lanes, other.lanes, addend.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Min(Floats128 left, Floats128 right) => new(Vector128.Min(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Max(Floats128 left, Floats128 right) => new(Vector128.Max(left.lanes, right.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Sqrt(Floats128 value) => new(Vector128.Sqrt(value.lanes));

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 Round(Floats128 value) => new(Vector128.Round(value.lanes));

    // A float's exponent begins at bit 23.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static Floats128 ScaleByPowerOf2(Floats128 value, Floats128 exponent) =>
        new((value.lanes.AsInt32() + (Vector128.ConvertToInt32Native(exponent.lanes) << 23)).AsSingle());

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static bool AnyGreater(Floats128 left, Floats128 right) => Vector128.GreaterThanAny(left.lanes, right.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Sum(Floats128 value) => Vector128.Sum(value.lanes);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static float Greatest(Floats128 value)
    {
        var two = Vector128.Max(value.lanes, Vector128.Shuffle(value.lanes, Vector128.Create(2, 3, 0, 1)));
        return Vector128.Max(two, Vector128.Shuffle(two, Vector128.Create(1, 0, 3, 2))).ToScalar();
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void Transpose(float* from, nint stride, float* to, nint target)
    {
        var (r0, r1) = (Vector128.Load(from), Vector128.Load(from + stride));
        var (r2, r3) = (Vector128.Load(from + 2 * stride), Vector128.Load(from + 3 * stride));
        var (low02, high02) = (Low(r0, r2), High(r0, r2));
        var (low13, high13) = (Low(r1, r3), High(r1, r3));
        Low(low02, low13).Store(to);
        High(low02, low13).Store(to + target);
        Low(high02, high13).Store(to + 2 * target);
        High(high02, high13).Store(to + 3 * target);
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public void Store(float* to) => lanes.Store(to);

    // The first two lanes of both by turns, and the last two.
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> Low(Vector128<float> a, Vector128<float> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipLow(a, b) : Sse.UnpackLow(a, b);

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector128<float> High(Vector128<float> a, Vector128<float> b) =>
        AdvSimd.Arm64.IsSupported ? AdvSimd.Arm64.ZipHigh(a, b) : Sse.UnpackHigh(a, b);
}
