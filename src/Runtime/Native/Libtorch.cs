using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Runtime.Loader;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Native;

/// <summary>Loading libtorch. <c>Devices</c> has the device to compute on.</summary>
public static class Libtorch
{
    private static readonly Assembly TorchSharpAssembly = typeof(torch).Assembly;
    /// <summary>Of the package, such as 0.107.0: a program needs the libtorch that goes with it.</summary>
    internal static readonly string TorchSharpVersion = TorchSharpAssembly.GetName().Version!.ToString(3);

    private static readonly InstalledLibtorch? Installed = InstalledLibtorch.OfEnvironment();
    private static readonly LibtorchFiles Files = LibtorchFiles.OfThisProgram(Installed);
    // By its name another one might be found, of the system's.
    private static readonly bool ByFiles = Installed is not null || PackagedLibtorch.IsWanted;
    private static readonly Lazy<nint> LoadedFromFiles = new(LoadFromFiles);
    private static readonly Lazy<bool> Loaded = new(LoadOnce);
    private static readonly Lazy<nint> DataFunction = new(() => NativeLibrary.GetExport(Library(), "THSTensor_data"));
    private static readonly Lazy<nint> NewFunction = new(() => NativeLibrary.GetExport(Library(), "THSTensor_new"));
    private static int installed;

    /// <summary>
    /// Makes TorchSharp find a libtorch that loads, also on Linux distributions whose libstdc++ is older than TorchSharp asks for (Debian
    /// 12, Ubuntu 22.04). Costs next to nothing and loads nothing: it acts only when the ordinary load has failed. (In a program that is
    /// compiled ahead of time .NET tells nobody of that, and libtorch is loaded here.) Called by itself: when
    /// anything of this library is touched, and by build/UNetGen.ModuleInitializer.cs when a program starts. Calling it again does nothing.
    /// </summary>
    /// <remarks>
    /// Where the environment variable <c>UNETGEN_LIBTORCH</c> names a folder with another libtorch, such as <c>torch/lib</c> of a PyTorch
    /// installation, that one is loaded at once instead of the program's own, CUDA included.
    /// </remarks>
    public static void Install()
    {
        if (Interlocked.Exchange(ref installed, 1) == 1)
            return;
        // Windows' libtorch has Intel's Fortran in it, which ends the process at Ctrl-C before a program's own handler is asked.
        if (OperatingSystem.IsWindows())
            NativeEnvironment.SetDefault("FOR_DISABLE_CONSOLE_CTRL_HANDLER", "1");
        if (!OperatingSystem.IsLinux() && !ByFiles)
            return;
        if (OperatingSystem.IsLinux())
            ShareProcessors();
        if (Installed is not null)
            LoadInstalled();
        // Ahead of time compiled, .NET asks no handler, and TorchSharp then looks for a file of its own, which isn't there.
        else if (!RuntimeFeature.IsDynamicCodeSupported)
            LoadQuietly(() => _ = Loaded.Value);
        var context = AssemblyLoadContext.GetLoadContext(TorchSharpAssembly) ?? AssemblyLoadContext.Default;
        context.ResolvingUnmanagedDll += (assembly, name) => assembly == TorchSharpAssembly ? Resolve(name) : 0;
    }

    /// <summary>
    /// libtorch's threads wait for each other by spinning, which on a machine that does other work as well makes everything wait: two
    /// trainings on two cores ran at a tenth of their speed. So they spin shortly and then sleep, unless the user has said otherwise.
    /// </summary>
    private static void ShareProcessors()
    {
        if (Environment.GetEnvironmentVariable("OMP_WAIT_POLICY") is null)
            NativeEnvironment.SetDefault("GOMP_SPINCOUNT", "2000");
    }

    /// <summary>
    /// Before TorchSharp looks for a libtorch by its name, for it may find one of the system's. What goes wrong is told when one is asked
    /// for.
    /// </summary>
    private static void LoadInstalled()
    {
        Resolver();
        LoadQuietly(() => _ = LoadedFromFiles.Value);
    }

    /// <summary>What goes wrong is told by <see cref="Load"/>, and by TorchSharp's first function.</summary>
    private static void LoadQuietly(Action load)
    {
        try
        {
            load();
        }
        catch (LibtorchException)
        {
            // As said.
        }
    }

    private static void Resolver()
    {
        try
        {
            NativeLibrary.SetDllImportResolver(TorchSharpAssembly, (name, _, _) => Resolve(name));
        }
        catch (InvalidOperationException)
        {
            // The program has a resolver of its own for TorchSharp. Where that finds nothing, the event serves.
        }
    }

    private static nint Resolve(string name) => name == "LibTorchSharp" ? LoadedFromFiles.Value : 0;

    private static nint LoadFromFiles()
    {
        Files.CheckAlone();
        Files.CheckComplete();
        nint library = Files.Load();
        // Otherwise the ordinary load would be tried, and fail, once for every native function that TorchSharp calls.
        if (Installed is null)
            Resolver();
        return library;
    }

    /// <summary>
    /// Loads libtorch now (otherwise TorchSharp does at its first use). A program calls it first, or asks for its device here, and so has
    /// one clear message where it can't be loaded; TorchSharp's own speaks of a missing package whatever the reason, and it may copy all of
    /// libtorch beside the program.
    /// </summary>
    /// <exception cref="LibtorchException">It can't be loaded; the message says why and what to do.</exception>
    public static void Load()
    {
        Install();
        _ = Loaded.Value;
    }

    /// <summary>
    /// What speaks against the libtorch that <c>UNETGEN_LIBTORCH</c> names, in one line for a user: that it has another version than
    /// TorchSharp was made for. Null where nothing does.
    /// </summary>
    internal static string? Doubt => Installed?.Doubt;

    /// <summary>The folder that <c>UNETGEN_LIBTORCH</c> names; null where it names none.</summary>
    internal static string? InstalledIn => Installed?.Folder;

    /// <summary>Whether libtorch is one for CUDA, be there a GPU or not.</summary>
    internal static bool IsForCuda => Files.Find("torch_cuda") is not null;

    /// <summary>
    /// The compiler of CUDA C that libtorch for CUDA brings along. Its name has a version and, on Linux, sometimes a hash: so it is found
    /// by the library of libtorch's own that needs it.
    /// </summary>
    /// <exception cref="LibtorchException">It isn't there.</exception>
    internal static nint LoadNvrtc()
    {
        if (Files.Find("caffe2_nvrtc") is not { } user)
            throw new LibtorchException("CUDA's compiler isn't there: libtorch has no caffe2_nvrtc.");
        // Linux finds a library's functions by one that needs it, Windows doesn't.
        var library = NativeLibrary.Load(user);
        return !OperatingSystem.IsWindows() ? library
            : Directory.EnumerateFiles(Path.GetDirectoryName(user)!, "nvrtc64_*.dll").FirstOrDefault(
                file => !file.Contains("alt", StringComparison.Ordinal)) is { } found ? NativeLibrary.Load(found)
            : throw new LibtorchException($"CUDA's compiler isn't there: no nvrtc64_*.dll beside {user}.");
    }

    /// <summary>
    /// Where a tensor's values lie, on whichever device; TorchSharp shows it for the CPU alone, and no more than 2 GB of it.
    /// </summary>
    internal static unsafe nint AddressOf(Tensor tensor) => ((delegate* unmanaged<nint, nint>)DataFunction.Value)(tensor.Handle);

    /// <summary>A contiguous tensor of float32 on the CPU, in memory that somebody else has.</summary>
    /// <param name="memory">Where its values lie.</param>
    /// <param name="giveBack">Called with <paramref name="memory"/> when nothing of libtorch's needs it any more, on any thread.</param>
    /// <param name="shape">Of the tensor.</param>
    internal static unsafe Tensor Wrap(nint memory, delegate* unmanaged<nint, void> giveBack, ReadOnlySpan<long> shape)
    {
        var make =
            (delegate* unmanaged<nint, delegate* unmanaged<nint, void>, long*, int, sbyte, sbyte, int, int, byte, nint>)NewFunction.Value;
        fixed (long* lengths = shape)
        {
            var handle = make(
                memory, giveBack, lengths, shape.Length, (sbyte)ScalarType.Float32, (sbyte)ScalarType.Float32, (int)DeviceType.CPU, -1, 0);
            return handle != 0
                ? Tensor.UnsafeCreateTensor(handle)
                : throw new LibtorchException($"libtorch could not make a tensor [{string.Join(", ", shape.ToArray())}].");
        }
    }

    /// <summary>As TorchSharp would, in the same order, so that its own attempt finds it done.</summary>
    private static bool LoadOnce()
    {
        RequireCurrentFolder();
        Files.CheckAlone();
        Files.CheckComplete();
        if (!ByFiles)
            NativeLibrary.TryLoad("torch_cpu", TorchSharpAssembly, null, out _);
        _ = Library();
        return true;
    }

    /// <summary>Without a current folder libtorch's MKL ends the process, saying that a library of its own can't be loaded.</summary>
    /// <exception cref="LibtorchException">It was deleted.</exception>
    internal static void RequireCurrentFolder()
    {
        try
        {
            _ = Environment.CurrentDirectory;
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new LibtorchException("The current folder isn't there any more: change into another one.", error);
        }
    }

    private static nint Library() =>
        !ByFiles && NativeLibrary.TryLoad("LibTorchSharp", TorchSharpAssembly, null, out nint library)
        ? library
        : LoadedFromFiles.Value;

#pragma warning disable CA2255 // Meant for applications, but nobody should have to know about this one; it costs them an event handler.
    [ModuleInitializer]
    internal static void InstallByItself() => Install();
#pragma warning restore CA2255
}
