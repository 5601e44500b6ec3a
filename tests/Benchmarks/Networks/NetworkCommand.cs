using System.CommandLine;
using UNetGen.Benchmarks.Onnx;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>
/// The modes that measure networks: <c>networks</c>, <c>gpu</c>, <c>growth</c>, <c>onnx</c>, <c>curves</c>, and the process that they start
/// for a side.
/// </summary>
internal static class NetworkCommand
{
    private static readonly Option<string[]> OnlyNetworks =
        new(
            "--network")
        {
            Description = $"Only this one: {string.Join(", ", NetworkCase.All.Concat(NetworkCase.OnGpu).Select(network => network.Name))}.",
            HelpName = "NAME"
        };
    private static readonly Option<Row[]> OnlyRows =
        new("--row") { Description = $"Only this one: {string.Join(", ", Enum.GetNames<Row>())}.", HelpName = "NAME" };
    private static readonly Option<int> Rounds = Number("--rounds", "Pairs, each made anew.", 3);
    private static readonly Option<int> Repeats = Number("--repeats", "Readings of each row in a round.", 9);
    private static readonly Option<int> Threads = Number("--threads", "Of libtorch.", Environment.ProcessorCount);
    private static readonly Option<string> Device =
        new("--device") { Description = "cpu, cuda or cuda:N.", DefaultValueFactory = _ => "cpu", HelpName = "DEVICE" };
    private static readonly Option<bool> OneProcess =
        new("--in-process") { Description = "Both sides in one process, instead of one for each." };
    private static readonly Option<int?> Width = new("--width")
    {
        Description = $"Bits of a register for .NET and libtorch: {string.Join(", ", Registers.Widths)}. Usually what there is.",
        HelpName = "N",
        CustomParser = result =>
        {
            if (int.TryParse(result.Tokens[0].Value, out var width) && Registers.Widths.Contains(width))
                return width;
            result.AddError($"--width must be {string.Join(", ", Registers.Widths)}, not '{result.Tokens[0].Value}'.");
            return null;
        },
    };

    private static readonly Option<Numbers> InNumbers = new("--precision")
    {
        Description = "float32, tf32 or bf16: in which numbers the generated network computes; the other has float32 instead of bf16.",
        HelpName = "NAME",
    };

    private static readonly Option<int> Steps = Number("--steps", "Steps of training.", 200);

    private static readonly Option<bool> DotNetThreads = new("--dotnet-threads")
    {
        Description = "The kernels' work on .NET's threads, as on Windows and macOS, instead of libtorch's.",
    };

    private static readonly Option<string?> Python = new("--python")
    {
        Description = "A Python that has PyTorch, which then writes the ONNX files instead of UNetGen.",
        HelpName = "COMMAND",
    };

    /// <summary>Runs a mode.</summary>
    /// <param name="args">Its name and its options.</param>
    public static int Run(string[] args)
    {
        try
        {
            return Commands().Parse(args).Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false });
        }
        catch (Exception problem) when (problem is UNetGenException or NetworksDifferException)
        {
            Console.Error.WriteLine(problem.Message);
            return 1;
        }
    }

    /// <summary>
    /// The least work that shows that all still runs, and that both networks of each pair still compute the same: the first in processes of
    /// its own, as it is measured, the others here.
    /// </summary>
    public static void Smoke()
    {
        // One thread: CI runs it beside the tests, where more would wait for each other, and awake.
        var options = new BenchOptions(Rounds: 1, Repeats: 1, Threads: 1, DotNetThreads: false, "cpu", OneProcess: false, WarmsUp: false);
        var networks = NetworkCase.All.Append(NetworkCase.SmallAdm).Select(network => network.Smallest).ToList();
        Networks([networks[0]], Rows.All, options);
        Networks(networks[1..], [Row.Step], options with { OneProcess = true });
    }

    private static RootCommand Commands()
    {
        var networks = new Command("networks", "Measure the generated networks against the same written by hand.")
        {
            OnlyNetworks, OnlyRows, Rounds, Repeats, Threads, DotNetThreads, Width, Device, OneProcess, InNumbers,
        };
        networks.SetAction(parsed => Held(parsed, () =>
            Networks(Chosen(parsed), parsed.GetValue(OnlyRows) is [_, ..] rows ? rows : Rows.All, Options(parsed))));

        var growth = new Command("growth", "Measure the first network in growing batches, sizes and widths.")
        {
            Rounds, Repeats, Threads, DotNetThreads, Width, Device, OneProcess,
        };
        growth.SetAction(parsed => Held(parsed, () => Growth(Options(parsed))));

        var onnx = new Command("onnx", "Measure the generated networks against ONNX Runtime on the CPU: forward passes of 1 and 8 images.")
        {
            OnlyNetworks, Rounds, Repeats, Threads, DotNetThreads, OneProcess, Python,
        };
        onnx.SetAction(parsed => AgainstOnnx(Chosen(parsed), parsed.GetValue(Python), Options(parsed) with { Device = "cpu" }));

        var curves =
            new Command(
                "curves",
                "Train both from the same weights on the same batches, and compare the losses.") { OnlyNetworks, Steps, Threads, Device };
        curves.SetAction(parsed =>
        {
            set_num_threads(parsed.GetValue(Threads));
            foreach (var network in Chosen(parsed))
                Console.WriteLine(LossCurves.Compare(network, parsed.GetValue(Steps), Devices.Parse(parsed.GetValue(Device))));
        });

        return new RootCommand { networks, growth, onnx, curves, GpuCommand(), WorkerCommand() };
    }

    private static Command GpuCommand()
    {
        var modes = new Option<string[]>("--mode")
        {
            Description = $"Only this one: {string.Join(", ", GpuBench.Modes.Select(mode => mode.Name))}.",
            HelpName = "NAME",
        };
        modes.AcceptOnlyFromAmong([.. GpuBench.Modes.Select(mode => mode.Name)]);
        var batch = new Option<int?>("--batch") { Description = "Instead of the network's; at most so many are drawn.", HelpName = "N" };
        var warmUps = Number("--warm-ups", "Readings of each row that don't count.", 3);
        var compared = new Option<bool>("--unchecked") { Description = "Without holding the outputs against each other first." };
        var file = new Option<string?>("--out") { Description = "A line of JSON for each result goes to its end.", HelpName = "FILE" };
        var turns = new Option<string?>("--lock") { Description = "Held while readings are taken, as by bench.py.", HelpName = "FILE" };
        var gpu = new Command("gpu", "Measure the networks that people train on a GPU, each side in its numbers.")
        {
            OnlyNetworks, OnlyRows, modes, batch, Repeats, warmUps, compared, Threads, Device, file, turns,
        };
        gpu.SetAction(parsed => GpuBench.Run(
            new(parsed.GetValue(OnlyNetworks) is [_, ..] names ? [.. names.Select(NetworkCase.Named)] : NetworkCase.OnGpu,
                parsed.GetValue(modes) is [_, ..] some ? [.. GpuBench.Modes.Where(mode => some.Contains(mode.Name))] : GpuBench.Modes,
                parsed.GetValue(OnlyRows) is [_, ..] rows ? rows : GpuBench.Rows,
                parsed.GetValue(batch), parsed.GetValue(warmUps),
                !parsed.GetValue(compared), parsed.GetValue(file), parsed.GetValue(turns)),
            Options(parsed)));
        return gpu;
    }

    /// <summary>Runs a command here, or in a process that is held to the width that was asked for.</summary>
    private static int Held(ParseResult parsed, Action command)
    {
        if (Registers.RunHeld(parsed.GetValue(Width), parsed.Tokens.Select(token => token.Value)) is { } code)
            return code;
        command();
        return 0;
    }

    private static Command WorkerCommand()
    {
        var (name, side) = (new Argument<string>("NETWORK"), new Argument<Side>("SIDE"));
        var (batch, images, steps) = (new Option<int>("--batch"), new Option<int>("--images"), new Option<int>("--steps"));
        var onnx = new Option<string?>("--onnx");
        var worker = new Command(Worker.Command, "Measure one side, as the other modes ask.")
        {
            name, side, batch, images, steps, onnx, Threads, DotNetThreads, Device, InNumbers,
        };
        worker.Hidden = true;
        worker.SetAction(parsed =>
        {
            Use(parsed.GetValue(Threads), parsed.GetValue(DotNetThreads));
            var network = NetworkCase.Named(parsed.GetRequiredValue(name)) with
            {
                Batch = parsed.GetValue(batch),
                DrawnImages = parsed.GetValue(images),
                DrawnSteps = parsed.GetValue(steps),
            };
            if (parsed.GetValue(onnx) is { } file)
                network = network.AgainstOnnx(file, parsed.GetValue(Threads));
            Worker.Serve(network, parsed.GetValue(side), Devices.Parse(parsed.GetValue(Device)), parsed.GetValue(InNumbers));
        });
        return worker;
    }

    private static void Networks(IReadOnlyList<NetworkCase> networks, IReadOnlyList<Row> rows, BenchOptions options)
    {
        if (options is { OneProcess: true, Numbers: Numbers.Bf16 })
            throw new UNetGenException("--precision bf16 needs a process for each side: the one by hand has float32 without TF32.");
        Use(options.Threads, options.DotNetThreads);
        Console.WriteLine(NetworkReport.Heading(options));
        foreach (var network in networks)
            Console.WriteLine(NetworkReport.Of(new PairedRun(network, options).Measure(rows, withMemory: rows.Count > 1)));
    }

    private static void Growth(BenchOptions options)
    {
        Use(options.Threads, options.DotNetThreads);
        Console.WriteLine(NetworkReport.Heading(options));
        Console.WriteLine(GrowthReport.Header);
        foreach (var network in NetworkCase.Growing)
            Console.WriteLine(GrowthReport.Of(new PairedRun(network, options).Measure([Row.Step, Row.Forward], withMemory: false)));
    }

    private static void AgainstOnnx(IReadOnlyList<NetworkCase> networks, string? python, BenchOptions options)
    {
        Use(options.Threads, options.DotNetThreads);
        Console.WriteLine(NetworkReport.Heading(options));
        foreach (var network in networks)
        {
            using var generated = network.Make(Side.Generated);
            using var file = python is null
                ? OnnxFile.Of((NoisePredictor)generated)
                : OnnxFile.ByPyTorch(network.Name, generated.state_dict(), python);
            var against = network.AgainstOnnx(file.Path, options.Threads);
            foreach (var (batch, rows) in ((int, Row[])[])[(8, [Row.OneImage, Row.Forward]), (16, [Row.Forward])])
            {
                var run = new PairedRun(against with { Batch = batch }, options);
                Console.WriteLine(NetworkReport.Of(run.Measure(rows, withMemory: false)));
            }

            Console.WriteLine($"\nThe ONNX file by {file.WrittenBy}.");
        }
    }

    /// <summary>Of this process, before it computes anything.</summary>
    private static void Use(int threads, bool dotNetThreads)
    {
        Native.Libtorch.Load();
        AppContext.SetSwitch("UNetGen.DotNetThreads", dotNetThreads);
        set_num_threads(threads);
    }

    private static IReadOnlyList<NetworkCase> Chosen(ParseResult parsed) =>
        parsed.GetValue(OnlyNetworks) is [_, ..] names ? [.. names.Select(NetworkCase.Named)] : NetworkCase.All;

    private static Option<int> Number(string name, string description, int usual) => new(name)
    {
        Description = description,
        DefaultValueFactory = _ => usual,
        HelpName = "N",
        CustomParser = result =>
        {
            if (!int.TryParse(result.Tokens[0].Value, out var number) || number < 1)
                result.AddError($"{name} must be a whole number from 1, not '{result.Tokens[0].Value}'.");
            return number;
        },
    };

    private static BenchOptions Options(ParseResult parsed) =>
        new(
        parsed.GetValue(Rounds), parsed.GetValue(Repeats), parsed.GetValue(Threads), parsed.GetValue(DotNetThreads),
        parsed.GetValue(Device)!, parsed.GetValue(OneProcess), parsed.GetValue(InNumbers));
}
