using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>The tables of docs/performance.md, ready to be put there.</summary>
internal static class NetworkReport
{
    /// <summary>Where, when and how it was measured.</summary>
    public static string Heading(BenchOptions options)
    {
        var threads = Count(options.Threads, "thread") + (options.DotNetThreads ? " (the kernels' are .NET's)" : "");
        var pairs = $"{Count(options.Rounds, "pair")} {(options.OneProcess ? "in one process" : "of processes")}";
        var machine = $"{Machine.Name(options.TorchDevice)}, {threads}, libtorch {__version__}";
        return Text($"{DateTime.UtcNow:yyyy-MM-dd}, {machine}; {pairs}, {Count(options.Repeats, "reading")} each");
    }

    /// <summary>A network's table.</summary>
    public static string Of(NetworkResult result) => Text($"""

        **{result.Network.Name}**, {result.Network.Width}, {result.Network.Size} x {result.Network.Size} x {result.Network.Channels}: {result.Network.ForwardFlops / 1e9:0.000} GFLOP forward an image. Outputs differ by at most {result.Difference:0.0e0}. The float32 product: {result.Limit / 1e9:0} GFLOP/s.

        | | {result.Network.PeerName} | generated | {result.Network.PeerName} / generated | middle half of the pairs |
        |---|---|---|---|---|
        {string.Join('\n', Lines(result))}
        """);

    private static IEnumerable<string> Lines(NetworkResult result)
    {
        var (network, times) = (result.Network, result.Times);
        foreach (var (row, readings) in times)
        {
            var images = row.Images(network);
            yield return Line(
                row.Title(network), readings.Peer, readings.Generated,
                seconds => Time(seconds) + (images > 0 ? Text($", {images / seconds:0.0} images/s") : ""),
                Text($"{readings.Spread.Low:0.00} to {readings.Spread.High:0.00}"));
        }

        foreach (var (row, readings) in times.Where(pair => pair.Key.Flops(network) > 0))
            yield return Share(
                $"{row.Title(network)}: of the product's speed", row.Flops(network) / readings.Peer / result.Limit,
                row.Flops(network) / readings.Generated / result.Limit);
        if (times.TryGetValue(Row.Update, out var update) && times.TryGetValue(Row.Step, out var step))
            yield return Share("optimiser and EMA: of a step", update.Peer / step.Peer, update.Generated / step.Generated);
        foreach (var (row, (peer, generated)) in result.Memory)
        {
            var what = row == Row.Step ? "training" : "sampling";
            yield return Line($"peak resident memory, {what}", peer.Peak, generated.Peak, Mebibytes);
            if (generated.Gpu > 0)
                yield return Line($"peak GPU memory, {what}", peer.Gpu, generated.Gpu, Mebibytes);
            yield return Line(
                $"... beyond libtorch and the network", peer.Peak - peer.Constructed, generated.Peak - generated.Constructed, Mebibytes);
        }

        if (result.Garbage is var (ofPeer, ofGenerated))
        {
            yield return Line("managed garbage a step", ofPeer.Bytes, ofGenerated.Bytes, bytes => Text($"{bytes / 1024:0} KiB"));
            yield return Line("tensors made a step", ofPeer.Tensors, ofGenerated.Tensors, number => Text($"{number:0}"));
            yield return Line(
                "objects left to the finaliser a step", ofPeer.Finalised, ofGenerated.Finalised, number => Text($"{number:0}"));
        }
    }

    private static string Line(string what, double peer, double generated, Func<double, string> show, string spread = "") =>
        Text($"| {what} | {show(peer)} | {show(generated)} | {peer / generated:0.00} | {spread} |");

    private static string Share(string what, double peer, double generated) =>
        Text($"| {what} | {100 * peer:0.0} % | {100 * generated:0.0} % | | |");

    private static string Time(double seconds) => seconds switch
    {
        >= 10 => Text($"{seconds:0.0} s"),
        >= 1 => Text($"{seconds:0.00} s"),
        _ => Text($"{1e3 * seconds:0.0} ms"),
    };

    private static string Mebibytes(double bytes) => Text($"{bytes / (1 << 20):0} MiB");

    private static string Count(int number, string what) => Text($"{number} {what}{(number == 1 ? "" : "s")}");

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
