using System.Runtime.CompilerServices;

namespace UNetGen.Backends.Simd;

/// <summary>How the JIT is to compile what computes with registers.</summary>
internal static class Compiled
{
    /// <summary>
    /// A kernel's loop: at once as well as it can be, and by itself. Whatever a register does is a call that the JIT inlines, and it
    /// inlines so many into one method and no more; one that is left takes its registers through memory, and a forward pass twice as long.
    /// So a loop is never inlined into what calls it.
    /// </summary>
    public const MethodImplOptions Loop = MethodImplOptions.NoInlining | MethodImplOptions.AggressiveOptimization;
}
