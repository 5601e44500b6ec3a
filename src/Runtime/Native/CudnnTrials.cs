using System.Diagnostics;
using System.Runtime.InteropServices;

namespace UNetGen.Native;

/// <summary>
/// <c>torch.backends.cudnn.benchmark</c>, which TorchSharp doesn't have: cuDNN tries its algorithms on each new shape of a convolution and
/// keeps the fastest. libtorch's own functions do it, by the names that compilers give them; where there are none by these names, nothing
/// is set, and cuDNN guesses as before.
/// </summary>
internal static unsafe class CudnnTrials
{
    private static readonly Lazy<Functions?> Found = new(Find);

    /// <summary>Whether libtorch has the functions.</summary>
    public static bool AreKnown => Found.Value is not null;

    /// <summary>Whether it tries them: the process's, and false where nothing can be set.</summary>
    public static bool Enabled
    {
        get => Found.Value is { } functions && functions.Is(functions.Enabled);
        set
        {
            if (Found.Value is { } functions)
                ((delegate* unmanaged<nint, byte, void>)functions.Enable)(functions.Context, value ? (byte)1 : (byte)0);
        }
    }

    /// <summary>
    /// Whether the process asks for the same numbers each time (<c>torch.use_deterministic_algorithms</c>,
    /// <c>cudnn.deterministic</c>): trials may end otherwise the next time.
    /// </summary>
    public static bool AreUnwanted =>
        Found.Value is { } functions && (functions.Is(functions.Deterministic) || functions.Is(functions.DeterministicCudnn));

    private static Functions? Find()
    {
        Libtorch.Load();
        using var process = Process.GetCurrentProcess();
        var file = process.Modules.Cast<ProcessModule>().FirstOrDefault(
            module => module.ModuleName.StartsWith("libtorch_cpu.", StringComparison.Ordinal)
                || module.ModuleName.Equals("torch_cpu.dll", StringComparison.OrdinalIgnoreCase));
        if (file is null || !NativeLibrary.TryLoad(file.FileName, out var library))
            return null;
        // Behind each its name as MSVC has it.
        var context = Export("_ZN2at13globalContextEv", "?globalContext@at@@YAAEAVContext@1@XZ");
        var enable = Export("_ZN2at7Context17setBenchmarkCuDNNEb", "?setBenchmarkCuDNN@Context@at@@QEAAX_N@Z");
        var enabled = Export("_ZNK2at7Context14benchmarkCuDNNEv", "?benchmarkCuDNN@Context@at@@QEBA_NXZ");
        var deterministic = Export("_ZNK2at7Context23deterministicAlgorithmsEv", "?deterministicAlgorithms@Context@at@@QEBA_NXZ");
        var deterministicCudnn = Export("_ZNK2at7Context18deterministicCuDNNEv", "?deterministicCuDNN@Context@at@@QEBA_NXZ");
        return context == 0 || enable == 0 || enabled == 0 || deterministic == 0 || deterministicCudnn == 0
            ? null
            : new(((delegate* unmanaged<nint>)context)(), enable, enabled, deterministic, deterministicCudnn);

        nint Export(string name, string onWindows) =>
            NativeLibrary.TryGetExport(library, OperatingSystem.IsWindows() ? onWindows : name, out var address) ? address : 0;
    }

    private sealed record Functions(nint Context, nint Enable, nint Enabled, nint Deterministic, nint DeterministicCudnn)
    {
        public bool Is(nint question) => ((delegate* unmanaged<nint, byte>)question)(Context) != 0;
    }
}
