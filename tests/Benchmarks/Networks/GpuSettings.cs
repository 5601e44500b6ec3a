using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Backends;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>In which numbers a side computes.</summary>
internal enum Numbers
{
    /// <summary>All 32 bits count.</summary>
    Float32,

    /// <summary>What a GPU multiplies may be rounded to TF32's 19 bits.</summary>
    Tf32,

    /// <summary>bfloat16 as <see cref="Precision.BFloat16"/> has it, and TF32 for what is left, as a training has them.</summary>
    Bf16,
}

/// <summary>What a process sets before it computes.</summary>
internal static class GpuSettings
{
    /// <summary>Those that a side has where the generated one is asked for these: TorchSharp has no autocast.</summary>
    public static Numbers Of(Side side, Numbers asked) => side == Side.Peer && asked == Numbers.Bf16 ? Numbers.Float32 : asked;

    /// <summary>Lets a network compute so. On CUDA libtorch's flags are set, the process's, and cuDNN tries its algorithms.</summary>
    public static void Apply(Numbers numbers, Workload workload)
    {
        if (workload.Network is NoisePredictor network)
            network.Precision = numbers == Numbers.Bf16 ? Precision.BFloat16 : Precision.Float32;
        if (workload.Device.type != DeviceType.CUDA)
            return;
        backends.cuda.matmul.allow_tf32 = backends.cudnn.allow_tf32 = numbers != Numbers.Float32;
        TryAlgorithms();
    }

    /// <summary>torch.backends.cudnn.benchmark = True, which TorchSharp doesn't have: libtorch's functions by GCC's names.</summary>
    private static unsafe void TryAlgorithms()
    {
        using var process = Process.GetCurrentProcess();
        var libtorch = process.Modules.Cast<ProcessModule>().FirstOrDefault(
            module => module.ModuleName.StartsWith("libtorch_cpu.so", StringComparison.Ordinal));
        if (
            libtorch is null || !NativeLibrary.TryLoad(libtorch.FileName, out var library)
            || !NativeLibrary.TryGetExport(library, "_ZN2at13globalContextEv", out var context)
            || !NativeLibrary.TryGetExport(library, "_ZN2at7Context17setBenchmarkCuDNNEb", out var set))
        {
            Console.Error.WriteLine("cuDNN doesn't try its algorithms: this libtorch has no function by which to ask for it.");
            return;
        }

        ((delegate* unmanaged<nint, byte, void>)set)(((delegate* unmanaged<nint>)context)(), 1);
    }
}
