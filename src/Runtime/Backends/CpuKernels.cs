using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics.X86;
using UNetGen.Backends.Optimizers;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>What there is for the CPU at one width of registers. Which width that is, is asked here alone.</summary>
internal abstract class CpuKernels
{
    /// <summary>Those of the widest registers that this processor computes with at full speed; null where libtorch is faster.</summary>
    public static CpuKernels? OfThisProcessor { get; } =
        Floats512.IsSupported ? new CpuKernels<Floats512>()
        : Floats256.IsSupported ? new CpuKernels<Floats256>()
        : Floats128.IsSupported && !IsHeldBack ? new CpuKernels<Floats128>()
        : null;

    // Compiled ahead of time, .NET knows no more of an x64 processor than that it is one; libtorch looks for itself.
    private static bool IsHeldBack => X86Base.IsSupported && !RuntimeFeature.IsDynamicCodeCompiled;

    /// <summary>The fastest backend for this processor.</summary>
    public static Backend MakeBackend(Precision precision) => OfThisProcessor?.Backend(precision) ?? new Libtorch(precision);

    /// <summary>The kernels for blocks.</summary>
    public abstract Backend Backend(Precision precision);

    /// <summary>The kernels that move weights; null where they aren't made for these.</summary>
    /// <param name="weights">Of a network.</param>
    public abstract WeightUpdate? Update(IReadOnlyList<Tensor> weights);
}

/// <inheritdoc/>
internal sealed class CpuKernels<V> : CpuKernels
    where V : unmanaged, IFloats<V>
{
    /// <inheritdoc/>
    public override Backend Backend(Precision precision) => new Cpu<V>(precision);

    /// <inheritdoc/>
    public override WeightUpdate? Update(IReadOnlyList<Tensor> weights) => WeightUpdate.Fits(weights) ? new VectorUpdate<V>(weights) : null;
}
