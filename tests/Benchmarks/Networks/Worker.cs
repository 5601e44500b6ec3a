using System.Diagnostics;
using System.Text.Json;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>
/// A process that measures one side: a question a line, an answer a line. What a side sets for its whole process stays its own.
/// </summary>
internal static class Worker
{
    public const string Command = "worker";
    public const string Ready = "ready";

    /// <summary>Answers until nobody asks any more.</summary>
    public static void Serve(NetworkCase network, Side side, Device device, Numbers numbers)
    {
        using var participant = new Participant(network, side, device, numbers);
        Console.WriteLine(Ready);
        while (Console.ReadLine() is { } question)
        {
            object answer = question.Split(' ') switch
            {
                [nameof(IParticipant.Time), var row] => participant.Time(Enum.Parse<Row>(row)),
                [nameof(IParticipant.MeasureGarbage)] => participant.MeasureGarbage(),
                [nameof(IParticipant.MeasureMemory), var row, var executions] =>
                    participant.MeasureMemory(Enum.Parse<Row>(row), int.Parse(executions)),
                _ => throw new InvalidOperationException($"'{question}' is no question."),
            };
            Console.WriteLine(JsonSerializer.Serialize(answer));
        }
    }
}

/// <summary>One side in a process of its own.</summary>
internal sealed class WorkerProcess : IParticipant
{
    private readonly Process process;
    private readonly string what;

    public WorkerProcess(NetworkCase network, Side side, BenchOptions options)
    {
        what = $"{network.Name}, {side}";
        var start = OwnProgram.With([
            Worker.Command, network.Name, $"{side}", "--batch", $"{network.Batch}", "--images", $"{network.DrawnImages}", "--steps",
            $"{network.DrawnSteps}",
            "--threads", $"{options.Threads}", "--dotnet-threads", $"{options.DotNetThreads}", "--device", options.Device,
            "--precision", $"{GpuSettings.Of(side, options.Numbers)}",
            .. network.OnnxFile is { } file ? ["--onnx", file] : Array.Empty<string>(),
        ]);
        (start.RedirectStandardInput, start.RedirectStandardOutput) = (true, true);
        process = Process.Start(start)!;
        Expect(Worker.Ready);
    }

    public double Time(Row row) => Ask<double>($"{nameof(Time)} {row}");

    public Garbage MeasureGarbage() => Ask<Garbage>(nameof(MeasureGarbage));

    public Memory MeasureMemory(Row row, int executions) => Ask<Memory>($"{nameof(MeasureMemory)} {row} {executions}");

    public void Dispose()
    {
        process.StandardInput.Close();
        process.WaitForExit();
        process.Dispose();
    }

    private T Ask<T>(string question)
    {
        process.StandardInput.WriteLine(question);
        return JsonSerializer.Deserialize<T>(Answer())!;
    }

    private void Expect(string answer)
    {
        if (Answer() is var given && given != answer)
            throw new InvalidOperationException($"The process that measures {what} said '{given}'.");
    }

    /// <summary>What it has to say about its end stands on the error stream, which is this process's.</summary>
    private string Answer()
    {
        if (process.StandardOutput.ReadLine() is { } answer)
            return answer;
        process.WaitForExit();
        throw new InvalidOperationException($"The process that measures {what} ended with code {process.ExitCode}.");
    }
}
