using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Backends.Gpu;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck.Checks;

/// <summary>What is there: libtorch, driver, device.</summary>
internal static class LoadCheck
{
    public static void Run(Settings settings, Findings findings)
    {
        findings.Say($"TorchSharp {typeof(torch).Assembly.GetName().Version}, made for libtorch {torch.__version__}; .NET "
            + $"{Environment.Version} on {RuntimeInformation.OSDescription}, {Environment.ProcessorCount} processors.");
        if (OperatingSystem.IsLinux())
        {
            var libraries = File.ReadLines("/proc/self/maps").Where(line => line.Contains('/')).Select(line => line[line.IndexOf('/')..])
                .Where(path => path.Contains(".so")
                    && ((string[])["torch", "Torch", "libc10", "libcu"]).Any(name => Path.GetFileName(path).Contains(name)))
                .Distinct().Order();
            findings.Quote(string.Join('\n', libraries));
        }
        findings.Say($"torch.cuda: available {cuda.is_available()}, cuDNN {cuda.is_cudnn_available()}, devices {cuda.device_count()}.");
        using var sum = ones([1000, 1000], device: settings.Device).sum();
        findings.Hold(sum.item<float>() == 1e6f, $"a million ones add up to {sum.item<float>()}");
        findings.Summary = $"libtorch {torch.__version__}, {settings.Device}";
        if (!settings.IsCuda)
            return;
        var name = DeviceMemory.NameOf(settings.Device.index);
        var (used, total) = DeviceMemory.Of(settings.Device);
        findings.Say($"{name}, {total / 1e9:0.0} GB, of which {used / 1e9:0.0} GB are used; the driver knows CUDA "
            + $"{DeviceMemory.CudaVersion}.");
        if (File.Exists("/proc/driver/nvidia/version"))
            findings.Quote(File.ReadAllText("/proc/driver/nvidia/version"));
        findings.Summary += $", {name}";
        foreach (var type in new[] { ScalarType.Float32, ScalarType.BFloat16 })
        {
            using var number = ones([1], type, settings.Device);
            findings.Hold(CudaKernels.For(number) is not null, $"the kernels for {type} don't compile: {CudaKernels.Failure}");
        }
    }
}
