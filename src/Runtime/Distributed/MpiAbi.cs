using System.Runtime.InteropServices;

namespace UNetGen.Distributed;

/// <summary>
/// The constants of MPI's C interface, whose values every family of libraries has its own of. Handles are passed as machine words: MPICH's
/// are ints, which the calling conventions of x86-64 and arm64 take from the word's lower half.
/// </summary>
/// <param name="Family">For messages.</param>
/// <param name="World">MPI_COMM_WORLD.</param>
/// <param name="Byte">MPI_BYTE.</param>
/// <param name="Float32">MPI_FLOAT.</param>
/// <param name="Float64">MPI_DOUBLE.</param>
/// <param name="Int64">MPI_INT64_T.</param>
/// <param name="Sum">MPI_SUM.</param>
/// <param name="NoInfo">MPI_INFO_NULL.</param>
/// <param name="ErrorsReturn">MPI_ERRORS_RETURN.</param>
/// <param name="InPlace">MPI_IN_PLACE.</param>
/// <param name="SharedMemory">MPI_COMM_TYPE_SHARED.</param>
/// <param name="Serialized">MPI_THREAD_SERIALIZED.</param>
internal sealed record MpiAbi(
    string Family, nint World, nint Byte, nint Float32, nint Float64, nint Int64, nint Sum, nint NoInfo, nint ErrorsReturn, nint InPlace,
    int SharedMemory, int Serialized)
{
    /// <summary>
    /// MPICH's mpi.h, since 2013 also that of Intel MPI, Cray MPICH, MVAPICH and ParaStation (the MPICH ABI Compatibility Initiative).
    /// </summary>
    private static readonly MpiAbi Mpich = new(
        "MPICH", World: 0x44000000, Byte: 0x4c00010d, Float32: 0x4c00040a, Float64: 0x4c00080b, Int64: 0x4c00083a, Sum: 0x58000003,
        NoInfo: 0x1c000000, ErrorsReturn: 0x54000001,
        InPlace: -1, SharedMemory: 1, Serialized: 2);

    /// <summary>MPI 5.0, chapter 20 ("Application Binary Interface"), version 1.0 of the ABI.</summary>
    private static readonly MpiAbi Standard = new(
        "MPI's standard ABI", World: 0x101, Byte: 0x247, Float32: 0x210, Float64: 0x214, Int64: 0x258, Sum: 0x21, NoInfo: 0x130,
        ErrorsReturn: 0x142,
        InPlace: 1, SharedMemory: 221, Serialized: 2048);

    /// <summary>That of a loaded library, or null where it is of none of these families.</summary>
    public static MpiAbi? Of(nint library)
    {
        // A library with the standard ABI may have its family's own symbols too; it answers for itself, also before MPI_Init, and others
        // with -1.
        if (NativeLibrary.TryGetExport(library, "MPI_Abi_get_version", out nint getVersion) && StandardVersion(getVersion) == 1)
            return Standard;
        if (NativeLibrary.TryGetExport(library, "ompi_mpi_comm_world", out _))
            return OpenMpi(library);
        // What MPI_DUP_FN stands for in MPICH's header.
        return NativeLibrary.TryGetExport(library, "MPIR_Dup_fn", out _) ? Mpich : null;
    }

    private static unsafe int StandardVersion(nint getVersion)
    {
        int major = -1, minor;
        _ = ((delegate* unmanaged<int*, int*, int>)getVersion)(&major, &minor);
        return major;
    }

    /// <summary>Open MPI's mpi.h: handles are the addresses of exported variables.</summary>
    private static MpiAbi OpenMpi(nint library)
    {
        return new MpiAbi(
            "Open MPI", Address("comm_world"), Address("byte"), Address("float"), Address("double"), Address("int64_t"), Address("op_sum"),
            Address("info_null"), Address("errors_return"),
            InPlace: 1, SharedMemory: 0, Serialized: 2);

        nint Address(string name) => NativeLibrary.GetExport(library, "ompi_mpi_" + name);
    }
}
