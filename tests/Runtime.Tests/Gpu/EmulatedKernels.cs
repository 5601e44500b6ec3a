using System.Diagnostics;
using System.Runtime.InteropServices;
using UNetGen.Backends.Gpu;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Gpu;

/// <summary>The kernels for GPUs, compiled for this machine's processor, where g++ is there: emulation.cpp.</summary>
internal sealed unsafe class EmulatedKernels : GpuKernels
{
    private static readonly Lazy<EmulatedKernels> Float32 = new(() => new("numbers-float32"));
    private static readonly Lazy<EmulatedKernels> BFloat16 = new(() => new("numbers-bfloat16", "-DBFLOAT16"));

    /// <summary>Whether there is a compiler, and what the emulation needs of the system.</summary>
    public static bool AreThere { get; } = OperatingSystem.IsLinux() && (Environment.GetEnvironmentVariable("PATH") ?? "")
        .Split(Path.PathSeparator).Any(folder => File.Exists(Path.Combine(folder, "g++")));

    private readonly delegate* unmanaged<byte*, int, int, int, int, int, void**, int> launch;

    private EmulatedKernels(string name, params string[] options)
    {
        using var folder = new TemporaryFolder();
        var (source, library) = (folder.Write(name + ".cu", System.Text.Encoding.UTF8.GetBytes(CudaKernels.Source)),
            Path.Combine(folder.Path, name + ".so"));
        var start = new ProcessStartInfo(
            "g++",
            ["-std=c++17", "-O2", "-shared", "-fPIC", "-w", .. options, $"-DKERNELS=\"{source}\"",
                Path.Combine(AppContext.BaseDirectory, "Gpu", "emulation.cpp"), "-o", library])
        {
            RedirectStandardError = true,
        };
        using var compiler = Process.Start(start)!;
        var said = compiler.StandardError.ReadToEnd();
        compiler.WaitForExit();
        Assert.True(compiler.ExitCode == 0, said);
        launch = (delegate* unmanaged<byte*, int, int, int, int, int, void**, int>)NativeLibrary.GetExport(
            NativeLibrary.Load(library), "launch");
    }

    /// <inheritdoc/>
    public override int Blocks => 6;

    public static GpuKernels? For(Tensor x) => x.dtype == ScalarType.BFloat16 ? BFloat16.Value : Float32.Value;

    /// <inheritdoc/>
    public override void Launch(
        string kernel, (int X, int Y) grid, (int X, int Y) block, int shared, params ReadOnlySpan<KernelArgument> arguments)
    {
        Assert.True(block.X * block.Y <= MostThreads && shared * sizeof(float) <= MostShared, $"{kernel}: more than a block has");
        var values = stackalloc ulong[arguments.Length];
        var pointers = stackalloc void*[arguments.Length];
        for (var index = 0; index < arguments.Length; index++)
        {
            values[index] = arguments[index].Bits;
            pointers[index] = values + index;
        }
        var name = Marshal.StringToCoTaskMemUTF8(kernel);
        var result = launch((byte*)name, grid.X, grid.Y, block.X, block.Y, shared, pointers);
        Marshal.FreeCoTaskMem(name);
        Assert.Equal(0, result);
    }
}
