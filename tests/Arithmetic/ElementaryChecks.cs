using UNetGen.Backends.Simd;

namespace UNetGen.Arithmetic;

/// <summary>Registers and functions of all their lanes.</summary>
internal static unsafe class ElementaryChecks<V>
    where V : unmanaged, IFloats<V>
{
    public static IEnumerable<(string Name, Action Run)> All =>
    [
        ("what a register does, each of its lanes does", Lanes),
        ("the exponential is right to two units in the last place", Exponential),
        ("the sigmoid has its limits far out, and of no number is none", Sigmoid),
        ("a square's rows become columns", Square),
        ("a matrix's rows become columns", Matrix),
    ];

    private static void Lanes()
    {
        using Numbers a = Numbers.Random(V.Lanes, 1), b = Numbers.Random(V.Lanes, 2), c = Numbers.Random(V.Lanes, 3);
        var (x, y, z) = (V.Load(a.At), V.Load(b.At), V.Load(c.At));
        Each(x + y, i => a.At[i] + b.At[i]);
        Each(x - y, i => a.At[i] - b.At[i]);
        Each(-x, i => -a.At[i]);
        Each(x * y, i => a.At[i] * b.At[i]);
        Each(0.3f * y, i => 0.3f * b.At[i]);
        Each(x / y, i => a.At[i] / b.At[i], 1e-5);
        Each(V.MultiplyAdd(x, y, z), i => a.At[i] * b.At[i] + c.At[i], 2e-7);
        Each(V.Min(x, y), i => Math.Min(a.At[i], b.At[i]));
        Each(V.Max(x, y), i => Math.Max(a.At[i], b.At[i]));
        Each(V.Sqrt(x * x), i => Math.Abs(a.At[i]), 1e-7);
        Each(V.Round(V.Create(8) * x), i => Math.Round(8 * a.At[i]));
        Each(V.Round(V.Create(2.5f)), _ => 2);
        Each(V.ScaleByPowerOf2(x, V.Create(-5)), i => a.At[i] / 32);
        Each(x & V.AllBitsSet, i => a.At[i]);
        Each(x & V.Zero, _ => 0);
        Each(V.One, _ => 1);
        Same(Enumerable.Range(0, V.Lanes).Sum(i => (double)a.At[i]), V.Sum(x), 1e-5);
        Same(Enumerable.Range(0, V.Lanes).Max(i => a.At[i]), V.Greatest(x), 0);
        for (var lane = 0; lane < V.Lanes; lane++)
        {
            using var greater = new Numbers(V.Lanes, i => a.At[i] + (i == lane ? 1 : 0));
            if (!V.AnyGreater(V.Load(greater.At), x) || V.AnyGreater(x, V.Load(greater.At)) || V.AnyGreater(x, x))
                throw new ArithmeticException($"whether lane {lane} is greater wasn't seen");
        }

        static void Each(V value, Func<int, double> expected, double tolerance = 0)
        {
            using var stored = new Numbers(V.Lanes);
            value.Store(stored.At);
            stored.Expect(expected, tolerance);
        }
    }

    private static void Exponential()
    {
        for (var x = -87f; x < 88; x += 0.0137f)
        {
            var expected = Math.Exp(x);
            Same(expected, First(Elementary.Exp(V.Create(x))), 2 * (MathF.BitIncrement((float)expected) - (float)expected));
        }
    }

    private static void Sigmoid()
    {
        foreach (
            var (x, expected) in new[] { (-1e30f, 0), (-200f, 0), (200f, 1), (float.NegativeInfinity, 0), (float.PositiveInfinity, 1f) })
            Same(expected, First(Elementary.Sigmoid(V.Create(x))), 1e-37);
        if (!float.IsNaN(First(Elementary.Sigmoid(V.Create(float.NaN)))))
            throw new ArithmeticException("the sigmoid of no number is a number");
    }

    private static void Square()
    {
        var (stride, target) = (V.Lanes + 3, V.Lanes + 1);
        using Numbers from = Numbers.Random(stride * V.Lanes, 4), to = new(target * V.Lanes);
        V.Transpose(from.At, stride, to.At, target);
        to.Expect(i => i % target < V.Lanes ? from.At[i % target * stride + i / target] : 0, 0);
    }

    private static void Matrix()
    {
        var (rows, columns) = (3 * V.Lanes, 2 * V.Lanes);
        using Numbers from = Numbers.Random(rows * columns, 5), to = new(rows * columns);
        Transposition.Matrix<V>(from.At, rows, columns, to.At);
        to.Expect(i => from.At[i % rows * columns + i / rows], 0);
    }

    private static float First(V value)
    {
        var lanes = stackalloc float[V.Lanes];
        value.Store(lanes);
        return lanes[0];
    }

    private static void Same(double expected, double actual, double tolerance)
    {
        if (!(Math.Abs(expected - actual) <= tolerance))
            throw new ArithmeticException($"{actual:g9} instead of {expected:g9}");
    }
}
