using System.Collections.Concurrent;
using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>
/// The kernels for one NVIDIA GPU, compiled there when they are first asked for, in a second or less, and launched in libtorch's own
/// context behind its operators.
/// </summary>
internal sealed class CudaKernels : GpuKernels
{
    // How many blocks of 256 threads a multiprocessor holds.
    private const int BlocksOfAMultiprocessor = 8;

    private static readonly string[] Sources = ["Numbers.cu", "Sums.cu", "GroupNorm.cu", "RmsNorm.cu"];
    private static readonly ConcurrentDictionary<(int Device, ScalarType Type), Lazy<CudaKernels?>> Compiled = new();

    private readonly nint context;
    private readonly nint module;
    private readonly ConcurrentDictionary<string, nint> functions = new();

    private CudaKernels(int index, ScalarType type)
    {
        var device = CudaDriver.Device(index);
        var architecture = 10 * CudaDriver.AttributeOf(device, CudaDriver.Attribute.Major)
            + CudaDriver.AttributeOf(device, CudaDriver.Attribute.Minor);
        Blocks = BlocksOfAMultiprocessor * CudaDriver.AttributeOf(device, CudaDriver.Attribute.Multiprocessors);
        context = CudaDriver.PrimaryContext(device);
        string[] options = [$"--gpu-architecture=sm_{architecture}", .. type == ScalarType.BFloat16 ? ["-DBFLOAT16"] : Array.Empty<string>()];
        module = CudaDriver.LoadModule(context, Nvrtc.Compile(Source, options));
    }

    /// <summary>Why there are no kernels though there is a GPU, in a line; null where there are, or nobody has asked yet.</summary>
    public static string? Failure { get; private set; }

    /// <summary>All kernels, in CUDA C.</summary>
    public static string Source { get; } = string.Concat(Sources.Select(Read));

    /// <inheritdoc/>
    public override int Blocks { get; }

    /// <summary>
    /// The kernels for a tensor's device and numbers; null where it isn't a GPU's, or they can't be compiled or loaded there, which
    /// <see cref="Failure"/> tells: libtorch's operators do then.
    /// </summary>
    public static GpuKernels? For(Tensor x) => x.device_type == DeviceType.CUDA ? For(x.device_index, x.dtype) : null;

    /// <summary>As <see cref="For(Tensor)"/>, for a GPU by its number.</summary>
    public static GpuKernels? For(int device, ScalarType type) =>
        Compiled.GetOrAdd((device, type), static key => new(() => Make(key.Device, key.Type))).Value;

    /// <inheritdoc/>
    public override void Launch(
        string kernel, (int X, int Y) grid, (int X, int Y) block, int shared, params ReadOnlySpan<KernelArgument> arguments) =>
        CudaDriver.Launch(
            context, functions.GetOrAdd(kernel, name => CudaDriver.Function(module, name)), grid, block, shared * sizeof(float), arguments);

    private static CudaKernels? Make(int index, ScalarType type)
    {
        try
        {
            return new(index, type);
        }
        catch (Exception error) when (
            error is LibtorchException or ExternalException or DllNotFoundException or EntryPointNotFoundException
                or TypeInitializationException)
        {
            Failure ??= (error as TypeInitializationException)?.InnerException?.Message ?? error.Message;
            return null;
        }
    }

    private static string Read(string name)
    {
        using var stream = typeof(CudaKernels).Assembly.GetManifestResourceStream(name)!;
        using var reader = new StreamReader(stream);
        return reader.ReadToEnd();
    }
}
