using BenchmarkDotNet.Columns;
using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Diagnosers;
using BenchmarkDotNet.Filters;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Reports;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;
using Perfolizer.Horology;
using UNetGen.Benchmarks;
using UNetGen.Benchmarks.Networks;
using UNetGen.Benchmarks.Ranks;

// One process for all: warm, as the compiler's is in an IDE.
var once = Job.Default.WithToolchain(InProcessEmitToolchain.Instance);
var measured = once.WithWarmupCount(10).WithIterationCount(15).WithIterationTime(TimeInterval.FromMilliseconds(100));
switch (args)
{
    case []:
        var summaries = Run(Config(measured));
        var builds = BuildComparison.Run(specs: 100, rounds: 5);
        Console.WriteLine(Report.Of(summaries, builds));
        return Failed(summaries) ? 1 : 0;

    case ["networks" or "gpu" or "growth" or "onnx" or "curves" or Worker.Command, ..]:
        return NetworkCommand.Run(args);

    case ["ranks"]:
        return RankBench.Run();

    case [RankWorker.Command, var batch, var steps]:
        RankWorker.Run(int.Parse(batch), int.Parse(steps));
        return 0;

    case ["build"]:
        Console.WriteLine(Report.Of(BuildComparison.Run(specs: 100, rounds: 5)));
        return 0;

    case ["smoke"]:
        // Every benchmark once, in its smallest form: do they still run?
        var smallest = Run(
            Config(
                once.WithStrategy(BenchmarkDotNet.Engines.RunStrategy.Monitoring).WithWarmupCount(0).WithIterationCount(1)
                    .WithInvocationCount(1).WithUnrollFactor(1))
            .AddFilter(new SimpleFilter(benchmark => benchmark.Parameters[nameof(GeneratorBenchmarks.Specs)] is null or 10)));
        Console.WriteLine(Report.Of(smallest, BuildComparison.Once(specs: 10)));
        NetworkCommand.Smoke();
        return Failed(smallest) ? 1 : 0;

    default:
        return Failed([.. BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly).Run(args, Config(measured))]) ? 1 : 0;
}

static ManualConfig Config(Job job) => ManualConfig.CreateMinimumViable()
    .AddJob(job)
    .AddDiagnoser(MemoryDiagnoser.Default)
    .AddColumn(StatisticColumn.Median)
    .WithArtifactsPath(Path.Combine(AppContext.BaseDirectory, "results"));

static Summary[] Run(IConfig config) => [BenchmarkRunner.Run<GeneratorBenchmarks>(config), BenchmarkRunner.Run<StageBenchmarks>(config)];

static bool Failed(Summary[] summaries) =>
    summaries.Any(summary => summary.HasCriticalValidationErrors || summary.Reports.Any(report => !report.Success));
