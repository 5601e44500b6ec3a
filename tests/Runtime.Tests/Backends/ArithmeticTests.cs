using UNetGen.Arithmetic;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>The kernels' arithmetic on plain memory; the same checks run on other processors by themselves (tests/Arithmetic).</summary>
public sealed class ArithmeticTests
{
    private static readonly Dictionary<string, Action> Checks = Check.OfAllWidths.ToDictionary(check => check.Name, check => check.Run);

    public static TheoryData<string> Names => [.. Checks.Keys];

    [Theory]
    [MemberData(nameof(Names))]
    public void On_plain_memory_each_kernel_computes_what_scalar_loops_do(string check) => Checks[check]();

    [LinuxFact]
    public void No_width_is_left_out_that_the_processor_has_and_NET_may_use()
    {
        var flags = File.ReadLines("/proc/cpuinfo").First(
            line => line.StartsWith("flags", StringComparison.Ordinal) || line.StartsWith("Features", StringComparison.Ordinal));
        Assert.Equal(Has(" avx512f", "DOTNET_EnableAVX512", "DOTNET_EnableAVX2"), WidthsAttribute.Bits.Contains(512));
        Assert.Equal(Has(" avx2", "DOTNET_EnableAVX2"), WidthsAttribute.Bits.Contains(256));
        Assert.Contains(128, WidthsAttribute.Bits);

        bool Has(string flag, params string[] switches) =>
            flags.Contains(flag) && switches.All(name => Environment.GetEnvironmentVariable(name) is not ("0" or "00"));
    }
}
