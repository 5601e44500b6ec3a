using TorchSharp;
using UNetGen.Backends;
using UNetGen.Native;
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
        CudnnTrials.Enabled = true;
        if (!CudnnTrials.AreKnown)
            Console.Error.WriteLine("cuDNN doesn't try its algorithms: this libtorch has no function by which to ask for it.");
    }
}
