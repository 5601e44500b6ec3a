namespace UNetGen.Blocks;

/// <summary>Which form of its mathematics a block uses.</summary>
public enum KernelForm
{
    /// <summary>The fastest there is for the device and the shapes. It differs from the textbook's by rounding alone. On the CPU its gradients have no gradients of their own: what differentiates twice (<c>create_graph: true</c>, a penalty on gradients) needs <see cref="Reference"/>.</summary>
    Fast,

    /// <summary>The textbook's, operation by operation, as the references have it (<c>kernels: reference</c>).</summary>
    Reference,
}

/// <summary>In which numbers convolutions, linear layers and attention compute. Norms, losses, weights and the optimiser's state are float32 with either.</summary>
public enum Precision
{
    /// <summary>32 bits.</summary>
    Float32,

    /// <summary>16 bits with float32's range; what goes into those layers is rounded to it.</summary>
    BFloat16,
}

/// <summary>
/// How the blocks compute that run on this thread, as torch.autocast is in PyTorch: a network sets it for its own forward pass, a backward pass
/// follows what its forward pass did.
/// </summary>
public static class Compute
{
    [ThreadStatic]
    private static KernelForm kernels;

    [ThreadStatic]
    private static Precision precision;

    /// <summary>Fast, unless set.</summary>
    public static KernelForm Kernels => kernels;

    /// <summary>Float32, unless set.</summary>
    public static Precision Precision => precision;

    /// <summary>Sets both for this thread until the result is disposed.</summary>
    /// <param name="kernels">Which form.</param>
    /// <param name="precision">Which numbers.</param>
    public static Scope Use(KernelForm kernels, Precision precision)
    {
        var scope = new Scope(Compute.kernels, Compute.precision);
        (Compute.kernels, Compute.precision) = (kernels, precision);
        return scope;
    }

    /// <summary>What was before, brought back when disposed.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly KernelForm kernels;
        private readonly Precision precision;

        internal Scope(KernelForm kernels, Precision precision) => (this.kernels, this.precision) = (kernels, precision);

        /// <summary>Brings it back.</summary>
        public void Dispose() => (Compute.kernels, Compute.precision) = (kernels, precision);
    }
}
