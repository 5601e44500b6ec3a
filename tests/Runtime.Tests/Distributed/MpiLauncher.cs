using System.ComponentModel;
using System.Diagnostics;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>An installed mpirun, and processes that it starts.</summary>
public sealed class MpiLauncher
{
    public const string OpenMpiName = "Open MPI", MpichName = "MPICH";

    // Debian gives them suffixes, for both to be there. Open MPI's names itself (OpenRTE) when it is called by the longer name.
    public static readonly MpiLauncher? OpenMpi = Find("(Open", ["mpirun.openmpi", "mpirun"], ["--oversubscribe"]);
    public static readonly MpiLauncher? Mpich = Find("HYDRA", ["mpirun.mpich", "mpiexec.hydra", "mpirun"], []);

    // Far beyond what any of it needs: it is for ranks that wait for each other for ever.
    private static readonly TimeSpan Limit = TimeSpan.FromMinutes(5);

    private readonly string program;
    private readonly string[] options;

    private MpiLauncher(string program, string[] options) => (this.program, this.options) = (program, options);

    public sealed record Result(int ExitCode, string Output, string Error)
    {
        public override string ToString() => $"exit code {ExitCode}\n{Output}\n{Error}";
    }

    /// <summary>That of a name, which has to be there.</summary>
    public static MpiLauncher Of(string name) => (name == MpichName ? Mpich : OpenMpi)!;

    /// <summary>Why it can't start anything here, or null where it can.</summary>
    public static string? Missing(string name) => Of(name) is null ? $"There is no mpirun of {name} here." : null;

    /// <summary>Starts a command as so many ranks, one thread each, and waits until the launcher ends.</summary>
    /// <param name="ranks">How many.</param>
    /// <param name="command">Program and arguments.</param>
    /// <param name="folder">Where they run, or null for here.</param>
    /// <param name="environment">More variables.</param>
    /// <param name="seen">Called with each line that any of them writes to its output, while they run; the process is the launcher.</param>
    public Result Run(
        int ranks, string[] command, string? folder = null, IReadOnlyDictionary<string, string>? environment = null,
        Action<Process, string>? seen = null)
    {
        var start = new ProcessStartInfo(program, [.. options, "-n", $"{ranks}", .. command])
        {
            WorkingDirectory = folder ?? "",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        start.Environment["OMP_NUM_THREADS"] = "1";
        // Open MPI gives its processes a pseudo-terminal, into which .NET would write codes that set it up.
        start.Environment["TERM"] = "dumb";
        start.Environment["OMPI_ALLOW_RUN_AS_ROOT"] = start.Environment["OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"] = "1";
        // Ranks that wait leave the processors to what they wait for: more of both run than there are.
        start.Environment["OMPI_MCA_mpi_yield_when_idle"] = "1";
        foreach (var (variable, value) in environment ?? new Dictionary<string, string>())
            start.Environment[variable] = value;
        using var process = Process.Start(start)!;
        process.StandardInput.Close();
        var late = false;
        using var limit = new Timer(_ =>
        {
            late = true;
            process.Kill(entireProcessTree: true);
        }, null, Limit, Timeout.InfiniteTimeSpan);
        var error = process.StandardError.ReadToEndAsync();
        var output = "";
        while (process.StandardOutput.ReadLine() is { } line)
        {
            output += line + "\n";
            seen?.Invoke(process, line);
        }
        process.WaitForExit();
        var result = new Result(process.ExitCode, output, error.Result);
        Assert.False(late, $"not ended after {Limit.TotalSeconds} s: {result}");
        return result;
    }

    private static MpiLauncher? Find(string sign, string[] programs, string[] options)
    {
        foreach (var program in programs)
        {
            try
            {
                using var process =
                    Process.Start(
                        new ProcessStartInfo(program, ["--version"]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
                if (process.StandardOutput.ReadToEnd().Contains(sign, StringComparison.Ordinal))
                    return new MpiLauncher(program, options);
            }
            catch (Win32Exception)
            {
            }
        }
        return null;
    }
}
