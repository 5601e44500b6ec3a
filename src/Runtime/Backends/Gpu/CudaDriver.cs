using System.Runtime.InteropServices;

namespace UNetGen.Backends.Gpu;

/// <summary>The driver's C interface, as far as launching kernels needs it (CUDA Driver API; part of every NVIDIA driver).</summary>
internal static unsafe class CudaDriver
{
    private static readonly nint Library = NativeLibrary.Load(OperatingSystem.IsWindows() ? "nvcuda.dll" : "libcuda.so.1");

    private static readonly delegate* unmanaged<int, byte**, int> GetErrorString =
        (delegate* unmanaged<int, byte**, int>)Export("cuGetErrorString");
    private static readonly delegate* unmanaged<int*, int, int> DeviceGet = (delegate* unmanaged<int*, int, int>)Export("cuDeviceGet");
    private static readonly delegate* unmanaged<int*, int, int, int> DeviceGetAttribute =
        (delegate* unmanaged<int*, int, int, int>)Export("cuDeviceGetAttribute");
    private static readonly delegate* unmanaged<nint*, int, int> PrimaryContextRetain =
        (delegate* unmanaged<nint*, int, int>)Export("cuDevicePrimaryCtxRetain");
    private static readonly delegate* unmanaged<nint, int> ContextPush = (delegate* unmanaged<nint, int>)Export("cuCtxPushCurrent_v2");
    private static readonly delegate* unmanaged<nint*, int> ContextPop = (delegate* unmanaged<nint*, int>)Export("cuCtxPopCurrent_v2");
    private static readonly delegate* unmanaged<nint*, void*, int> ModuleLoadData =
        (delegate* unmanaged<nint*, void*, int>)Export("cuModuleLoadData");
    private static readonly delegate* unmanaged<nint*, nint, byte*, int> ModuleGetFunction =
        (delegate* unmanaged<nint*, nint, byte*, int>)Export("cuModuleGetFunction");
    private static readonly delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int> LaunchKernel =
        (delegate* unmanaged<nint, uint, uint, uint, uint, uint, uint, uint, nint, void**, void**, int>)Export("cuLaunchKernel");

    /// <summary>The device's numbers, as the driver has them.</summary>
    public enum Attribute
    {
        /// <summary>Multiprocessors.</summary>
        Multiprocessors = 16,

        /// <summary>The first part of its compute capability.</summary>
        Major = 75,

        /// <summary>The second part of its compute capability.</summary>
        Minor = 76,
    }

    /// <summary>The driver's name for the device that libtorch has under an index.</summary>
    public static int Device(int index)
    {
        int device;
        Check(DeviceGet(&device, index), nameof(DeviceGet));
        return device;
    }

    /// <summary>One of a device's numbers.</summary>
    public static int AttributeOf(int device, Attribute attribute)
    {
        int value;
        Check(DeviceGetAttribute(&value, (int)attribute, device), nameof(DeviceGetAttribute));
        return value;
    }

    /// <summary>The context that libtorch computes in, and with it everything that uses CUDA's runtime: the device's primary one.</summary>
    public static nint PrimaryContext(int device)
    {
        nint context;
        Check(PrimaryContextRetain(&context, device), nameof(PrimaryContextRetain));
        return context;
    }

    /// <summary>Loads compiled kernels into a context.</summary>
    public static nint LoadModule(nint context, ReadOnlySpan<byte> compiled)
    {
        nint module;
        Check(ContextPush(context), nameof(ContextPush));
        try
        {
            fixed (byte* data = compiled)
                Check(ModuleLoadData(&module, data), nameof(ModuleLoadData));
        }
        finally
        {
            nint before;
            _ = ContextPop(&before);
        }
        return module;
    }

    /// <summary>A kernel of a module.</summary>
    public static nint Function(nint module, string name)
    {
        nint function;
        var text = Marshal.StringToCoTaskMemUTF8(name);
        try
        {
            Check(ModuleGetFunction(&function, module, (byte*)text), $"{nameof(ModuleGetFunction)} {name}");
        }
        finally
        {
            Marshal.FreeCoTaskMem(text);
        }
        return function;
    }

    /// <summary>Launches a kernel on libtorch's stream, which is the default one: TorchSharp offers no other.</summary>
    public static void Launch(
        nint context, nint function, (int X, int Y) grid, (int X, int Y) block, int sharedBytes, ReadOnlySpan<KernelArgument> arguments)
    {
        var values = stackalloc ulong[arguments.Length];
        var pointers = stackalloc void*[arguments.Length];
        for (var index = 0; index < arguments.Length; index++)
        {
            values[index] = arguments[index].Bits;
            pointers[index] = values + index;
        }
        Check(ContextPush(context), nameof(ContextPush));
        var result = LaunchKernel(
            function, (uint)grid.X, (uint)grid.Y, 1, (uint)block.X, (uint)block.Y, 1, (uint)sharedBytes, 0, pointers, null);
        nint before;
        _ = ContextPop(&before);
        Check(result, nameof(LaunchKernel));
    }

    private static nint Export(string name) => NativeLibrary.GetExport(Library, name);

    private static void Check(int result, string what)
    {
        if (result == 0)
            return;
        byte* text = null;
        _ = GetErrorString(result, &text);
        throw new ExternalException($"CUDA: {what}: {(text is null ? $"error {result}" : Marshal.PtrToStringUTF8((nint)text))}");
    }
}
