using TorchSharp;

namespace UNetGen.Kernels;

/// <summary>Runs the parts of a kernel on as many threads as libtorch uses (<see cref="torch.set_num_threads"/>).</summary>
internal static class Workers
{
    /// <summary>Runs <paramref name="body"/> for 0 to <paramref name="parts"/> - 1, in no order. What a part computes must not depend on who else runs.</summary>
    public static void Run(int parts, Action<int> body)
    {
        var threads = Math.Min(parts, torch.get_num_threads());
        if (threads <= 1)
        {
            for (var part = 0; part < parts; part++)
                body(part);
            return;
        }

        var next = -1;
        Parallel.For(0, threads, new ParallelOptions { MaxDegreeOfParallelism = threads }, _ =>
        {
            for (var part = Interlocked.Increment(ref next); part < parts; part = Interlocked.Increment(ref next))
                body(part);
        });
    }
}
