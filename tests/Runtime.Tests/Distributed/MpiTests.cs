using UNetGen.Runtime.Tests.Native;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>Real processes under real launchers.</summary>
public sealed class MpiTests
{
    [Theory]
    [MpiData(MpiLauncher.OpenMpiName, 2)]
    [MpiData(MpiLauncher.OpenMpiName, 4)]
    [MpiData(MpiLauncher.MpichName, 3)]
    public void All_have_the_sum_to_the_bit_and_what_one_has(string launcher, int ranks)
    {
        var result = Run(launcher, ranks, ["sum"]);

        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal("", result.Error);
        for (int rank = 0; rank < ranks; rank++)
            Assert.Contains($"{rank} of {ranks}, local {rank}: MPI ({launcher} ", result.Output);
        Assert.Equal(ranks, result.Output.Split("sums agree").Length - 1);
    }

    [Theory]
    [MpiData(MpiLauncher.OpenMpiName, "kill", 128 + 9)]
    [MpiData(MpiLauncher.OpenMpiName, "term", 128 + 15)]
    [MpiData(MpiLauncher.OpenMpiName, "throw", 134)]
    [MpiData(MpiLauncher.OpenMpiName, "abort", 7)]
    [MpiData(MpiLauncher.OpenMpiName, "return", 3)]
    [MpiData(MpiLauncher.OpenMpiName, "forget", 1)]
    [MpiData(MpiLauncher.MpichName, "kill", 9)]
    [MpiData(MpiLauncher.MpichName, "throw", 134)]
    public void A_rank_that_ends_alone_ends_the_job_while_the_others_wait(string launcher, string how, int exitCode)
    {
        var result = Run(launcher, 3, ["end", how, "1"]);

        Assert.True(result.ExitCode == exitCode, $"{result}");
        Assert.Contains("waits", result.Output);
        Assert.Equal(how == "throw" ? 1 : 0, result.Error.Split("InvalidOperationException: thrown on purpose").Length - 1);
    }

    [MpiFact]
    public async Task A_library_that_is_not_the_launchers_is_one_clear_error()
    {
        // What MPICH's launcher would say, to Open MPI's library.
        var result = await TorchProcess.Run(["rank", "sum"], ("UNETGEN_MPI", "libmpi.so.40"), ("PMI_SIZE", "4"), ("PMI_RANK", "0"));

        Assert.Equal(1, result.ExitCode);
        Assert.StartsWith("A launcher of MPICH's family (PMI) started 4 processes (PMI_SIZE=4), but Open MPI v", result.Output);
        Assert.EndsWith(
            " (libmpi.so.40) sees 1: the library isn't this launcher's. Start with the library's own mpirun, or name the launcher's "
                + "library with UNETGEN_MPI=/path/to/libmpi.so; "
            + "under srun, try --mpi=pmix or --mpi=pmi2.\n", result.Output);
    }

    [MpiFact]
    public void A_process_that_is_told_so_is_on_its_own_under_a_launcher_too()
    {
        var result = Run(MpiLauncher.OpenMpiName, 2, ["maps"], new Dictionary<string, string> { ["UNETGEN_MPI"] = "off" });

        Assert.True(result.ExitCode == 0, $"{result}");
        Assert.Equal(
            ["0 of 1, local 0: one process", "0 of 1, local 0: one process", "no MPI", "no MPI"],
            result.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Order());
    }

    private static MpiLauncher.Result Run(
        string launcher, int ranks, string[] what, IReadOnlyDictionary<string, string>? environment = null) =>
        MpiLauncher.Of(launcher).Run(ranks, TorchProcess.Command(["rank", .. what]), environment: environment);
}
