using System.Runtime.Intrinsics;

namespace UNetGen.Runtime.Tests.Kernels;

/// <summary>A fact about kernels that only processors with registers of 512 bits run.</summary>
public sealed class VectorFactAttribute : FactAttribute
{
    public VectorFactAttribute() => Skip = Vector512.IsHardwareAccelerated ? null : "This processor has no registers of 512 bits: libtorch's operators are taken instead.";
}

/// <summary>As <see cref="VectorFactAttribute"/>, with cases.</summary>
public sealed class VectorTheoryAttribute : TheoryAttribute
{
    public VectorTheoryAttribute() => Skip = new VectorFactAttribute().Skip;
}
