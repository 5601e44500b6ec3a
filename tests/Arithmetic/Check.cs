using UNetGen.Backends.Simd;

namespace UNetGen.Arithmetic;

/// <summary>What is checked at which width.</summary>
internal static class Check
{
    /// <summary>All checks at the widths that this processor has, by the names "512: ...", "256: ..." and "128: ...".</summary>
    public static IEnumerable<(string Name, Action Run)> OfAllWidths =>
        [.. Of<Floats512>(512), .. Of<Floats256>(256), .. Of<Floats128>(128)];

    private static IEnumerable<(string Name, Action Run)> Of<V>(int bits)
        where V : unmanaged, IFloats<V>
    {
        (string Name, Action Run)[] all = V.IsSupported
            ? [.. ElementaryChecks<V>.All, .. ProductChecks<V>.All, .. WinogradChecks<V>.All, .. NormChecks<V>.All, .. SoftmaxChecks<V>.All]
            : [];
        return all.Select(check => ($"{bits}: {check.Name}", check.Run));
    }
}
