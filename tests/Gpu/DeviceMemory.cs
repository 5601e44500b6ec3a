using System.Runtime.InteropServices;
using System.Text;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.GpuCheck;

/// <summary>
/// Memory in use. Of a GPU it is what the driver says of the device of the current context: NVML numbers devices otherwise than
/// CUDA_VISIBLE_DEVICES, and within a container knows no processes.
/// </summary>
internal static partial class DeviceMemory
{
    /// <summary>Bytes in use and in all; of the CPU, of this process.</summary>
    public static (long Used, long Total) Of(Device device)
    {
        if (device.type == DeviceType.CPU)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
            return (Environment.WorkingSet, GC.GetGCMemoryInfo().TotalAvailableMemoryBytes);
        }
        cuda.synchronize(device);
        Require(cuDevicePrimaryCtxRetain(out var context, device.index));
        Require(cuCtxPushCurrent(context));
        Require(cuMemGetInfo(out var free, out var total));
        Require(cuCtxPopCurrent(out _));
        Require(cuDevicePrimaryCtxRelease(device.index));
        return ((long)(total - free), (long)total);
    }

    public static string NameOf(int device)
    {
        var name = new byte[200];
        Require(cuDeviceGetName(name, name.Length, device));
        return Encoding.UTF8.GetString(name).TrimEnd('\0');
    }

    /// <summary>The newest that the driver knows, such as 12.8.</summary>
    public static string CudaVersion
    {
        get
        {
            Require(cuDriverGetVersion(out var version));
            return $"{version / 1000}.{version % 1000 / 10}";
        }
    }

    private static void Require(int result)
    {
        if (result != 0)
            throw new InvalidOperationException($"The driver's interface returned {result}.");
    }

    private const string Driver = "libcuda.so.1";

    [LibraryImport(Driver)]
    private static partial int cuDriverGetVersion(out int version);

    [LibraryImport(Driver)]
    private static partial int cuDeviceGetName([Out] byte[] name, int length, int device);

    [LibraryImport(Driver)]
    private static partial int cuDevicePrimaryCtxRetain(out nint context, int device);

    [LibraryImport(Driver, EntryPoint = "cuDevicePrimaryCtxRelease_v2")]
    private static partial int cuDevicePrimaryCtxRelease(int device);

    [LibraryImport(Driver, EntryPoint = "cuCtxPushCurrent_v2")]
    private static partial int cuCtxPushCurrent(nint context);

    [LibraryImport(Driver, EntryPoint = "cuCtxPopCurrent_v2")]
    private static partial int cuCtxPopCurrent(out nint context);

    [LibraryImport(Driver, EntryPoint = "cuMemGetInfo_v2")]
    private static partial int cuMemGetInfo(out nuint free, out nuint total);
}
