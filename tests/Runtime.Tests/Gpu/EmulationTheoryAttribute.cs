namespace UNetGen.Runtime.Tests.Gpu;

/// <summary>A theory about the kernels for GPUs, which g++ compiles for this machine's processor.</summary>
internal sealed class EmulationTheoryAttribute : TheoryAttribute
{
    public EmulationTheoryAttribute()
    {
        if (!EmulatedKernels.AreThere)
            Skip = "There is no g++ on this Linux, or this is none.";
    }
}
