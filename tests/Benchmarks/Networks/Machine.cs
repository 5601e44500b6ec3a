using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>The machine in words.</summary>
internal static class Machine
{
    /// <summary>The processor and how wide its registers are for this process, or the GPU where that is the device.</summary>
    public static string Name(Device device) => device.type == DeviceType.CUDA ? Gpu(device.index) : Processor();

    private static string Processor()
    {
        const string file = "/proc/cpuinfo";
        var model = File.Exists(file)
            ? File.ReadLines(file).FirstOrDefault(line => line.StartsWith("model name", StringComparison.Ordinal))?.Split(':', 2)[1].Trim()
            : null;
        var name = model ?? Environment.GetEnvironmentVariable("PROCESSOR_IDENTIFIER") ?? RuntimeInformation.ProcessArchitecture.ToString();
        return $"{name}, {Environment.ProcessorCount} cores, registers of {Registers.Width} bits";
    }

    /// <summary>TorchSharp doesn't know its name, the driver's program does.</summary>
    private static string Gpu(int index) => AskDriver("name", index) ?? $"GPU {index}";

    /// <summary>Bytes that all processes hold of the GPU's memory; 0 where it is no GPU or the driver's program is away.</summary>
    public static long GpuMemoryInUse(Device device) =>
        device.type == DeviceType.CUDA && long.TryParse(AskDriver("memory.used", device.index), out var mebibytes) ? mebibytes << 20 : 0;

    private static string? AskDriver(string what, int index)
    {
        try
        {
            using var process =
                Process.Start(
                    new ProcessStartInfo(
                        "nvidia-smi", [$"--query-gpu={what}", "--format=csv,noheader,nounits", $"--id={Math.Max(0, index)}"])
                    { RedirectStandardOutput = true })!;
            var answer = process.StandardOutput.ReadToEnd().Trim();
            process.WaitForExit();
            return process.ExitCode == 0 ? answer : null;
        }
        catch (Win32Exception)
        {
            return null;
        }
    }
}
