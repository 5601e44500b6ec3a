using System.Diagnostics;
using UNetGen.Distributed;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>What tests let several processes do together.</summary>
internal static class RankProcess
{
    public static int Run(string[] what)
    {
        ICollective collective;
        try
        {
            // Short pieces, for tensors of a test's size to have several.
            collective = Ranks.FromEnvironment(piece: 70_000);
        }
        catch (MpiException error)
        {
            Console.Error.WriteLine(error.Message);
            return 1;
        }
        Console.WriteLine($"{collective.Rank} of {collective.Size}, local {collective.LocalRank}: {collective.Description}");
        switch (what)
        {
            case ["sum"]:
                Sum(collective);
                break;
            case ["maps"]:
                Console.WriteLine(File.ReadAllText("/proc/self/maps").Contains("libmp", StringComparison.Ordinal) ? "MPI" : "no MPI");
                break;
            case ["end", var how, var rank]:
                var ends = $"{collective.Rank}" == rank;
                if (!ends)
                    Console.WriteLine("waits");
                // None ends before the others have said that they wait.
                collective.Barrier();
                if (ends)
                    return End(collective, how);
                Wait(collective);
                break;
        }
        collective.Dispose();
        Check(collective.Size == 1 || Caught<ObjectDisposedException>(collective.Barrier), "after the end");
        return 0;
    }

    /// <summary>
    /// Whole numbers, so that every order of adding gives the same; then such that rounding would tell apart who added in another order.
    /// </summary>
    private static void Sum(ICollective collective)
    {
        int rank = collective.Rank, size = collective.Size;
        using var scope = NewDisposeScope();
        foreach (var type in new[] { ScalarType.Float32, ScalarType.Float64, ScalarType.Int64 })
            foreach (var length in new[] { 0, 1, 5, 1000, 300_007 })
            {
                using var numbers = arange(length, type) * (rank + 1);
                collective.AllReduce(numbers);
                using var expected = arange(length, type) * (size * (size + 1) / 2);
                Check(numbers.equal(expected).all().item<bool>(), $"sum of {length} {type}");
            }

        using var rough = randn(100_003, generator: new Generator((ulong)rank));
        collective.AllReduce(rough);
        using var first = rough.clone();
        collective.Broadcast(first, 0);
        Check(rough.equal(first).all().item<bool>(), "all have the same bits");

        Task.Run(() => collective.AllReduce(first)).Wait();
        Check(first.equal(rough * size).all().item<bool>(), "from another thread");

        // A parameter, and a type that has no sum.
        using var weight = full(3, 4, (float)rank, requires_grad: true);
        collective.Broadcast(weight, size - 1);
        Check(weight.equal(full(3, 4, (float)(size - 1))).all().item<bool>() && weight.requires_grad, "broadcast");
        using var half = full(7, (float)rank, dtype: ScalarType.BFloat16);
        collective.Broadcast(half, 0);
        Check(half.equal(0).all().item<bool>(), "broadcast of bfloat16");

        // .NET makes exceptions of segmentation faults, for which communication libraries have handlers too.
        Check(Caught<NullReferenceException>(() => ((string?)null)!.Trim()), "null");
        using var matrix = ones(3, 4);
        using var transposed = matrix.t();
        Check(Caught<ArgumentException>(() => collective.AllReduce(transposed)), "contiguous");
        Check(Caught<ArgumentException>(() => collective.AllReduce(half)), "sum of bfloat16");
        using var without = empty(4, device: META);
        Check(Caught<ArgumentException>(() => collective.AllReduce(without)), "sum of nothing");
        Check(Caught<ArgumentException>(() => collective.Broadcast(without, 0)), "broadcast of nothing");
        Check(Caught<ArgumentNullException>(() => collective.AllReduce(null!)), "sum of null");
        Check(Caught<InvalidOperationException>(() => Ranks.FromEnvironment()), "a second beginning");
        Check(Caught<ArgumentOutOfRangeException>(() => collective.Broadcast(matrix, size)), "root");
        collective.Barrier();
        Console.WriteLine("sums agree");
    }

    private static bool Caught<TException>(Action action)
        where TException : Exception
    {
        try
        {
            action();
            return false;
        }
        catch (TException)
        {
            return true;
        }
    }

    private static void Check(bool holds, string what)
    {
        if (!holds)
            throw new InvalidOperationException($"wrong: {what}");
    }

    /// <summary>In an operation for which all have to come, for ever.</summary>
    private static void Wait(ICollective collective)
    {
        using var numbers = ones(1000);
        while (true)
            collective.AllReduce(numbers);
    }

    private static int End(ICollective collective, string how)
    {
        // The others are in their wait by then, and the launcher has passed on what they said.
        Thread.Sleep(300);
        switch (how)
        {
            case "kill":
                Process.GetCurrentProcess().Kill();
                break;
            case "throw":
                throw new InvalidOperationException("thrown on purpose");
            case "abort":
                // While the main thread is where the others are.
                _ = Task.Run(() => collective.Abort(7));
                Wait(collective);
                break;
            case "term":
                Process.Start("kill", ["-TERM", $"{Environment.ProcessId}"]);
                Thread.Sleep(Timeout.Infinite);
                break;
            case "exit":
                Environment.Exit(5);
                break;
        }
        return how == "return" ? 3 : 0;
    }
}
