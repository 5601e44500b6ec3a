using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>
/// What several processes that work as one do together (the collective operations of MPI). All call the same operations in the same order,
/// from one thread at a time, and each returns when this process's part is done.
/// </summary>
/// <remarks>
/// Disposing is the ordinary end: it waits until all processes come to theirs. So it doesn't belong into a <c>using</c>, which would wait
/// after an exception as well, for processes that wait for this one: let the exception leave, or call <see cref="Abort"/>. A process that
/// ends without having disposed ends the job.
/// </remarks>
public interface ICollective : IDisposable
{
    /// <summary>This process's number, from 0.</summary>
    int Rank { get; }

    /// <summary>How many processes there are.</summary>
    int Size { get; }

    /// <summary>This process's number among those of its machine, from 0: which GPU is its own.</summary>
    int LocalRank { get; }

    /// <summary>For log and console: by what the processes speak, which of how many this is, and how tensors on a GPU get across.</summary>
    string Description { get; }

    /// <summary>Adds up the processes' tensors; all have the sum afterwards, in place.</summary>
    /// <param name="tensor">Of one shape and type everywhere: float32, float64 or int64; contiguous; on the CPU or a CUDA device.</param>
    /// <exception cref="ArgumentException">Another type or layout, or it has no numbers: it is disposed, or on the device meta.</exception>
    /// <exception cref="ObjectDisposedException">The processes have come to their end.</exception>
    /// <exception cref="MpiException">The operation failed, most likely since another process is gone.</exception>
    void AllReduce(Tensor tensor);

    /// <summary>Gives all processes what one of them has, in place.</summary>
    /// <param name="tensor">Of one shape and type everywhere, of any type; contiguous; on the CPU or a CUDA device.</param>
    /// <param name="root">The rank whose values they are.</param>
    /// <exception cref="ArgumentException">Another layout, or it has no numbers.</exception>
    /// <exception cref="ObjectDisposedException">The processes have come to their end.</exception>
    /// <exception cref="ArgumentOutOfRangeException">There is no such rank.</exception>
    /// <exception cref="MpiException">The operation failed, most likely since another process is gone.</exception>
    void Broadcast(Tensor tensor, int root);

    /// <summary>Returns once all processes have called it.</summary>
    /// <exception cref="ObjectDisposedException">The processes have come to their end.</exception>
    /// <exception cref="MpiException">The operation failed, most likely since another process is gone.</exception>
    void Barrier();

    /// <summary>
    /// Ends all processes of the job at once, also those that wait; may be called by any thread at any time, and does not return.
    /// </summary>
    /// <param name="exitCode">What the launcher is to answer; not 0.</param>
    void Abort(int exitCode);
}
