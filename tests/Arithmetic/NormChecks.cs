using UNetGen.Backends.Norms;
using UNetGen.Backends.Simd;

namespace UNetGen.Arithmetic;

/// <summary>The norms.</summary>
internal static unsafe class NormChecks<V>
    where V : unmanaged, IFloats<V>
{
    private const double Eps = 1e-5;

    public static IEnumerable<(string Name, Action Run)> All =>
    [
        ("a group's mean and inverse deviation, far from 0", Moments),
        ("scale, shift and SiLU", Activation),
        ("SiLU's gradient and its sums over the pixels", ActivationGradients),
        ("RMSNorm and its gradients", RootMeanSquare),
        ("a filter of any size to mean 0 and variance 1, and the gradient", Filters),
    ];

    private static void Moments()
    {
        var (pixels, channels, inAGroup) = (7, 4 * V.Lanes, 2 * V.Lanes);
        using var noise = Numbers.Random(pixels * channels, 1);
        using Numbers x = new(pixels * channels, i => 20 + noise.At[i]), mean = new(channels), inverse = new(channels);
        GroupNormArithmetic<V>.Moments(x.At, pixels, channels, channels, inAGroup, (float)Eps, mean.At, inverse.At);
        mean.Expect(channel => Of(channel).Average(), 1e-5);
        inverse.Expect(channel => 1 / Math.Sqrt(Of(channel).Average(value => Math.Pow(value - Of(channel).Average(), 2)) + Eps), 1e-4);

        IEnumerable<double> Of(int channel) => Enumerable.Range(0, pixels * channels)
            .Where(i => i % channels / inAGroup == channel / inAGroup).Select(i => (double)x.At[i]);
    }

    private static void Activation()
    {
        var (pixels, channels) = (5, 2 * V.Lanes);
        using Numbers x = Numbers.Random(pixels * channels, 1, 5), residual = Numbers.Random(pixels * channels, 2),
        y = new(pixels * channels);
        for (var channel = 0; channel < channels; channel += V.Lanes)
            GroupNormArithmetic<V>.Apply(
                x.At + channel, y.At + channel, residual.At + channel, pixels, channels, V.Create(1.5f), V.Create(-0.25f), silu: true);
        y.Expect(i => Silu(1.5 * x.At[i] - 0.25) + residual.At[i], 2e-6);
    }

    private static void ActivationGradients()
    {
        const double A = 1.5, B = -0.25, R = 0.5, Mean = 0.125, Step = 1e-5;
        var (pixels, channels) = (5, V.Lanes);
        using Numbers x = Numbers.Random(pixels * channels, 1, 5), gradient = Numbers.Random(pixels * channels, 2),
        dz = new(pixels * channels);
        using Numbers y = new(pixels * channels), normals = new(channels), offsets = new(channels);
        GroupNormArithmetic<V>.Activation(
            gradient.At, x.At, dz.At, y.At, pixels, channels, V.Create((float)A), V.Create((float)B), V.Create((float)R),
            V.Create((float)-Mean), silu: true,
            out var normal, out var offset);
        normal.Store(normals.At);
        offset.Store(offsets.At);
        y.Expect(i => Silu(A * x.At[i] + B), 2e-6);
        dz.Expect(Dz, 1e-5);
        offsets.Expect(channel => Enumerable.Range(0, pixels).Sum(pixel => Dz(pixel * channels + channel)), 1e-5);
        normals.Expect(
            channel => Enumerable.Range(0, pixels).Sum(
                pixel => Dz(pixel * channels + channel) * (x.At[pixel * channels + channel] - Mean) * R),
            1e-5);

        double Dz(int i) => gradient.At[i] * (Silu(A * x.At[i] + B + Step) - Silu(A * x.At[i] + B - Step)) / (2 * Step);
    }

    private static void RootMeanSquare()
    {
        var (pixels, channels) = (4, 3 * V.Lanes);
        using Numbers x = Numbers.Random(pixels * channels, 1), gain = Numbers.Random(channels, 2), y = new(pixels * channels);
        RmsNorm<V>.Scale(x.At, gain.At, y.At, pixels, channels);
        y.Expect(i => x.At[i] / Norm(i) * gain.At[i % channels], 1e-6);

        using Numbers given = Numbers.Random(pixels * channels, 3), byX = new(pixels * channels), byGain = new(channels);
        RmsNorm<V>.Gradients(x.At, gain.At, given.At, byX.At, byGain.At, pixels, channels);
        byGain.Expect(
            channel => Enumerable.Range(0, pixels).Sum(
                pixel => given.At[pixel * channels + channel] * x.At[pixel * channels + channel] / Norm(pixel * channels)),
            1e-6);
        byX.Expect(i => (U(i) - x.At[i] / Math.Pow(Norm(i), 2) * Pixel(i).Sum(j => U(j) * x.At[j])) / Norm(i), 1e-5);

        double U(int i) => given.At[i] * gain.At[i % channels];
        double Norm(int i) => Math.Sqrt(Pixel(i).Sum(j => (double)x.At[j] * x.At[j]));
        IEnumerable<int> Pixel(int i) => Enumerable.Range(i / channels * channels, channels);
    }

    private static void Filters()
    {
        foreach (var count in new[] { 9, 9 * V.Lanes, 9 * V.Lanes + 5 })
        {
            using var noise = Numbers.Random(count, 1);
            using Numbers w = new(count, i => 3 + noise.At[i]), v = new(count), given = Numbers.Random(count, 2),
            g = new(count, i => given.At[i]);
            var inverse = FilterArithmetic<V>.Standardize(w.At, v.At, count, Eps);
            var all = Enumerable.Range(0, count);
            var mean = all.Average(i => (double)w.At[i]);
            var r = 1 / Math.Sqrt(all.Average(i => Math.Pow(w.At[i] - mean, 2)) + Eps);
            v.Expect(i => (w.At[i] - mean) * r, 1e-5);
            FilterArithmetic<V>.Gradient(g.At, v.At, count, inverse);
            var (average, along) = (all.Average(i => (double)given.At[i]), all.Average(i => given.At[i] * (w.At[i] - mean) * r));
            g.Expect(i => r * (given.At[i] - average - (w.At[i] - mean) * r * along), 1e-5);
        }
    }

    private static double Silu(double x) => x / (1 + Math.Exp(-x));
}
