using TorchSharp;
using UNetGen.Backends.Gpu;

namespace UNetGen.Backends;

/// <summary>Which form of its mathematics a block uses.</summary>
public enum KernelForm
{
    /// <summary>
    /// The fastest there is for the device and the shapes. It differs from the textbook's by rounding alone. On the CPU its gradients have
    /// no gradients of their own: what differentiates twice (<c>create_graph: true</c>, a penalty on gradients) needs
    /// <see cref="Reference"/>.
    /// </summary>
    Fast,

    /// <summary>The textbook's, operation by operation, as the references have it (<c>kernels: reference</c>).</summary>
    Reference,
}

/// <summary>
/// In which numbers convolutions, linear layers and attention compute. Norms, losses, weights and the optimiser's state are float32 with
/// either.
/// </summary>
public enum Precision
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits with float32's range; what goes into those layers is rounded to it.</summary>
    BFloat16,
}

/// <summary>
/// How the blocks compute that run on this thread, as torch.autocast is in PyTorch: a network sets it for its own forward pass, a backward
/// pass follows what its forward pass did.
/// </summary>
public static class Compute
{
    // The backends that can be chosen, each for both precisions. All of them take tensors on any device: one without a kernel for it calls
    // its base.
    private static readonly (Backend Float32, Backend BFloat16) Fast =
        (CpuKernels.MakeBackend(Precision.Float32), CpuKernels.MakeBackend(Precision.BFloat16));
    private static readonly (Backend Float32, Backend BFloat16) FastOnGpu =
        (new Cuda(Precision.Float32, CudaKernels.For), new Cuda(Precision.BFloat16, CudaKernels.For));
    private static readonly (Backend Float32, Backend BFloat16) Textbook =
        (new Reference(Precision.Float32), new Reference(Precision.BFloat16));

    [ThreadStatic]
    private static Backend? backend;

    /// <summary>Fast, unless set.</summary>
    public static KernelForm Kernels => Backend.Kernels;

    /// <summary>Float32, unless set.</summary>
    public static Precision Precision => Backend.Precision;

    /// <summary>What blocks call.</summary>
    internal static Backend Backend => backend ?? Fast.Float32;

    /// <summary>Sets both for this thread until the result is disposed.</summary>
    /// <param name="kernels">Which form.</param>
    /// <param name="precision">Which numbers.</param>
    /// <param name="device">Where the images lie, and the weights too.</param>
    public static Scope Use(KernelForm kernels, Precision precision, DeviceType device)
    {
        var (single, half) = kernels == KernelForm.Reference ? Textbook : device == DeviceType.CUDA ? FastOnGpu : Fast;
        return Use(precision == Precision.Float32 ? single : half);
    }

    /// <summary>Sets the backend for this thread until the result is disposed.</summary>
    internal static Scope Use(Backend backend)
    {
        var scope = new Scope(Compute.backend);
        Compute.backend = backend;
        return scope;
    }

    /// <summary>What was before, brought back when disposed.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Backend? before;

        internal Scope(Backend? before) => this.before = before;

        /// <summary>Brings it back.</summary>
        public void Dispose() => backend = before;
    }
}
