using System.Runtime.InteropServices;
using UNetGen.Native;

namespace UNetGen.Cli;

/// <summary>
/// What ends the process where TorchSharp lets an exception of C++ pass: it catches libtorch's own, but oneDNN's and the standard library's
/// are of other types, and these come when memory is used up. The standard library then asks its terminate handler, which by default leaves
/// a signal.
/// </summary>
internal static unsafe class NativeEnd
{
    public static void Install()
    {
        // Elsewhere libtorch comes with other standard libraries.
        if (OperatingSystem.IsLinux() && NativeLibrary.TryLoad("libstdc++.so.6", out var library) && NativeLibrary.TryGetExport(
            library, "_ZSt13set_terminatePFvvE", out var setTerminate))
            ((delegate* unmanaged<delegate* unmanaged<void>, nint>)setTerminate)(&Say);
    }

    [UnmanagedCallersOnly]
    private static void Say()
    {
        try
        {
            Console.Error.WriteLine(
                $"error: libtorch ended with an exception that it doesn't explain, as it does when memory is short. "
                    + $"{Shortage.Of(new OutOfMemoryException())}");
        }
        finally
        {
            Interrupt.EndNow(UNetGenProgram.Failure);
        }
    }
}
