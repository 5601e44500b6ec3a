using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>Kernels in CUDA C for one device and one type of numbers, ready to be launched.</summary>
internal abstract class GpuKernels
{
    /// <summary>The most threads of a block that its registers suffice for, and the bytes that they can share on every device.</summary>
    public const int MostThreads = 512, MostShared = 48 << 10;

    private static readonly (int X, int Y) Columns = (32, 16);

    /// <summary>How many blocks the device works on at a time, if they are small.</summary>
    public abstract int Blocks { get; }

    /// <summary>Starts a kernel behind all that was started before; whether it ends well is known at the next wait.</summary>
    /// <param name="kernel">Its name.</param>
    /// <param name="grid">Blocks.</param>
    /// <param name="block">Threads of each.</param>
    /// <param name="shared">Floats of memory that a block's threads share.</param>
    /// <param name="arguments">In the order of its parameters.</param>
    public abstract void Launch(
        string kernel, (int X, int Y) grid, (int X, int Y) block, int shared, params ReadOnlySpan<KernelArgument> arguments);

    /// <summary>Images of any content, of another tensor's shape, type and device, with their channels together.</summary>
    public static Tensor EmptyImagesLike(Tensor x)
    {
        var (channels, height, width) = (x.size(1), x.size(2), x.size(3));
        return empty_strided(
            [x.size(0), channels, height, width], [height * width * channels, 1, width * channels, channels], x.dtype, x.device);
    }

    /// <summary>The sums over rows.</summary>
    /// <param name="x">Float32, contiguous.</param>
    /// <param name="rows">How many.</param>
    /// <param name="columns">Numbers in each.</param>
    /// <returns>[columns].</returns>
    public Tensor SumRows(Tensor x, int rows, int columns)
    {
        var result = empty([columns], ScalarType.Float32, x.device);
        Launch("sum_rows", ((columns + Columns.X - 1) / Columns.X, 1), Columns, Columns.X * Columns.Y, x, result, rows, columns);
        GC.KeepAlive(x);
        return result;
    }

    /// <summary>Where kernels work on the pixels of images: 16 bytes of a pixel's channels per thread.</summary>
    /// <param name="x">[batch, channels, height, width], channels together.</param>
    public Pixels Over(Tensor x)
    {
        var (batch, channels, pixels) = ((int)x.size(0), (int)x.size(1), (int)(x.size(2) * x.size(3)));
        var packets = channels / Lanes(x.dtype);
        var rows = 1;
        while (2 * rows * packets <= Pixels.Threads && rows < pixels)
            rows *= 2;
        // A thread takes at least four pixels, if the image has them.
        var parts = Math.Clamp((Blocks + batch - 1) / batch, 1, Math.Max(1, pixels / (4 * rows)));
        return new(batch, channels, pixels, (parts, batch), (packets, rows), packets * rows * Lanes(x.dtype));
    }

    /// <summary>Whether images can be taken in such packets: their channels are together, and not too many.</summary>
    public static bool Takes(Tensor x) =>
        x.dim() == 4 && x.dtype is ScalarType.Float32 or ScalarType.BFloat16 && x.size(1) % Lanes(x.dtype) == 0
        && x.size(1) / Lanes(x.dtype) <= MostThreads && 4 * x.size(1) * sizeof(float) <= MostShared
        && x.size(1) * x.size(2) * x.size(3) <= int.MaxValue && x.size(0) <= ushort.MaxValue && x.numel() > 0;

    /// <summary>Numbers in 16 bytes.</summary>
    public static int Lanes(ScalarType type) => type == ScalarType.BFloat16 ? 8 : 4;

    /// <summary>How the pixels of a batch are shared out.</summary>
    /// <param name="Batch">Images.</param>
    /// <param name="Channels">Of each.</param>
    /// <param name="Count">Pixels of each.</param>
    /// <param name="Grid">Parts of an image, images.</param>
    /// <param name="Block">Packets of a pixel, pixels at a time.</param>
    /// <param name="Shared">Floats that a block needs to add up over its rows.</param>
    internal readonly record struct Pixels(
        int Batch, int Channels, int Count, (int X, int Y) Grid, (int X, int Y) Block, int Shared)
    {
        public const int Threads = 256;

        public int Parts => Grid.X;
    }
}
