using System.Runtime.InteropServices;
using System.Text;

namespace UNetGen.Distributed;

/// <summary>
/// The few functions of MPI's C interface that are needed, bound to one library. Every failure is an <see cref="MpiException"/>.
/// </summary>
internal sealed unsafe class MpiApi
{
    private const int MaxText = 8192; // MPI_MAX_LIBRARY_VERSION_STRING, the longest of any family's texts

    private readonly nint library;
    private readonly string name;
    private readonly MpiAbi abi;
    private readonly delegate* unmanaged<void*, void*, int, nint, nint, nint, int> allreduce;
    private readonly delegate* unmanaged<void*, int, nint, int, nint, int> bcast;
    private readonly delegate* unmanaged<nint, int> barrier;
    private readonly delegate* unmanaged<int, byte*, int*, int> errorString;

    /// <param name="library">The loaded library's handle.</param>
    /// <param name="name">Under which it was loaded.</param>
    /// <exception cref="MpiException">It isn't MPI, or of a family with another binary interface.</exception>
    public MpiApi(nint library, string name)
    {
        (this.library, this.name) = (library, name);
        _ = Function("MPI_Init_thread");
        abi = MpiAbi.Of(library) ?? throw new MpiException(
            $"{name} is an MPI library whose binary interface isn't known here: it is neither Open MPI's nor MPICH's (Intel MPI, Cray "
                + "MPICH, MVAPICH). "
            + $"Name a library with the standard ABI of MPI 5, libmpi_abi.so, with {MpiLibrary.Variable}, or load another MPI's module.");
        allreduce = (delegate* unmanaged<void*, void*, int, nint, nint, nint, int>)Function("MPI_Allreduce");
        bcast = (delegate* unmanaged<void*, int, nint, int, nint, int>)Function("MPI_Bcast");
        barrier = (delegate* unmanaged<nint, int>)Function("MPI_Barrier");
        errorString = (delegate* unmanaged<int, byte*, int*, int>)Function("MPI_Error_string");
    }

    /// <summary>Under which the library was loaded.</summary>
    public string Name => name;

    /// <summary>The values of the library's constants.</summary>
    public MpiAbi Abi => abi;

    /// <summary>
    /// Such as <c>Open MPI v4.1.4</c> or <c>MPICH 4.0.2</c>: of the library's own text, which names its build as well, the beginning.
    /// </summary>
    public string Version
    {
        get
        {
            var function = (delegate* unmanaged<byte*, int*, int>)Function("MPI_Get_library_version");
            var text = Text((bytes, length) => function(bytes, length));
            return text.Split('\n', ',')[0].Replace(" Version:", "", StringComparison.Ordinal).Replace('\t', ' ').Trim();
        }
    }

    /// <summary>
    /// Whether device pointers may be given to it: as the library says (MPIX_Query_cuda_support), or where it has no such function (older
    /// Cray MPICH) as it was told to.
    /// </summary>
    public bool TakesDevicePointers => NativeLibrary.TryGetExport(library, "MPIX_Query_cuda_support", out nint query)
        ? ((delegate* unmanaged<int>)query)() != 0
        : Environment.GetEnvironmentVariable("MPICH_GPU_SUPPORT_ENABLED") == "1";

    /// <summary>
    /// MPI_Init_thread. From here on errors are answered, not fatal. Calls may come from any thread, one at a time: more than that
    /// (MPI_THREAD_MULTIPLE) costs locks, and makes Open MPI pass over some networks' fast ways.
    /// </summary>
    public void Initialize()
    {
        int provided;
        Check("MPI_Init_thread", ((delegate* unmanaged<void*, void*, int, int*, int>)Function("MPI_Init_thread"))(
            null, null, abi.Serialized, &provided));
        Check("MPI_Comm_set_errhandler", ((delegate* unmanaged<nint, nint, int>)Function("MPI_Comm_set_errhandler"))(
            abi.World, abi.ErrorsReturn));
        if (provided < abi.Serialized)
            throw new MpiException(
                $"{Version} ({name}) was built without support for threads (MPI_Init_thread gives level {provided}); .NET can't do "
                    + "without. Use a build with MPI_THREAD_SERIALIZED.");
    }

    /// <summary>This process's number among all.</summary>
    public int Rank() => Number("MPI_Comm_rank", abi.World);

    /// <summary>How many processes there are.</summary>
    public int Size() => Number("MPI_Comm_size", abi.World);

    /// <summary>This process's number among those that it could share memory with: those of its machine.</summary>
    public int LocalRank()
    {
        nint local = 0;
        Check("MPI_Comm_split_type", ((delegate* unmanaged<nint, int, int, nint, nint*, int>)Function("MPI_Comm_split_type"))(
            abi.World, abi.SharedMemory, Rank(), abi.NoInfo, &local));
        int rank = Number("MPI_Comm_rank", local);
        Check("MPI_Comm_free", ((delegate* unmanaged<nint*, int>)Function("MPI_Comm_free"))(&local));
        return rank;
    }

    /// <summary>Sums over all processes, in place.</summary>
    public void AllReduce(nint address, int count, nint type) =>
        Check("MPI_Allreduce", allreduce((void*)abi.InPlace, (void*)address, count, type, abi.Sum, abi.World));

    /// <summary>Gives all what one has.</summary>
    public void Broadcast(nint address, int bytes, int root) => Check("MPI_Bcast", bcast((void*)address, bytes, abi.Byte, root, abi.World));

    /// <summary>Waits for all.</summary>
    public void Barrier() => Check("MPI_Barrier", barrier(abi.World));

    /// <summary>Ends all processes; this one too, in most libraries.</summary>
    public void Abort(int exitCode) => _ = ((delegate* unmanaged<nint, int, int>)Function("MPI_Abort"))(abi.World, exitCode);

    /// <summary>The ordinary end, for which all wait.</summary>
    public void End() => Check("MPI_Finalize", ((delegate* unmanaged<int>)Function("MPI_Finalize"))());

    private int Number(string function, nint communicator)
    {
        int number;
        Check(function, ((delegate* unmanaged<nint, int*, int>)Function(function))(communicator, &number));
        return number;
    }

    private void Check(string function, int code)
    {
        if (code == 0)
            return;
        var text = Text((bytes, length) => errorString(code, bytes, length));
        throw new MpiException(
            $"{function} failed: {text}. Most likely another process of the job has ended, or the network between them failed; what its "
                + "launcher says tells more.");
    }

    private delegate int TextFunction(byte* text, int* length);

    private static string Text(TextFunction function)
    {
        var text = stackalloc byte[MaxText];
        int length = 0;
        _ = function(text, &length);
        return Encoding.UTF8.GetString(text, length).TrimEnd('\0', '\n', '.', ' ');
    }

    private nint Function(string function) => NativeLibrary.TryGetExport(library, function, out nint address)
        ? address
        : throw new MpiException(
            $"{name} is no MPI library, or one older than MPI 3: it has no {function}. {MpiLibrary.Variable} names another.");
}
