using System.Globalization;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;

namespace UNetGen.Native;

/// <summary>
/// Knows exceptions that come from missing memory, files or threads, whoever threw them: libtorch's allocator, the garbage collector, the
/// loader of a library that can't be opened any more.
/// </summary>
public static partial class Shortage
{
    // EMFILE and ENFILE on Linux and macOS; ERROR_TOO_MANY_OPEN_FILES.
    private static readonly int[] OutOfFiles = [24, 23, unchecked((int)0x80070004)];

    // ENOMEM; ERROR_NOT_ENOUGH_MEMORY, ERROR_COMMITMENT_LIMIT, ERROR_NO_SYSTEM_RESOURCES.
    private static readonly int[] OutOfMemory = [12, unchecked((int)0x80070008), unchecked((int)0x800705AF), unchecked((int)0x800705AA)];

    // .NET and libtorch with all that a training, its pictures and its checkpoints need of them open a little over 100 files, each assembly
    // two, and with the compiler that networks of specs are made by some 160; with fewer it ends anywhere on the way.
    private const long LeastOpenFiles = 192;

    // They alone take some 170 MB; below .NET aborts. It reserves half of all addresses for its heap, and libtorch doesn't fit into less
    // than the half of this.
    private const long LeastData = 200_000_000;
    private const long LeastAddresses = 4_000_000_000;

    // .NET compiles into a file in memory, so that no page of code is ever writable and executable, and aborts where that can't grow. A
    // training of generated networks makes 24 MB of it, one of specs, with the compiler, 54 MB.
    private const long LeastFile = 64_000_000;

    // With 128 KiB and less the compiler of specs waits for ever for threads that have no room; with 136 all goes well.
    private const long LeastStack = 192 << 10;

    /// <summary>What is missing, in a sentence; null where the exception, with all that is in it, comes from something else.</summary>
    /// <param name="error">Of any kind.</param>
    /// <param name="lessMemory">A sentence on what to ask less of, where it is memory.</param>
    public static string? Of(Exception error, string? lessMemory = null)
    {
        ArgumentNullException.ThrowIfNull(error);
        return Chain(error).Select(one => OfOne(one, lessMemory ?? "Close other programs, or give it more.")).FirstOrDefault(
            missing => missing is not null);
    }

    /// <summary>
    /// What this process is sure to lack, in a sentence, before it has begun: below some limits .NET itself aborts, without a word that
    /// helps. Null where nothing is known to be missing.
    /// </summary>
    public static string? Ahead()
    {
        if (ProcessLimits.OpenFiles is { } files and < LeastOpenFiles)
            return $"This process may have {files} files open at a time (ulimit -n), and its libraries alone need {LeastOpenFiles}. Raise "
                + "the limit.";
        if (ProcessLimits.Data is { } data and < LeastData)
            return $"This process may have {Bytes(data)} of memory (ulimit -d), and its libraries alone need {Bytes(LeastData)}. Raise "
                + "the limit.";
        if (ProcessLimits.Addresses is { } addresses and < LeastAddresses)
            return $"This process may have {Bytes(addresses)} of addresses (ulimit -v), and its libraries alone need "
                + $"{Bytes(LeastAddresses)}. Raise the limit; one of memory (ulimit -d) can be much lower.";
        if (ProcessLimits.Stack is { } stack and < LeastStack)
            return $"The threads of this process may have stacks of {stack >> 10} KiB (ulimit -s), and its libraries need "
                + $"{LeastStack >> 10}. Raise the limit.";
        if (ProcessLimits.FileSize is { } size and < LeastFile && CompilesIntoFile)
            return $"This process may write files of {Bytes(size)} (ulimit -f), and .NET itself needs one of {Bytes(LeastFile)}, in memory. "
                + "Raise the limit, or set DOTNET_EnableWriteXorExecute=0.";
        return null;
    }

    /// <summary>Whether too many files are open, in this process or on this machine.</summary>
    internal static bool IsOfFiles(Exception error) => error is IOException && OutOfFiles.Contains(error.HResult);

    /// <summary>Does work, and says of a shortage in it what to ask less of.</summary>
    /// <param name="work">What needs memory.</param>
    /// <param name="lessMemory">A sentence on what to ask less of; null where nothing that is asked for is known to need it.</param>
    /// <exception cref="ShortageException">There wasn't enough.</exception>
    internal static T Explained<T>(Func<T> work, string? lessMemory = null)
    {
        try
        {
            return work();
        }
        catch (Exception error) when (error is not UNetGenException && Of(error) is not null)
        {
            throw new ShortageException(Of(error, lessMemory)!, error);
        }
    }

    /// <summary>Calls the caller's own code: what it lacks is no matter of what is asked for here.</summary>
    /// <exception cref="ShortageException">There wasn't enough.</exception>
    internal static void OfCaller<T>(Action<T>? call, T argument) => Explained(() =>
    {
        call?.Invoke(argument);
        return true;
    });

    private static bool CompilesIntoFile =>
        RuntimeFeature.IsDynamicCodeCompiled && Environment.GetEnvironmentVariable("DOTNET_EnableWriteXorExecute") != "0";

    private static IEnumerable<Exception> Chain(Exception error) =>
        error is AggregateException several
            ? several.InnerExceptions.SelectMany(Chain)
            : [error, .. error.InnerException is { } inner ? Chain(inner) : []];

    private static string? OfOne(Exception error, string lessMemory) => error switch
    {
        // What a thread that can't be started throws; it may be its stack that there is no memory for.
        OutOfMemoryException when error.StackTrace?.Contains("Thread.StartCore", StringComparison.Ordinal) == true =>
            (NoFileCanBeOpened(), ProcessLimits.Data ?? ProcessLimits.Addresses) switch
            {
                (true, _) => Files(),
                (_, null) => $"No further thread could be started{Limit(ProcessLimits.Threads, "threads of this user (ulimit -u)")}. Set "
                    + "OMP_NUM_THREADS to fewer, or raise the limit.",
                _ => Memory("", lessMemory),
            },
        OutOfMemoryException => Memory("", lessMemory),
        ExternalException when LibtorchAsked().Match(error.Message) is { Success: true } asked =>
            Memory($": libtorch asked for {Bytes(long.Parse(asked.Groups[1].Value, CultureInfo.InvariantCulture))} more", lessMemory),
        ExternalException when CudaAsked().Match(error.Message) is { Success: true } asked =>
            $"The GPU's memory is used up: libtorch asked for {asked.Groups[1].Value} more. {lessMemory}",
        ExternalException when NoMemory().IsMatch(error.Message) => Memory("", lessMemory),
        IOException when IsOfFiles(error) => Files(),
        IOException when OutOfMemory.Contains(error.HResult) => Memory("", lessMemory),
        DllNotFoundException when NotMapped().IsMatch(error.Message) => Memory("", lessMemory),
        DllNotFoundException or FileNotFoundException or FileLoadException or TypeInitializationException when NoFileCanBeOpened() =>
            Files(),
        _ => null,
    };

    private static string Memory(string asked, string lessMemory) =>
        $"Memory is used up{asked}{Limit(ProcessLimits.Data, "of memory (ulimit -d)", Bytes)}{Limit(ProcessLimits.Addresses, "of addresses (ulimit -v)", Bytes)}. {lessMemory}";

    private static string Files() => $"No further file could be opened{Limit(ProcessLimits.OpenFiles, "at a time (ulimit -n)")}. Raise "
        + "the limit.";

    private static string Limit(long? limit, string what, Func<long, string>? write = null) =>
        limit is { } value
            ? $"; this process may have {(write is null ? value.ToString("N0", CultureInfo.InvariantCulture) : write(value))} {what}"
            : "";

    private static string Bytes(long bytes) => bytes >= 1e9
        ? string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e9:0.0} GB")
        : string.Create(CultureInfo.InvariantCulture, $"{bytes / 1e6:0.0} MB");

    private static bool NoFileCanBeOpened()
    {
        if (OperatingSystem.IsWindows())
            return false;
        try
        {
            using var anything = File.OpenHandle("/dev/null");
            return false;
        }
        catch (IOException error)
        {
            return IsOfFiles(error);
        }
    }

    [GeneratedRegex("can't allocate memory: you tried to allocate ([0-9]{1,18}) bytes")]
    private static partial Regex LibtorchAsked();

    [GeneratedRegex("CUDA out of memory. Tried to allocate ([0-9.]+ [KMGT]iB)")]
    private static partial Regex CudaAsked();

    // What loaders of Linux and macOS say of a library that there is no memory for.
    [GeneratedRegex("cannot map zero-fill pages|failed to map segment|cannot allocate memory", RegexOptions.IgnoreCase)]
    private static partial Regex NotMapped();

    [GeneratedRegex("out of memory|can't allocate memory|cannot allocate memory|bad_alloc|not enough memory|could not create a "
        + "(primitive|memory)|bad allocation", RegexOptions.IgnoreCase)]
    private static partial Regex NoMemory();
}
