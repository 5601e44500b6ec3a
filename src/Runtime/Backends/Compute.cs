using TorchSharp;
using UNetGen.Backends.Gpu;

namespace UNetGen.Backends;

/// <summary>Which form of its mathematics a block uses.</summary>
public enum KernelForm
{
    /// <summary>
    /// The fastest there is for the device and the shapes. It differs from the textbook's by rounding alone. On the CPU its gradients have
    /// no gradients of their own: what differentiates twice (<c>create_graph: true</c>, a penalty on gradients) needs
    /// <see cref="Reference"/>, without gradient checkpointing, and a network without full attention or transformers, of whose product
    /// libtorch knows no second derivative on a CPU.
    /// </summary>
    Fast,

    /// <summary>The textbook's, operation by operation, as the references have it (<c>kernels: reference</c>).</summary>
    Reference,
}

/// <summary>
/// In which numbers convolutions, linear layers and attention compute. Norms, losses, weights and the optimiser's state are float32 with
/// any.
/// </summary>
public enum Precision
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits with float32's range; what goes into those layers is rounded to it.</summary>
    BFloat16,

    /// <summary>
    /// 16 bits, eleven of them for the digits where <see cref="BFloat16"/> has eight, from 6e-8 to 65504: more exact, and on GPUs before
    /// Ampere the fast one, but a gradient must be scaled to lie in that range, as a trainer does.
    /// </summary>
    Float16,
}

/// <summary>
/// How the blocks compute that run on this thread, as torch.autocast is in PyTorch: a network sets it for its own forward pass, a backward
/// pass follows what its forward pass did.
/// </summary>
public static class Compute
{
    // The backends that can be chosen, each by its precision. All of them take tensors on any device: one without a kernel for it calls its
    // base.
    private static readonly Backend[] Fast = ForEachPrecision(CpuKernels.MakeBackend);
    private static readonly Backend[] FastOnGpu = ForEachPrecision(precision => new Cuda(precision, CudaKernels.For));
    private static readonly Backend[] Textbook = ForEachPrecision(precision => new Reference(precision));

    [ThreadStatic]
    private static Backend? backend;

    /// <summary>Fast, unless set.</summary>
    public static KernelForm Kernels => Backend.Kernels;

    /// <summary>Float32, unless set.</summary>
    public static Precision Precision => Backend.Precision;

    /// <summary>What blocks call.</summary>
    internal static Backend Backend => backend ?? Fast[(int)Precision.Float32];

    /// <summary>Sets both for this thread until the result is disposed.</summary>
    /// <param name="kernels">Which form.</param>
    /// <param name="precision">Which numbers.</param>
    /// <param name="device">Where the images lie, and the weights too.</param>
    /// <param name="gradientCheckpointing">
    /// Whether blocks keep their inputs alone for the gradient, and compute again in the backward pass.
    /// </param>
    public static Scope Use(KernelForm kernels, Precision precision, DeviceType device, bool gradientCheckpointing = false)
    {
        var chosen = (kernels == KernelForm.Reference ? Textbook : device == DeviceType.CUDA ? FastOnGpu : Fast)[(int)precision];
        return Use(gradientCheckpointing ? new Recomputing(chosen) : chosen);
    }

    /// <summary>Sets the backend for this thread until the result is disposed.</summary>
    internal static Scope Use(Backend backend)
    {
        var scope = new Scope(Compute.backend);
        Compute.backend = backend;
        return scope;
    }

    private static Backend[] ForEachPrecision(Func<Precision, Backend> make) => [.. Enum.GetValues<Precision>().Select(make)];

    /// <summary>What was before, brought back when disposed.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Backend? before;

        internal Scope(Backend? before) => this.before = before;

        /// <summary>Brings it back.</summary>
        public void Dispose() => backend = before;
    }
}
