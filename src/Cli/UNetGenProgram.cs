using System.CommandLine;
using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using System.Text.RegularExpressions;
using Spectre.Console;
using UNetGen.Cli.Runs;
using UNetGen.Cli.Specs;
using UNetGen.Distributed;
using UNetGen.Files;
using UNetGen.Native;

namespace UNetGen.Cli;

/// <summary>
/// The command line, for the networks of a project: <c>return UNetGenProgram.Run(args);</c> is a whole program. Without a command it does
/// the main job: trains a network on the shapes.
/// </summary>
public static partial class UNetGenProgram
{
    /// <summary>The exit code after Ctrl-C, as shells have it.</summary>
    internal const int Interrupted = 130;

    /// <summary>The exit code of what went wrong.</summary>
    internal const int Failure = 1;

    private const int Usage = 2;

    // SIGXFSZ of Linux and macOS.
    private const int FileSizeExceeded = 25;
    private const int LongestWord = 400;

    // Of an error that all ranks meet, rank 0 tells, and ends the others while they still wait.
    private static readonly TimeSpan FirstWord = TimeSpan.FromSeconds(2);

    // Made when it is asked for: what is set of the console comes before.
    private static readonly Lazy<IAnsiConsole> ErrorConsole = new(
        () => AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(Console.Error) }));

    // Never given up: the signal is looked at some time after the write, and would end the process if nobody cared any more.
    private static PosixSignalRegistration? tooLarge;

    private static IAnsiConsole Errors => ErrorConsole.Value;

    /// <summary>Does what a command line says. It sets the console and the culture of the process, and is for its main method.</summary>
    /// <param name="args">The command line's words; <c>--help</c> lists commands and options.</param>
    /// <returns>The exit code: 0, 1 where something went wrong, 2 for a wrong command line, 130 after Ctrl-C.</returns>
    /// <remarks>
    /// The networks are those that were generated into the calling assembly. Its errors go to standard error, each in a sentence; what is a
    /// bug is thrown.
    /// </remarks>
    [MethodImpl(MethodImplOptions.NoInlining)]
    public static int Run(string[] args)
    {
        Assembly caller;
        try
        {
            caller = Assembly.GetCallingAssembly();
        }
        catch (PlatformNotSupportedException)
        {
            Console.Error.WriteLine("error: this program was compiled ahead of time, and can't find its networks so: publish it with "
                + "-p:PublishAot=false (in a file-based app: #:property PublishAot=false).");
            return Failure;
        }
        return Run(args, caller);
    }

    /// <summary>The same, of the networks of other assemblies.</summary>
    /// <param name="args">The command line's words.</param>
    /// <param name="networks">Where networks are looked for; none: only specs and checkpoints named on the command line.</param>
    /// <returns>The exit code.</returns>
    public static int Run(string[] args, params IReadOnlyList<Assembly> networks)
    {
        // Before anything that a library is needed for: none could be loaded.
        if (Shortage.Ahead() is { } missing)
        {
            Console.Error.WriteLine($"error: {missing}");
            return Failure;
        }
        // From as early as can be to the very end: a rank that waits for the others' is not to die of a signal that they heed.
        using var interrupt = new Interrupt();
        AppDomain.CurrentDomain.UnhandledException += EndWhereNobodyCatches;
        NativeEnd.Install();
        Catalog.Take(networks);
        return Start(args, interrupt);
    }

    /// <summary>Whether what is shown goes elsewhere than to one person's terminal: lines instead of bars.</summary>
    internal static bool Plain { get; private set; }

    /// <summary>Without a network of its own, as the tool is.</summary>
    private static bool HasNothingToTrain => Catalog.Generated.Count == 0;

    [MethodImpl(MethodImplOptions.NoInlining)]
    private static int Start(string[] args, Interrupt interrupt)
    {
        // Open MPI gives each rank a terminal of its own, to which .NET and Spectre would write codes that end in the middle of the
        // launcher's output.
        if (Ranks.IsLaunched)
            Environment.SetEnvironmentVariable("TERM", "dumb");
        // 0.002 means the same on a German machine.
        CultureInfo.DefaultThreadCurrentCulture = CultureInfo.CurrentCulture = CultureInfo.InvariantCulture;
        SpeakUtf8();
        // Of a limit on the size of files (ulimit -f) the write itself is to say so, as of a full disk.
        if (!OperatingSystem.IsWindows())
            tooLarge ??= PosixSignalRegistration.Create((PosixSignal)FileSizeExceeded, context => context.Cancel = true);
        ICollective ranks;
        try
        {
            ranks = Ranks.FromEnvironment();
        }
        catch (MpiException error)
        {
            Say(error.Message);
            return Failure;
        }
        Plain = Console.IsOutputRedirected || ranks.Size > 1;
        if (ranks.Rank > 0)
            Console.SetOut(TextWriter.Null);
        else
            Console.SetOut(new CheckedOutput(Console.Out, isTerminal: !Console.IsOutputRedirected));
        // A file or a pipe has no width: lines stay whole.
        if (Plain)
            AnsiConsole.Profile.Width = 1000;
        if (Console.IsErrorRedirected || ranks.Size > 1)
            Errors.Profile.Width = int.MaxValue;

        var code = Failure;
        try
        {
            code = Invoke(args, interrupt, ranks);
        }
        catch (Exception error) when (error is not UNetGenException && Shortage.Of(error) is not null)
        {
            code = End(ranks, Failure, Shortage.Of(error));
        }
        catch (Exception error) when (IsTheUsers(error))
        {
            code = End(ranks, Failure, error.Message);
        }
        catch (Exception error) when (FileSizeLimit.IsMet(error))
        {
            code = End(ranks, Failure, $"Something can't be written: {FileSizeLimit.Reason}.");
        }
        catch (Exception error) when (ranks.Size > 1)
        {
            code = End(ranks, Failure, error.ToString());
        }
        ranks.Dispose();
        return code;
    }

    /// <summary>Elsewhere it is UTF-8 anyway; Windows' consoles have code pages, in which most names of files can't be said.</summary>
    private static void SpeakUtf8()
    {
        try
        {
            if (OperatingSystem.IsWindows())
                Console.OutputEncoding = new UTF8Encoding(encoderShouldEmitUTF8Identifier: false);
        }
        catch (IOException)
        {
            // A console that knows no other than its own.
        }
    }

    /// <summary>
    /// On a thread of .NET's own, such as the one that finalises, a shortage would end the process with a stack and a signal.
    /// </summary>
    private static void EndWhereNobodyCatches(object sender, UnhandledExceptionEventArgs unhandled)
    {
        if (unhandled.ExceptionObject is not Exception error || Shortage.Of(error) is not { } missing)
            return;
        Console.Error.WriteLine($"error: {missing}");
        Interrupt.EndNow(Failure);
    }

    private static int Invoke(string[] args, Interrupt interrupt, ICollective ranks)
    {
        var root = new RootCommand(
            "U-Nets from a few lines of YAML, trained to draw."
            + (HasNothingToTrain ? "" : " Without a command it trains the shapes, for two and a half minutes."));
        var train = new TrainCommand(interrupt, ranks);
        if (!HasNothingToTrain)
            train.AddTo(root);
        Command[] together =
        [
            train.AddTo(new Command("train", "Train a network; writes a grid of samples, the loss curve and a checkpoint.")),
            new SampleCommand(interrupt, ranks).AddTo(new Command("sample", "Draw pictures with a trained network.")),
            new EvaluateCommand(interrupt, ranks).AddTo(
                new Command("evaluate", "Measure how far samples are from the data: the Frechet distance (FID).")),
        ];
        root.Add(together[0]);
        root.Add(together[1]);
        root.Add(new ClassifierCommand(interrupt).AddTo(new Command("classifier", "Train a small classifier, for `evaluate`.")));
        root.Add(together[2]);
        root.Add(Report.ReportCommand.AddTo(new Command("report", "Write a run as one page: curves, samples over time, the network.")));
        root.Add(new ExportCommand().AddTo(new Command("export", "Write trained weights for other programs.")));
        root.Add(ImportCommand.AddTo(new Command("import", "Take over a network of diffusers: its spec, its weights, or both.")));
        var explain = ExplainCommand.AddTo(new Command("explain", "Show what a spec makes: the U, levels, parameters, memory."));
        explain.Aliases.Add("inspect");
        root.Add(explain);
        root.Add(CheckCommand.AddTo(new Command("check", "Judge specs as a build does.")));
        root.Add(DiffCommand.AddTo(new Command("diff", "Show what differs between two networks, and whether weights load; 1 is the exit code where they differ.")));
        root.Add(GenerateCommand.AddTo(new Command("generate", "Write the C# class of a spec to standard output.")));

        if (CommandLineErrors.EmptyValue(root, args) is { } empty)
            throw new UNetGenException(empty);
        if (args.Length == 0 && HasNothingToTrain)
            args = ["--help"];
        // A path may begin with an @, which stands for no file of arguments here.
        var parsed = root.Parse(args, new ParserConfiguration { ResponseFileTokenReplacer = null });
        var command = parsed.CommandResult.Command;
        var errors = CommandLineErrors.Of(parsed);
        // Options of a training, in a project whose spec isn't called as one or isn't there.
        if (errors.Count > 0 && HasNothingToTrain && command == root && args[0].StartsWith('-'))
            errors = [
                $"This program has no network: a spec is a file of its project called NAME{Catalog.SpecEnding}, or is named, as "
                    + $"train --spec NAME{Catalog.SpecEnding}."];
        // Help is told anywhere.
        if (errors.Count == 0 && parsed.Action == command.Action)
            CurrentFolder.Require();
        errors = RankMeeting.Errors(ranks, parsed, errors);
        if (errors.Count > 0)
            return Refuse(errors, ranks);
        // What isn't shared out is done once.
        if (ranks.Rank > 0 && command != root && !together.Contains(command))
            return 0;
        try
        {
            return parsed.Invoke(new InvocationConfiguration { EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null });
        }
        catch (UsageException error)
        {
            // The others may have begun.
            return ranks.Size > 1 ? End(ranks, Usage, error.Message) : Refuse([error.Message], ranks);
        }
        catch (OperationCanceledException stopped) when (interrupt.Token.IsCancellationRequested)
        {
            var told = $"interrupted: {(stopped is InterruptedException { Message: var left } ? left : "nothing was written")}";
            AnsiConsole.MarkupLineInterpolated($"{told}");
            // Where all are interrupted rank 0 tells, and ends the others; one that waits for this rank can't.
            return End(ranks, Interrupted, ranks.Rank > 0 ? told : null);
        }
    }

    /// <summary>A wrong command line, of which all ranks know: none waits for another.</summary>
    private static int Refuse(IReadOnlyList<string> messages, ICollective ranks)
    {
        if (ranks.Rank > 0)
            return Usage;
        foreach (var message in messages)
            Say(message);
        Errors.MarkupLine("Try [blue]--help[/].");
        return Usage;
    }

    /// <summary>After an exception: the others wait for this rank, and would for ever.</summary>
    private static int End(ICollective ranks, int code, string? message)
    {
        if (ranks.Rank > 0)
            Thread.Sleep(FirstWord);
        if (message is not null)
            Say(ranks.Size > 1 ? $"rank {ranks.Rank}: {message}" : message);
        if (ranks.Size > 1)
            ranks.Abort(code);
        return code;
    }

    /// <summary>What the user can mend is told in a sentence; anything else is a bug, and shows its stack.</summary>
    private static bool IsTheUsers(Exception error) => error
        is UNetGenException or UnauthorizedAccessException or IOException;

    private static void Say(string message)
    {
        try
        {
            SayOrThrow(message);
        }
        catch (Exception error) when (WriteFault.Of(error) is not null)
        {
            // There is nowhere left to say it; the exit code says that something went wrong.
        }
    }

    private static void SayOrThrow(string message)
    {
        // What was named on the command line, too; where the fault itself was met, its message has the words.
        if (FileNames.FaultOf(message) is { } fault && !message.Contains(fault, StringComparison.Ordinal))
            message = $"{message} It {fault}.";
        var shown = LongWord().Replace(
            RunFields.InWordsOfRuns(message), word => $"{word.Value[..(LongestWord / 2)]}...{word.Value[^(LongestWord / 2)..]}");
        // In one go: what a launcher says at the same time would stand between the words.
        if (Console.IsErrorRedirected)
            Console.Error.Write($"error: {shown}{Environment.NewLine}");
        else
            Errors.MarkupLineInterpolated($"[red]error:[/] {shown}");
    }

    /// <summary>A path or a value that buries what is said of it.</summary>
    [GeneratedRegex(@"\S{401,}")]
    private static partial Regex LongWord();
}
