using System.Runtime.InteropServices;
using UNetGen.Native;

namespace UNetGen.Distributed;

/// <summary>
/// Finding the MPI that a process was started with. Nothing of it ships with this library: a cluster's own knows its network.
/// </summary>
internal static class MpiLibrary
{
    /// <summary>Names the library, or says <c>off</c>.</summary>
    public const string Variable = "UNETGEN_MPI";

    private static readonly string[] OpenMpi = OperatingSystem.IsMacOS() ? ["libmpi.40.dylib"] : ["libmpi.so.40"];
    private static readonly string[] Mpich = OperatingSystem.IsMacOS() ? ["libmpi.12.dylib"] : ["libmpi.so.12", "libmpich.so.12"];
    // MPICH 5.0.0 and 5.0.1 have the standard ABI under version 0 by mistake.
    private static readonly string[] Any = OperatingSystem.IsMacOS()
        ? ["libmpi_abi.1.dylib", "libmpi.dylib"]
        : ["libmpi_abi.so.1", "libmpi_abi.so.0", "libmpi.so"];

    /// <summary>Loads it.</summary>
    /// <param name="launcher">Whose family's library is looked for first.</param>
    /// <param name="named">The library that the user named: a path, or a name that the system's loader finds.</param>
    /// <exception cref="MpiException">There is none, or it doesn't load.</exception>
    public static MpiApi Load(Launcher launcher, string? named)
    {
        string[] names = named is not null ? [named] : launcher.IsOpenMpi ? [.. OpenMpi, .. Any, .. Mpich] : [.. Mpich, .. Any, .. OpenMpi];
        // UCX, below many an MPI, handles segmentation faults by ending the process; .NET makes NullReferenceExceptions of them.
        NativeEnvironment.SetDefault("UCX_ERROR_SIGNALS", "");
        foreach (var name in names)
            if (NativeLibrary.TryLoad(name, out nint library))
                return new MpiApi(library, name);
        throw new MpiException(
            $"{launcher.Name} started this process, but no MPI library can be loaded: tried {string.Join(", ", names)}. "
            + $"Load the module of the MPI that its launcher is from, or name the library with {Variable}=/path/to/libmpi.so (and "
            + $"{Variable}=off for a process on its own).");
    }
}
