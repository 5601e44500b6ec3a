using System.Reflection;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using Xunit.Sdk;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>
/// A theory over the widths of registers, in bits, that this processor has, whether or not the program would choose them: none is skipped,
/// none that it lacks is asked for.
/// </summary>
public sealed class WidthsAttribute : DataAttribute
{
    private static readonly (int Bits, bool IsSupported)[] Known =
        [(512, Avx512F.IsSupported), (256, Avx2.IsSupported), (128, Vector128.IsHardwareAccelerated)];

    /// <summary>Those widths.</summary>
    public static IReadOnlyList<int> Bits { get; } = [.. Known.Where(width => width.IsSupported).Select(width => width.Bits)];

    public override IEnumerable<object[]> GetData(MethodInfo testMethod) => Bits.Select(bits => new object[] { bits });

    /// <summary>Runs what stands for a width.</summary>
    internal static void Run(int bits, Action of512, Action of256, Action of128) =>
        (bits switch { 512 => of512, 256 => of256, _ => of128 })();
}
