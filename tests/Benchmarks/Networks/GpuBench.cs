using System.Globalization;
using System.Text.Json;

namespace UNetGen.Benchmarks.Networks;

/// <summary>What is asked of <see cref="GpuBench"/>.</summary>
/// <param name="Networks">Which.</param>
/// <param name="Modes">Of <see cref="GpuBench.Modes"/>.</param>
/// <param name="Rows">Of <see cref="GpuBench.Rows"/>.</param>
/// <param name="Batch">Instead of each network's own; at most so many images are drawn.</param>
/// <param name="WarmUps">Readings of each row that don't count.</param>
/// <param name="Compared">Whether outputs are held against each other first.</param>
/// <param name="Out">A file for a line of JSON for each result.</param>
/// <param name="Lock">A file to take turns by.</param>
internal sealed record GpuOptions(
    IReadOnlyList<NetworkCase> Networks, IReadOnlyList<GpuMode> Modes, IReadOnlyList<Row> Rows, int? Batch, int WarmUps, bool Compared,
    string? Out, string? Lock);

/// <summary>A side in its numbers.</summary>
internal sealed record GpuMode(string Name, Side Side, Numbers Numbers);

/// <summary>
/// The networks that people train on a GPU, each side in its numbers in a process of its own, one after the other: on a GPU nothing else
/// disturbs, and time on it is short.
/// </summary>
internal static class GpuBench
{
    /// <summary>What is measured.</summary>
    public static IReadOnlyList<GpuMode> Modes { get; } =
    [
        new("peer-float32", Side.Peer, Numbers.Float32),
        new("peer-tf32", Side.Peer, Numbers.Tf32),
        new("generated-float32", Side.Generated, Numbers.Float32),
        new("generated-tf32", Side.Generated, Numbers.Tf32),
        new("generated-bf16", Side.Generated, Numbers.Bf16),
    ];

    /// <summary>In the order in which they need memory: libtorch keeps what it took, so a row's peak is what is in use after it.</summary>
    public static IReadOnlyList<Row> Rows { get; } = [Row.Forward, Row.Sampling, Row.Step];

    /// <summary>Prints a table as it is measured.</summary>
    /// <param name="asked">What.</param>
    /// <param name="options">How.</param>
    public static void Run(GpuOptions asked, BenchOptions options)
    {
        Console.WriteLine(NetworkReport.Heading(options with { Rounds = 1 }));
        foreach (var of in asked.Networks)
        {
            var network = asked.Batch is { } batch ? of with { Batch = batch, DrawnImages = Math.Min(of.DrawnImages, batch) } : of;
            Console.WriteLine($"\n**{network.Name}**, {network.Width}, {network.Size} x {network.Size} x {network.Channels}");
            if (asked.Compared)
                Compare(network, options);
            Console.WriteLine("\n| | | images/s | ms | peak GPU memory, MB |\n|---|---|---|---|---|");
            foreach (var mode in asked.Modes)
                Measure(network, mode, asked, options);
        }
    }

    private static void Compare(NetworkCase network, BenchOptions options)
    {
        try
        {
            var difference = new PairedRun(network, options).Compare();
            Console.WriteLine(Text($"\nOutputs differ by at most {difference:0.0e0}."));
        }
        catch (NetworksDifferException problem)
        {
            // Time on a GPU is short: said, and seen in the report, is enough.
            Console.WriteLine($"\n{problem.Message} It was all the same.");
        }
    }

    private static void Measure(NetworkCase network, GpuMode mode, GpuOptions asked, BenchOptions options)
    {
        try
        {
            using var process = new WorkerProcess(network, mode.Side, options with { Numbers = mode.Numbers });
            foreach (var row in Rows.Where(asked.Rows.Contains))
            {
                using var turn = Turn.Take(asked.Lock);
                for (var i = 0; i < asked.WarmUps; i++)
                    process.Time(row);
                var readings = Enumerable.Range(0, row == Row.Sampling ? (options.Repeats + 2) / 3 : options.Repeats)
                    .Select(_ => process.Time(row)).Order().ToArray();
                Report(network, mode, row, readings[readings.Length / 2], process.MeasureMemory(row, executions: 0).Gpu, asked.Out);
            }
        }
        catch (InvalidOperationException problem)
        {
            // As out of memory: the others go on.
            Console.WriteLine($"| {mode.Name} | {problem.Message} | | | |");
        }
    }

    private static void Report(NetworkCase network, GpuMode mode, Row row, double seconds, long memory, string? file)
    {
        var images = row.Images(network);
        Console.WriteLine(
            Text($"| {mode.Name} | {row.Title(network)} | {images / seconds:0.0} | {1e3 * seconds:0.0} | {memory / 1e6:0} |"));
        if (file is not null)
            File.AppendAllText(
                file,
                JsonSerializer.Serialize(new
                {
                    network = network.Name,
                    side = mode.Side.ToString().ToLowerInvariant(),
                    mode = mode.Name,
                    row = row.ToString().ToLowerInvariant(),
                    images,
                    seconds,
                    images_per_second = images / seconds,
                    device_used = memory,
                }) + "\n");
    }

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
