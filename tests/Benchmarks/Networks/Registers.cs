using System.Diagnostics;
using System.Runtime.Intrinsics.X86;

namespace UNetGen.Benchmarks.Networks;

/// <summary>
/// How wide the registers are that .NET and libtorch compute with. Both decide when they are loaded, by their environment, so that a
/// process that is to be held to less than the processor has is started anew.
/// </summary>
internal static class Registers
{
    /// <summary>What a processor may have, bits.</summary>
    public static readonly int[] Widths = [128, 256, 512];

    private static readonly Dictionary<string, string> HeldTo256 = new()
    {
        ["DOTNET_EnableAVX512"] = "0",
        ["ATEN_CPU_CAPABILITY"] = "avx2",
        ["MKL_ENABLE_INSTRUCTIONS"] = "AVX2",
        ["ONEDNN_MAX_CPU_ISA"] = "AVX2",
    };

    private static readonly Dictionary<string, string> HeldTo128 = new()
    {
        ["DOTNET_EnableAVX512"] = "0",
        ["DOTNET_EnableAVX2"] = "0",
        ["ATEN_CPU_CAPABILITY"] = "default",
        ["MKL_ENABLE_INSTRUCTIONS"] = "SSE4_2",
        ["ONEDNN_MAX_CPU_ISA"] = "SSE41",
    };

    /// <summary>Of this process, bits.</summary>
    public static int Width => Avx512F.IsSupported ? 512 : Avx2.IsSupported ? 256 : 128;

    /// <summary>Runs this program's command in a process that is held to a width, where this one isn't.</summary>
    /// <param name="width">Bits; null: what there is.</param>
    /// <param name="arguments">The command, as this process was given it.</param>
    /// <returns>Its exit code; null: this process is as it should be, and runs the command itself.</returns>
    /// <exception cref="UNetGenException">The processor doesn't have that width, or .NET doesn't let itself be held to it.</exception>
    public static int? RunHeld(int? width, IEnumerable<string> arguments)
    {
        if (width is not { } asked)
            return null;
        if (asked > Width)
        {
            var there = string.Join(" or ", Widths.Where(less => less <= Width));
            throw new UNetGenException($"--width {asked}: the registers that .NET finds here have {Width} bits. Ask for {there}.");
        }

        var settings = asked switch { 128 => HeldTo128, 256 => HeldTo256, _ => [] };
        if (settings.All(setting => Environment.GetEnvironmentVariable(setting.Key) == setting.Value))
        {
            if (asked < Width)
                throw new UNetGenException($"--width {asked}: .NET has registers of {Width} bits although its environment asks for fewer.");
            return null;
        }

        var start = OwnProgram.With(arguments);
        foreach (var (name, value) in settings)
            start.Environment[name] = value;
        using var held = Process.Start(start)!;
        held.WaitForExit();
        return held.ExitCode;
    }
}
