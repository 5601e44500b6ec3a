using System.Text.Json;
using UNetGen.Interop.Diffusers;
using UNetGen.Logging;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Formats;

/// <summary>
/// A program that does all that reads or writes JSON, where .NET has no reflection for it, as in one that is trimmed or run from a single
/// source file.
/// </summary>
internal static class NoReflectionProcess
{
    private static readonly TrainingOptions Options =
        new() { Steps = 4, BatchSize = 2, Ema = [new() { Decay = 0.9, UpdateEvery = 1, StartAfter = 0 }] };

    public static int Run(string folder)
    {
        AppContext.SetSwitch("System.Text.Json.JsonSerializer.IsReflectionEnabledByDefault", false);
        Console.WriteLine($"reflection: {JsonSerializer.IsReflectionEnabledByDefault}");
        using var network = new TwoConvNet(classes: 3);
        var store = new CheckpointStore(Path.Combine(folder, "checkpoints"));
        var log = Path.Combine(folder, "log.jsonl");
        using (var first = new Trainer(network, new Stripes(classes: 2), Options))
        using (var lines = TrainingLog.Open(log))
        using (var stop = new CancellationTokenSource())
        {
            RunStart.Now(CPU).AppendTo(Path.Combine(folder, "starts.jsonl"));
            Stoppable.Train(first, step => { lines.Write(step); if (step.Step == 2) stop.Cancel(); }, store, stop.Token);
        }
        using (var second = new Trainer(network, new Stripes(classes: 2), Options))
        using (var lines = TrainingLog.Open(log, continueAfter: 2))
        {
            second.Restore(store.Newest()!);
            second.Train(lines.Write, store);
        }
        using (var other = new Trainer(network, new Stripes(classes: 2), Options with { LearningRate = 0.5 }))
            Try(() => other.Restore(store.Newest()!));

        var checkpoint = Checkpoint.Open(folder);
        Console.WriteLine(
            $"step {checkpoint.Info!.Step}, {TrainingLog.Read(log).Count} lines, "
                + $"{RunStart.Read(Path.Combine(folder, "starts.jsonl")).Count} start");
        foreach (var count in (int[])[1, 2])
        {
            // It counts its calls among its tensors.
            checkpoint.LoadInto(network);
            Console.WriteLine($"drawn: {new SampleFolder(Path.Combine(folder, "drawn")).Draw(network, new DdimSampler(2), new() { Count = count, Labels = [0, 2] })}");
        }
        Console.WriteLine(new SampleFolder(Path.Combine(folder, "drawn")).Describe().Network);

        using var ddpm = new DdpmTinyUNet();
        DiffusersFolder.Save(Path.Combine(folder, "pipe"), ddpm);
        DiffusersFolder.Open(Path.Combine(folder, "pipe")).LoadInto(ddpm);
        File.WriteAllText(Path.Combine(folder, "pipe/unet/config.json"), """{ "_class_name": 3, "block_out_channels": [null] }""");
        Try(() => DiffusersFolder.Open(Path.Combine(folder, "pipe")));
        return 0;
    }

    private static void Try(Action action)
    {
        try
        {
            action();
        }
        catch (UNetGenException error)
        {
            Console.WriteLine(error.Message);
        }
    }
}
