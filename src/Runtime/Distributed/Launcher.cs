using System.Globalization;

namespace UNetGen.Distributed;

/// <summary>Who started this process, as far as its environment tells.</summary>
/// <param name="Name">For messages.</param>
/// <param name="Variable">The environment variable that tells.</param>
/// <param name="Size">How many processes it started, where it says so.</param>
internal sealed record Launcher(string Name, string Variable, int? Size)
{
    // A launcher within another's job comes first: mpirun's processes in a Slurm job have Slurm's variables too. SLURM_NTASKS would be the
    // allocation's, which a batch script has as well; SLURM_STEP_NUM_TASKS is srun's alone. PMIx says who is there, but not how many they
    // are.
    private static readonly (string Variable, string Name, bool IsSize)[] Known =
    [
        ("OMPI_COMM_WORLD_SIZE", "Open MPI's mpirun", true),
        ("MV2_COMM_WORLD_SIZE", "MVAPICH's mpirun", true),
        ("PMI_SIZE", "A launcher of MPICH's family (PMI)", true),
        ("SLURM_STEP_NUM_TASKS", "srun", true),
        ("PMIX_RANK", "A launcher with PMIx", false),
    ];

    /// <summary>Whether the library to look for first is Open MPI's.</summary>
    public bool IsOpenMpi => Variable is "OMPI_COMM_WORLD_SIZE" or "PMIX_RANK";

    /// <param name="environment">The process's variables.</param>
    /// <returns>Null where nothing started more than one process.</returns>
    public static Launcher? Find(Func<string, string?> environment)
    {
        foreach (var (variable, name, isSize) in Known)
        {
            if (environment(variable) is not { } value)
                continue;
            if (!isSize)
                return new Launcher(name, variable, null);
            if (int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out int size))
                return size > 1 ? new Launcher(name, variable, size) : null;
        }
        return null;
    }
}
