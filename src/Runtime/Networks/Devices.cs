using System.Globalization;
using TorchSharp;
using UNetGen.Backends.Gpu;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>The device to compute on. Asking for one loads libtorch, and so says in a clear message where it can't be loaded.</summary>
public static class Devices
{
    private static readonly string[] Words = ["auto", "cpu", "cuda"];

    /// <summary>The first NVIDIA GPU where libtorch has CUDA and finds one, else the CPU.</summary>
    /// <exception cref="LibtorchException">libtorch can't be loaded.</exception>
    public static Device Default => Parse(null);

    /// <summary>The device that a text names, as a command line or a file of settings has it.</summary>
    /// <param name="text">
    /// <c>cpu</c>, <c>cuda</c> (the first GPU) or <c>cuda:N</c> (the N-th, from 0); null or <c>auto</c>: as <see cref="Default"/>.
    /// </param>
    /// <param name="localRank">
    /// Number of this process among those of its machine, from 0. Where the text names no GPU's number, the process gets the GPU of its
    /// own number,
    /// or the only one that it sees.
    /// </param>
    /// <exception cref="UNetGenException">
    /// The text is none of these, there is no such device, or there isn't one for each process.
    /// </exception>
    /// <exception cref="LibtorchException">libtorch can't be loaded.</exception>
    public static Device Parse(string? text, int localRank = 0)
    {
        if (text is null or "auto")
        {
            Libtorch.Load();
            text = cuda.is_available() ? "cuda" : "cpu";
        }
        var index = 0;
        var indexed = text.StartsWith("cuda:", StringComparison.Ordinal)
            && int.TryParse(text.AsSpan(5), NumberStyles.None, CultureInfo.InvariantCulture, out index);
        if (text is not ("cpu" or "cuda") && !indexed)
            throw new UNetGenException($"'{text}' is no device: it must be auto, cpu, cuda or cuda:N with N from 0.{Suggestion(text)}");
        Libtorch.Load();
        if (text == "cpu")
            return CPU;
        RequireCuda(text);
        if (!indexed)
            index = GpuOf(localRank, cuda.device_count());
        RequireNumber(text, index);
        return new Device(DeviceType.CUDA, index);
    }

    /// <summary>Refuses a GPU that isn't there, in the words of <see cref="Parse"/>.</summary>
    /// <exception cref="UNetGenException">There is no such device.</exception>
    internal static void Require(Device device)
    {
        if (device.type != DeviceType.CUDA)
            return;
        RequireCuda($"{device}");
        RequireNumber($"{device}", device.index);
    }

    /// <summary>What speaks against computing on a device, a line each for a user; usually nothing.</summary>
    /// <param name="device">As <see cref="Parse"/> returns it.</param>
    public static IReadOnlyList<string> Doubts(Device device)
    {
        ArgumentNullException.ThrowIfNull(device);
        var doubts = new List<string>();
        if (Libtorch.Doubt is { } version)
            doubts.Add(version);
        if (device.type == DeviceType.CUDA && CudaKernels.For(device.index, ScalarType.Float32) is null)
            doubts.Add($"UNetGen's kernels can't be used on this GPU, libtorch's slower ones are: {CudaKernels.Failure}");
        return doubts;
    }

    private static void RequireCuda(string text)
    {
        if (!cuda.is_available())
            throw new UNetGenException(Libtorch.IsForCuda
                ? $"Device '{text}': libtorch finds no NVIDIA GPU whose driver is new enough for its CUDA. "
                    + "See what `nvidia-smi` says, or use the device cpu."
                : Libtorch.InstalledIn is { } folder
                ? $"Device '{text}': the libtorch in {folder} (UNETGEN_LIBTORCH) has no CUDA. Name one that has, or use the device cpu."
                : PackagedLibtorch.IsWanted
                ? $"Device '{text}': the libtorch in {PackagedLibtorch.Folder} is one for the CPU. For a GPU, "
                    + PackagedLibtorch.AdviceForGpu
                : $"Device '{text}': this program was built without CUDA. "
                    + $"Let its project reference TorchSharp-cuda-linux or TorchSharp-cuda-windows "
                    + $"{Libtorch.TorchSharpVersion} in place of the CPU's libtorch (in UNetGen's own tree: build with "
                    + "-p:TorchBackend=cuda), or use the device cpu.");
    }

    private static void RequireNumber(string text, int index)
    {
        if (index >= cuda.device_count())
            throw new UNetGenException(
                $"Device '{text}': libtorch finds {Counted.Of(cuda.device_count(), "GPU")}, counted from 0.");
    }

    /// <summary>Of the words there are, cpu is nearer to gpu.</summary>
    private static string Suggestion(string text) => text == "gpu" ? " Did you mean 'cuda'?" : EditDistance.Suggestion(text, Words);

    /// <summary>A GPU for each process. Launchers that share out GPUs let each process see its own alone, which then is number 0.</summary>
    internal static int GpuOf(int localRank, int gpus) => gpus == 1 ? 0 : localRank < gpus ? localRank : throw new UNetGenException(
        $"This is process {localRank} of its machine, counted from 0, and it sees {gpus} GPUs: "
        + "start at most one process for each, or name a device to share, as cuda:0.");
}
