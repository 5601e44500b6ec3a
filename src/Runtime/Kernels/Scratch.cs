using System.Runtime.InteropServices;

namespace UNetGen.Kernels;

/// <summary>Memory that a thread's kernels write and read again at once; it stays with the thread, so that no call pays for fresh pages.</summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? current;

    private float* memory;
    private nuint length;

    private Scratch()
    {
    }

    ~Scratch() => NativeMemory.AlignedFree(memory);

    /// <summary>At least so many floats for the calling thread, aligned to 64 bytes, of any content. The next call of the same thread takes them back.</summary>
    public static float* Take(long floats)
    {
        var scratch = current ??= new();
        if (scratch.length < (nuint)floats)
        {
            NativeMemory.AlignedFree(scratch.memory);
            scratch.memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
            scratch.length = (nuint)floats;
            // Rows that only fill a register tile up are computed as well, and numbers that are no floats would be slow.
            NativeMemory.Clear(scratch.memory, scratch.length * sizeof(float));
        }
        return scratch.memory;
    }
}
