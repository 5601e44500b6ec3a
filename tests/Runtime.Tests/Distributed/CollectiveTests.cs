using TorchSharp;
using UNetGen.Distributed;
using UNetGen.Runtime.Tests.Native;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>How a process finds out who started it, and what it says where that doesn't fit; no MPI needed.</summary>
public sealed class CollectiveTests
{
    [Theory]
    [InlineData("OMPI_COMM_WORLD_SIZE=4", "Open MPI's mpirun", 4)]
    [InlineData("MV2_COMM_WORLD_SIZE=2", "MVAPICH's mpirun", 2)]
    [InlineData("PMI_SIZE=8 PMI_RANK=3", "A launcher of MPICH's family (PMI)", 8)]
    [InlineData("SLURM_STEP_NUM_TASKS=16 PMIX_RANK=0", "srun", 16)]
    [InlineData("SLURM_STEP_NUM_TASKS=1 OMPI_COMM_WORLD_SIZE=4", "Open MPI's mpirun", 4)]
    [InlineData("PMIX_RANK=0", "A launcher with PMIx", null)]
    public void A_launcher_is_known_by_what_it_leaves_in_the_environment(string environment, string name, int? size)
    {
        var launcher = Launcher.Find(Variables(environment));
        Assert.Equal((name, size), (launcher!.Name, launcher.Size));
    }

    [Theory]
    [InlineData("")]
    [InlineData("OMPI_COMM_WORLD_SIZE=1")]
    [InlineData("PMI_SIZE=1")]
    [InlineData("SLURM_STEP_NUM_TASKS=1 PMIX_RANK=0")]
    [InlineData("SLURM_NTASKS=16 SLURM_PROCID=0")]
    public void A_process_is_alone_without_a_launcher_or_as_its_only_one_and_in_the_script_of_a_job(string environment) =>
        Assert.Null(Launcher.Find(Variables(environment)));

    [Theory]
    [InlineData("no-such-mpi.so", "Open MPI's mpirun started this process, but no MPI library can be loaded: tried no-such-mpi.so. Load "
        + "the module of the MPI that its launcher is from, "
        + "or name the library with UNETGEN_MPI=/path/to/libmpi.so (and UNETGEN_MPI=off for a process on its own).")]
    [InlineData("libc.so.6", "libc.so.6 is no MPI library, or one older than MPI 3: it has no MPI_Init_thread. UNETGEN_MPI names another.")]
    public void A_library_that_is_not_there_or_not_MPI_is_one_clear_error(string library, string message) =>
        Assert.Equal(
            message,
            Assert.Throws<MpiException>(() => MpiLibrary.Load(Launcher.Find(Variables("OMPI_COMM_WORLD_SIZE=4"))!, library)).Message);

    [Fact]
    public async Task What_is_said_of_device_pointers_is_yes_or_no()
    {
        var result = await TorchProcess.Run(["rank", "sum"], ("OMPI_COMM_WORLD_SIZE", "2"), ("UNETGEN_MPI_CUDA", "yes"));
        Assert.Equal(
            (1, "UNETGEN_MPI_CUDA is 'yes'; it must be 1, where the MPI library takes pointers to a GPU's memory, or 0.\n"),
            (result.ExitCode, result.Output));
    }

    [LinuxFact]
    public async Task A_process_on_its_own_loads_no_MPI()
    {
        var result = await TorchProcess.Run(["rank", "maps"]);
        Assert.Equal((0, "0 of 1, local 0: one process\nno MPI\n"), (result.ExitCode, result.Output));
    }

    [Fact]
    public void What_one_process_has_is_the_sum()
    {
        using var alone = new SingleProcess();
        using var numbers = torch.arange(5);
        alone.AllReduce(numbers);
        alone.Broadcast(numbers, 0);
        alone.Barrier();
        Assert.Equal([0, 1, 2, 3, 4], numbers.data<long>().ToArray());
        Assert.Equal((0, 1, 0), (alone.Rank, alone.Size, alone.LocalRank));
        Assert.Throws<ArgumentOutOfRangeException>(() => alone.Broadcast(numbers, 1));
    }

    [Fact]
    public void What_several_processes_could_not_share_is_refused_to_one_as_well()
    {
        using var alone = new SingleProcess();
        using var half = torch.zeros(2, torch.float16);
        using var without = torch.empty(2, device: torch.META);
        using var square = torch.zeros(2, 3);
        using var turned = square.t();
        foreach (var tensor in new[] { half, without, turned })
            Assert.Throws<ArgumentException>("tensor", () => alone.AllReduce(tensor));
        foreach (var tensor in new[] { without, turned })
            Assert.Throws<ArgumentException>("tensor", () => alone.Broadcast(tensor, 0));
        Assert.Throws<ArgumentNullException>("tensor", () => alone.AllReduce(null!));
    }

    private static Func<string, string?> Variables(string environment)
    {
        var variables = environment.Split(' ', StringSplitOptions.RemoveEmptyEntries).Select(text => text.Split('=')).ToDictionary(
            pair => pair[0], pair => pair[1]);
        return variables.GetValueOrDefault;
    }
}
