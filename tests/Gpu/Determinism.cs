using System.Runtime.InteropServices;

namespace UNetGen.GpuCheck;

/// <summary>
/// torch.use_deterministic_algorithms, which TorchSharp has no way to: libtorch's own functions, by their names in the Itanium ABI (Linux).
/// </summary>
internal static unsafe class Determinism
{
    /// <summary>Whether they are found.</summary>
    public static bool IsKnown => OperatingSystem.IsLinux() && Find("_ZN2at13globalContextEv") != 0;

    /// <summary>Where an operator has no such algorithm, it refuses.</summary>
    public static void Set(bool deterministic)
    {
        var context = ((delegate* unmanaged<nint>)Find("_ZN2at13globalContextEv"))();
        var set = (delegate* unmanaged<nint, byte, byte, void>)Find("_ZN2at7Context26setDeterministicAlgorithmsEbb");
        set(context, (byte)(deterministic ? 1 : 0), 0);
    }

    private static nint Find(string function)
    {
        var path = File.ReadLines("/proc/self/maps").FirstOrDefault(line => line.EndsWith("/libtorch_cpu.so", StringComparison.Ordinal));
        return path is not null && NativeLibrary.TryGetExport(NativeLibrary.Load(path[path.IndexOf('/')..]), function, out var address)
            ? address
            : 0;
    }
}
