using System.Runtime.InteropServices;
using static TorchSharp.torch;

namespace UNetGen.Backends.Memory;

/// <summary>
/// The memory of images on the CPU: blocks of a few large regions. What one image leaves serves the next at once, so that about as much is
/// resident as there are images at a time.
/// </summary>
/// <remarks>
/// libtorch asks malloc for aligned memory, and glibc's before 2.38 looks for a larger gap than it then fills: what an image leaves never
/// fits the next of the same size, and a forward pass of the bench's third network, which needs 44 MiB at a time, made malloc keep 380.
/// Malloc could be told to map each image by itself, but then each pays for fresh pages, half of the time that it takes to compute.
/// </remarks>
internal static unsafe class ImageMemory
{
    // Reserved at once; what was never written of it is not resident.
    private const nint RegionBytes = 64 << 20;
    private const nint Alignment = 64;

    // Below, malloc serves well.
    private const long LeastBytes = 64 << 10;

    private static readonly Lock Gate = new();
    private static readonly List<MemoryRegion> Regions = [];

    /// <summary>
    /// A contiguous tensor of float32 on the CPU, of any content. Its memory is given back when nothing of libtorch's needs it, as with any
    /// other.
    /// </summary>
    public static Tensor Empty(params ReadOnlySpan<long> shape)
    {
        long bytes = sizeof(float);
        foreach (var length in shape)
            bytes *= length;
        return bytes < LeastBytes
            ? empty(shape.ToArray(), ScalarType.Float32, CPU)
            : Native.Libtorch.Wrap(Take((nint)bytes), &GiveBack, shape);
    }

    /// <summary>Gives the system back what no image is in, all but the first region.</summary>
    public static void Trim()
    {
        lock (Gate)
        {
            foreach (var region in Regions.Skip(1).Where(region => region.IsFree).ToList())
            {
                Regions.Remove(region);
                NativeMemory.AlignedFree((void*)region.Start);
            }
        }
    }

    private static nint Take(nint bytes)
    {
        bytes = (bytes + Alignment - 1) / Alignment * Alignment;
        lock (Gate)
        {
            foreach (var region in Regions)
            {
                if (region.Take(bytes) is var block and not 0)
                    return block;
            }

            var size = Math.Max(bytes, RegionBytes);
            var added = new MemoryRegion((nint)NativeMemory.AlignedAlloc((nuint)size, (nuint)Alignment), size);
            Regions.Add(added);
            return added.Take(bytes);
        }
    }

    [UnmanagedCallersOnly]
    private static void GiveBack(nint block)
    {
        lock (Gate)
        {
            foreach (var region in Regions)
            {
                if (region.GiveBack(block))
                    return;
            }
        }
    }
}
