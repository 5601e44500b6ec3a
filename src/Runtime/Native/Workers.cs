using System.Diagnostics;
using System.Runtime.CompilerServices;
using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;

namespace UNetGen.Native;

/// <summary>
/// Runs the parts of a kernel on as many threads as libtorch uses (<see cref="torch.set_num_threads"/>), and where libtorch's OpenMP is
/// GNU's, as on Linux, on these threads themselves: they are awake from libtorch's last operator, while threads of .NET's would have to be
/// woken up and would share the processors with them.
/// </summary>
internal static unsafe class Workers
{
    // GOMP_parallel(fn, data, num_threads, flags), the entry that compilers call for "#pragma omp parallel".
    private static readonly delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void> OpenMp =
        (delegate* unmanaged<delegate* unmanaged<nint, void>, nint, uint, uint, void>)FindOpenMp();

    /// <summary>
    /// Runs <paramref name="body"/> for 0 to <paramref name="parts"/> - 1, in no order. What a part computes must not depend on who else
    /// runs.
    /// </summary>
    public static void Run(int parts, Action<int> body)
    {
        var threads = Math.Min(parts, torch.get_num_threads());
        var work = new Work(parts, body);
        if (threads <= 1)
        {
            work.Run();
        }
        else if (OpenMp is not null)
        {
            var handle = GCHandle.Alloc(work);
            OpenMp(&RunOnOne, GCHandle.ToIntPtr(handle), (uint)threads, 0);
            handle.Free();
        }
        else
        {
            Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ => work.Run());
        }
        work.ThrowIfFailed();
    }

    [UnmanagedCallersOnly]
    private static void RunOnOne(nint work) => Unsafe.As<Work>(GCHandle.FromIntPtr(work).Target!).Run();

    private static nint FindOpenMp()
    {
        if (!OperatingSystem.IsLinux() || (AppContext.TryGetSwitch("UNetGen.DotNetThreads", out var dotNet) && dotNet))
            return 0;
        // Libtorch's own copy, whose name has a hash; another copy would have other threads.
        using var process = Process.GetCurrentProcess();
        var file = process.Modules.Cast<ProcessModule>().Select(module => module.FileName).FirstOrDefault(
            name => Path.GetFileName(name).StartsWith("libgomp", StringComparison.Ordinal));
        return file is not null && NativeLibrary.TryLoad(file, out var library)
            && NativeLibrary.TryGetExport(library, "GOMP_parallel", out var entry)
            ? entry
            : 0;
    }

    /// <summary>Parts that several threads take one by one.</summary>
    private sealed class Work(int parts, Action<int> body)
    {
        private int taken;
        private ExceptionDispatchInfo? failure;

        public void Run()
        {
            try
            {
                for (var part = Interlocked.Increment(ref taken) - 1; part < parts; part = Interlocked.Increment(ref taken) - 1)
                    body(part);
            }
            catch (Exception exception)
            {
                // It must not pass through OpenMP's frames.
                failure = ExceptionDispatchInfo.Capture(exception);
            }
        }

        public void ThrowIfFailed() => failure?.Throw();
    }
}
