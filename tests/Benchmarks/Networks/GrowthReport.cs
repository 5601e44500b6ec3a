using System.Globalization;

namespace UNetGen.Benchmarks.Networks;

/// <summary>The table of costs as work grows.</summary>
internal static class GrowthReport
{
    public const string Header = """

        | batch | size | width | training step by hand | generated | an image | by hand / generated | forward by hand | generated | an image | by hand / generated |
        |---|---|---|---|---|---|---|---|---|---|---|
        """;

    /// <summary>A line of it.</summary>
    public static string Of(NetworkResult result) =>
        $"| {result.Network.Batch} | {result.Network.Size} | {result.Network.Width} | "
            + $"{Cells(result.Times[Row.Step], result.Network.Batch)} | {Cells(result.Times[Row.Forward], result.Network.Batch)} |";

    private static string Cells(Readings readings, int images) => string.Create(CultureInfo.InvariantCulture,
        $"{1e3 * readings.Peer:0.0} ms | {1e3 * readings.Generated:0.0} ms | {1e3 * readings.Generated / images:0.00} ms | {readings.Ratio:0.00}");
}
