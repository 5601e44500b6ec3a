using TorchSharp;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// How an NVIDIA GPU computes while this lives: whether convolutions and products of float32 may be rounded to TF32's 19 bits, and by the
/// algorithms that cuDNN has found fastest, unless the process wants the same numbers each time. Both are the process's; what was before
/// comes back when disposed. On another device it does nothing.
/// </summary>
internal sealed class CudaArithmetic : IDisposable
{
    private readonly (bool Products, bool Convolutions, bool Trials)? before;

    public CudaArithmetic(Device device, bool tf32)
    {
        if (device.type != DeviceType.CUDA)
            return;
        before = (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, CudnnTrials.Enabled);
        Set(tf32, tf32, !CudnnTrials.AreUnwanted);
    }

    public void Dispose()
    {
        if (before is var (products, convolutions, trials))
            Set(products, convolutions, trials);
    }

    private static void Set(bool products, bool convolutions, bool trials)
    {
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (products, convolutions);
        CudnnTrials.Enabled = trials;
    }
}
