using System.Runtime.InteropServices;

namespace UNetGen.Backends.Memory;

/// <summary>
/// Memory that a thread's kernels write and read again at once; it stays with the thread, so that no call pays for fresh pages.
/// </summary>
internal sealed unsafe class Scratch
{
    [ThreadStatic]
    private static Scratch? ofOnePart;

    [ThreadStatic]
    private static Scratch? ofAllParts;

    private float* memory;
    private nuint length;

    private Scratch()
    {
    }

    ~Scratch() => NativeMemory.AlignedFree(memory);

    /// <summary>
    /// At least so many floats for the part that the calling thread computes, aligned to 64 bytes, of any content. The next call of the
    /// same thread takes them back.
    /// </summary>
    public static float* Take(long floats) => (ofOnePart ??= new()).AtLeast(floats);

    /// <summary>As <see cref="Take"/>, for what all parts of a kernel read that the calling thread starts.</summary>
    public static float* TakeForAll(long floats) => (ofAllParts ??= new()).AtLeast(floats);

    private float* AtLeast(long floats)
    {
        if (length < (nuint)floats)
        {
            NativeMemory.AlignedFree(memory);
            // There may be no memory: then nothing is to be freed again.
            memory = null;
            length = 0;
            memory = (float*)NativeMemory.AlignedAlloc((nuint)floats * sizeof(float), 64);
            length = (nuint)floats;
            // Rows that only fill a register tile up are computed as well, and numbers that are no floats would be slow.
            NativeMemory.Clear(memory, length * sizeof(float));
        }
        return memory;
    }
}
