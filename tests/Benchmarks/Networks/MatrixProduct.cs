using System.Diagnostics;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>What the machine can do: the product of two float32 matrices, 2048 x 2048 each.</summary>
internal static class MatrixProduct
{
    private const int Size = 2048;
    private const double Flops = 2.0 * Size * Size * Size;

    /// <summary>Floating point operations a second, over at least a third of a second.</summary>
    public static double Measure(Device device)
    {
        using var scope = NewDisposeScope();
        var (a, b) = (rand(Size, Size, device: device), rand(Size, Size, device: device));
        // On a GPU one product is too short to wait for.
        var atOnce = device.type == DeviceType.CUDA ? 100 : 1;
        Multiply();
        var start = Stopwatch.GetTimestamp();
        var products = 0;
        for (; Stopwatch.GetElapsedTime(start).TotalSeconds < 0.33; products += atOnce)
            Multiply();
        return products * Flops / Stopwatch.GetElapsedTime(start).TotalSeconds;

        void Multiply()
        {
            for (var i = 0; i < atOnce; i++)
                a.matmul(b).Dispose();
            if (device.type == DeviceType.CUDA)
                cuda.synchronize();
        }
    }
}
