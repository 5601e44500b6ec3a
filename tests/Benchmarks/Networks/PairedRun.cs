using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>How to measure.</summary>
/// <param name="Rounds">Pairs, each made anew.</param>
/// <param name="Repeats">Readings of each row in a round; of a drawing a third.</param>
/// <param name="Threads">Of libtorch, in each process.</param>
/// <param name="DotNetThreads">The kernels run on .NET's threads, as where libtorch has no GNU OpenMP.</param>
/// <param name="Device">As libtorch names it.</param>
/// <param name="OneProcess">Both sides in this process, instead of one for each.</param>
/// <param name="Numbers">In which the generated network computes, and the other where it can.</param>
/// <param name="WarmsUp">Readings that don't count come first.</param>
internal sealed record BenchOptions(
    int Rounds, int Repeats, int Threads, bool DotNetThreads, string Device, bool OneProcess, Numbers Numbers = Numbers.Float32,
    bool WarmsUp = true)
{
    public Device TorchDevice => Devices.Parse(Device);
}

/// <summary>What was measured of a network.</summary>
/// <param name="Network">Which.</param>
/// <param name="Difference">Of the two outputs, the greatest absolute one.</param>
/// <param name="Times">Seconds.</param>
/// <param name="Limit">
/// Floating point operations a second of the matrix product, the most that was read: what disturbs a reading doesn't make the limit lower.
/// </param>
/// <param name="Garbage">By hand, then generated.</param>
/// <param name="Memory">Of training and of sampling, by hand, then generated.</param>
internal sealed record NetworkResult(
    NetworkCase Network, double Difference, IReadOnlyDictionary<Row, Readings> Times, double Limit,
    (Garbage Peer, Garbage Generated)? Garbage, IReadOnlyDictionary<Row, (Memory Peer, Memory Generated)> Memory);

/// <summary>
/// Measures both sides in turn, one directly after the other, so that what else the machine does meets both alike. Each has a process of
/// its own, which waits while the other works.
/// </summary>
internal sealed class PairedRun(NetworkCase network, BenchOptions options)
{
    // Enough that the allocators have settled.
    private const int StepsForMemory = 3;

    // ONNX Runtime's threads spin longest.
    private static readonly TimeSpan Rest = TimeSpan.FromMilliseconds(200);

    /// <summary>Holds the outputs against each other, then measures.</summary>
    public NetworkResult Measure(IReadOnlyList<Row> rows, bool withMemory)
    {
        var difference = Compare();
        var times = rows.ToDictionary(row => row, _ => new Readings());
        var limit = 0.0;
        (Garbage, Garbage)? garbage = null;
        for (var round = 0; round < options.Rounds; round++)
        {
            Console.Error.WriteLine($"{network.Name}, batch {network.Batch}: round {round + 1} of {options.Rounds}");
            using IParticipant peer = Open(Side.Peer), generated = Open(Side.Generated);
            foreach (var row in rows)
            {
                limit = Math.Max(limit, MatrixProduct.Measure(options.TorchDevice));
                Read(row, peer, generated, times[row]);
            }

            if (withMemory)
                garbage ??= (peer.MeasureGarbage(), generated.MeasureGarbage());
        }

        var memory = withMemory
            ? new[] { Row.Step, Row.Sampling }.ToDictionary(row => row, row => (MemoryOf(Side.Peer, row), MemoryOf(Side.Generated, row)))
            : [];
        return new(network, difference, times, limit, garbage, memory);
    }

    /// <summary>Holds the outputs against each other, in float32.</summary>
    /// <returns>The greatest absolute difference.</returns>
    public double Compare()
    {
        using var generated = network.Sketched.EmployGenerated(options.TorchDevice);
        using var peer = network.Sketched.EmployPeer(options.TorchDevice);
        return Equality.Of(network, generated, peer);
    }

    private IParticipant Open(Side side) =>
        options.OneProcess
            ? new Participant(network, side, options.TorchDevice, options.Numbers)
            : new WorkerProcess(network, side, options);

    private void Read(Row row, IParticipant peer, IParticipant generated, Readings readings)
    {
        for (var i = 0; options.WarmsUp && i < row.WarmUps(); i++)
        {
            peer.Time(row);
            generated.Time(row);
        }

        var repeats = row == Row.Sampling ? (options.Repeats + 2) / 3 : options.Repeats;
        for (var i = 0; i < repeats; i++)
        {
            // Neither is always the one that comes second.
            if (i % 2 == 0)
            {
                var first = TimeRested(peer, row);
                readings.Add(first, TimeRested(generated, row));
            }
            else
            {
                var first = TimeRested(generated, row);
                readings.Add(TimeRested(peer, row), first);
            }
        }
    }

    /// <summary>A reading when the other's threads have stopped spinning, which wait for more work for a while.</summary>
    private static double TimeRested(IParticipant participant, Row row)
    {
        Thread.Sleep(Rest);
        return participant.Time(row);
    }

    private Memory MemoryOf(Side side, Row row)
    {
        using var process = new WorkerProcess(network, side, options);
        return process.MeasureMemory(row, row == Row.Step ? StepsForMemory : 1);
    }
}
