namespace UNetGen.Distributed;

/// <summary>How this process was started: alone, or as one of several.</summary>
public static class Ranks
{
    private const string CudaVariable = "UNETGEN_MPI_CUDA";

    private static int hasBegun;

    /// <summary>Whether a launcher (mpirun, mpiexec, srun) started this process as one of several. Nothing is loaded to know it.</summary>
    public static bool IsLaunched => Launcher.Find(Environment.GetEnvironmentVariable) is not null;

    /// <summary>
    /// MPI where a launcher (mpirun, mpiexec, srun) started this process as one of several, else one process, for which nothing is loaded.
    /// To be called once. The environment variable UNETGEN_MPI names the library, or says <c>off</c>; UNETGEN_MPI_CUDA says 1 or 0 where
    /// the library's own answer, whether it takes pointers to a GPU's memory, is wrong.
    /// </summary>
    /// <exception cref="MpiException">A launcher started this process, and its MPI can't be used.</exception>
    /// <exception cref="InvalidOperationException">It was called before: MPI begins once in a process.</exception>
    public static ICollective FromEnvironment() => FromEnvironment(MpiCollective.LongestPiece);

    /// <param name="piece">How many elements are given to MPI at once.</param>
    internal static ICollective FromEnvironment(int piece)
    {
        var named = Environment.GetEnvironmentVariable(MpiLibrary.Variable);
        if (named == "off" || Launcher.Find(Environment.GetEnvironmentVariable) is not { } launcher)
            return new SingleProcess();
        var said = SaidOfDevicePointers();
        var api = MpiLibrary.Load(launcher, string.IsNullOrEmpty(named) ? null : named);
        if (Interlocked.Exchange(ref hasBegun, 1) == 1)
            throw new InvalidOperationException(
                "MPI begins once in a process, and ends once: hand on what the first call of Ranks.FromEnvironment gave, and don't dispose "
                    + "it before all is done.");
        api.Initialize();
        if (api.Size() is var size && size != (launcher.Size ?? size))
        {
            var version = $"{api.Version} ({api.Name})";
            api.End();
            throw new MpiException(
                $"{launcher.Name} started {launcher.Size} processes ({launcher.Variable}={launcher.Size}), but {version} sees {size}: the "
                    + "library isn't this launcher's. "
                + $"Start with the library's own mpirun, or name the launcher's library with {MpiLibrary.Variable}=/path/to/libmpi.so; "
                + "under srun, try --mpi=pmix or --mpi=pmi2.");
        }
        return new MpiCollective(api, said ?? api.TakesDevicePointers, piece);
    }

    /// <summary>What the user says about device pointers; null where nothing.</summary>
    private static bool? SaidOfDevicePointers() => Environment.GetEnvironmentVariable(CudaVariable) switch
    {
        "1" => true,
        "0" => false,
        null or "" => null,
        var other => throw new MpiException(
            $"{CudaVariable} is '{other}'; it must be 1, where the MPI library takes pointers to a GPU's memory, or 0."),
    };
}
