using System.Globalization;
using System.Text;
using BenchmarkDotNet.Reports;

namespace UNetGen.Benchmarks;

/// <summary>The tables of docs/performance.md, ready to be put there.</summary>
internal static class Report
{
    public static string Of(Summary[] summaries, IReadOnlyList<BuildTimes> builds) =>
        $"{DateTime.UtcNow.ToString("yyyy-MM-dd", CultureInfo.InvariantCulture)}, "
            + $"{summaries[0].HostEnvironmentInfo.Cpu.Value?.ProcessorName}, {Environment.ProcessorCount} cores\n"
        + Runs(summaries[0]) + Stages(summaries[1]) + Of(builds);

    public static string Of(IReadOnlyList<BuildTimes> builds)
    {
        var text = new StringBuilder(
            "\n| `dotnet build` of a project with | compiler server | median | fastest | slowest |\n|---|---|---|---|---|\n");
        foreach (var kind in builds)
        {
            text.Append(CultureInfo.InvariantCulture,
                $"| {kind.Project} | {(kind.CompilerServer ? "running" : "none")} | {kind.Median.TotalSeconds:0.00} s | "
                    + $"{kind.Sorted[0].TotalSeconds:0.00} s | {kind.Sorted[^1].TotalSeconds:0.00} s |\n");
        }

        return text.ToString();
    }

    private static string Runs(Summary summary)
    {
        var text = new StringBuilder("\n| | specs | time | Roslyn alone | allocated | Roslyn alone |\n|---|---|---|---|---|---|\n");
        foreach (
            var same in summary.Reports
                .GroupBy(report => (What(report), Specs: (int)report.BenchmarkCase.Parameters[nameof(GeneratorBenchmarks.Specs)]))
                .OrderBy(same => same.Key.Specs))
        {
            var (ours, roslyn) = (Of(Contender.UNetGen), Of(Contender.RoslynOnly));
            text.Append($"| {same.Key.Item1} | {same.Key.Specs} | {Time(ours)} | {Time(roslyn)} | {Bytes(ours)} | {Bytes(roslyn)} |\n");

            BenchmarkReport Of(Contender contender) =>
                same.Single(report => report.BenchmarkCase.Parameters[nameof(GeneratorBenchmarks.Generator)].Equals(contender));
        }

        return text.ToString();
    }

    private static string Stages(Summary summary)
    {
        var text = new StringBuilder("\n| stage, one spec | time | allocated |\n|---|---|---|\n");
        foreach (var report in summary.Reports)
            text.Append($"| {What(report)} | {Time(report)} | {Bytes(report)} |\n");
        return text.ToString();
    }

    private static string What(BenchmarkReport report) => report.BenchmarkCase.Descriptor.WorkloadMethodDisplayInfo.Trim('\'');

    private static string Time(BenchmarkReport report) => report.ResultStatistics is { } statistics
        ? (statistics.Median / 1e6).ToString(statistics.Median < 1e6 ? "0.0000 ms" : "0.0 ms", CultureInfo.InvariantCulture)
        : "failed";

    private static string Bytes(BenchmarkReport report) =>
        ((report.GcStats.GetBytesAllocatedPerOperation(report.BenchmarkCase) ?? 0) / 1024.0).ToString(
            "#,0.0 KiB", CultureInfo.InvariantCulture);
}
