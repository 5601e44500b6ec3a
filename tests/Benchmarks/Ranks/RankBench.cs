using System.ComponentModel;
using System.Diagnostics;
using System.Globalization;
using System.Text;
using System.Text.Json;
using UNetGen.Benchmarks.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Ranks;

/// <summary>What a second rank brings: 1 and 2 ranks of one thread each, started by Open MPI's mpirun in turn.</summary>
internal static class RankBench
{
    private const int Rounds = 3;
    private const int Batch = 8;
    private const int Steps = 12;

    /// <returns>The program's exit code: not 0 where there is no mpirun.</returns>
    public static int Run()
    {
        try
        {
            var readings = Enumerable.Range(0, Rounds).Select(_ => (One: Read(1), Two: Read(2))).ToArray();
            var sent = BytesSentPerStep();
            Console.WriteLine(Report([.. readings.Select(pair => pair.One)], [.. readings.Select(pair => pair.Two)], sent));
            return 0;
        }
        catch (Win32Exception error)
        {
            Console.Error.WriteLine($"This bench needs Open MPI's mpirun: {error.Message}");
            return 1;
        }
    }

    private static RankReading Read(int ranks) => JsonSerializer.Deserialize<RankReading>(Start(ranks, Steps, []))!;

    /// <summary>As Open MPI counts what rank 0 sends to rank 1: in 25 steps less in 5, so that what is sent once doesn't count.</summary>
    private static double BytesSentPerStep()
    {
        const int few = 5, many = 25;
        return (Sent(many) - Sent(few)) / (double)(many - few);
    }

    private static long Sent(int steps)
    {
        var folder = Directory.CreateTempSubdirectory("unetgen-ranks-");
        try
        {
            var file = Path.Combine(folder.FullName, "sent");
            Start(2, steps, [
                "--mca", "pml_monitoring_enable", "2", "--mca", "pml_monitoring_enable_output", "3", "--mca", "pml_monitoring_filename",
                file]);
            // A line a pair of ranks: I, from, to, bytes.
            return File.ReadLines($"{file}.0.prof").Where(line => line.StartsWith("I\t", StringComparison.Ordinal))
                .Sum(line => long.Parse(line.Split('\t')[3].Split(' ')[0], CultureInfo.InvariantCulture));
        }
        finally
        {
            folder.Delete(recursive: true);
        }
    }

    /// <summary>The last line that rank 0 writes.</summary>
    private static string Start(int ranks, int steps, string[] more)
    {
        var start = new ProcessStartInfo("mpirun", [
            .. more, "-n", $"{ranks}", "dotnet", typeof(RankBench).Assembly.Location, RankWorker.Command, $"{Batch}", $"{steps}",
        ])
        {
            RedirectStandardOutput = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        start.Environment["TERM"] = "dumb";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        using var process = Process.Start(start)!;
        var lines = process.StandardOutput.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
        process.WaitForExit();
        return process.ExitCode == 0 ? lines[^1] : throw new InvalidOperationException($"mpirun ended with {process.ExitCode}.");
    }

    private static string Report(RankReading[] one, RankReading[] two, double sent)
    {
        var (alone, both) = (Median(one, reading => reading.ImagesPerSecond), Median(two, reading => reading.ImagesPerSecond));
        var gradient = one[0].GradientBytes;
        var text = new StringBuilder();
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"Ranks of one thread each, {Batch} images a rank and step, {nameof(LucidrainsNetwork)} (gradients of {gradient:N0} bytes), "
                + $"medians of {Rounds}; {Machine.Name(CPU)}");
        text.AppendLine();
        text.AppendLine("| ranks | images/s | efficiency | in communication | bytes sent a rank and step | the least possible |");
        text.AppendLine("|---|---|---|---|---|---|");
        text.AppendLine(CultureInfo.InvariantCulture, $"| 1 | {alone:0.0} | | | | |");
        // The least of an all-reduce: 2 (N - 1) / N of the data.
        text.AppendLine(
            CultureInfo.InvariantCulture,
            $"| 2 | {both:0.0} | {both / (2 * alone):P0} | {Median(two, reading => reading.InCommunication):P1} | {sent:N0} | "
                + $"{gradient:N0} |");
        return text.ToString();
    }

    private static double Median(RankReading[] readings, Func<RankReading, double> of) =>
        readings.Select(of).Order().ElementAt(readings.Length / 2);
}
