using TorchSharp;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>
/// Collective operations by MPI's C interface. Tensors on the CPU are given to MPI where they lie. Those on a CUDA device are too where the
/// library takes device pointers, else they pass through pinned host memory, piece by piece.
/// </summary>
internal sealed class MpiCollective : ICollective
{
    /// <summary>MPI counts in ints, also in bytes: 2^26 elements of at most 16 bytes are 2^30.</summary>
    public const int LongestPiece = 1 << 26;

    private const int LongestStagedPiece = 1 << 24;

    private readonly MpiApi api;
    private readonly int piece;
    private readonly bool takesDevicePointers;
    private readonly Lock oneAtATime = new();
    private readonly Dictionary<ScalarType, Tensor> pinned = [];
    private readonly MpiEnd end;
    private bool isDisposed;

    /// <param name="api">An initialised library.</param>
    /// <param name="takesDevicePointers">Whether tensors on a GPU are given to it where they lie.</param>
    /// <param name="piece">How many elements are given to it at once.</param>
    public MpiCollective(MpiApi api, bool takesDevicePointers, int piece)
    {
        (this.api, this.takesDevicePointers, this.piece) = (api, takesDevicePointers, piece);
        (Rank, Size, LocalRank) = (api.Rank(), api.Size(), api.LocalRank());
        end = new MpiEnd(api);
    }

    public int Rank { get; }

    public int Size { get; }

    public int LocalRank { get; }

    public string Description => $"MPI ({api.Version}), rank {Rank} of {Size}, " + (!cuda.is_available() ? "host memory"
        : takesDevicePointers ? "CUDA-aware: GPU memory by device pointer" : "GPU memory staged through pinned host memory");

    public void AllReduce(Tensor tensor)
    {
        SharedTensor.RequireSummable(tensor);
        var type = tensor.dtype switch
        {
            ScalarType.Float32 => api.Abi.Float32,
            ScalarType.Float64 => api.Abi.Float64,
            _ => api.Abi.Int64,
        };
        InPieces(tensor, (address, count) => api.AllReduce(address, count, type));
    }

    public void Broadcast(Tensor tensor, int root)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(root);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(root, Size);
        SharedTensor.RequireMovable(tensor);
        int size = (int)tensor.element_size();
        InPieces(tensor, (address, count) => api.Broadcast(address, count * size, root));
    }

    public void Barrier()
    {
        lock (oneAtATime)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            api.Barrier();
        }
    }

    public void Abort(int exitCode) => end.Abort(exitCode);

    public void Dispose()
    {
        lock (oneAtATime)
        {
            foreach (var buffer in pinned.Values)
                buffer.Dispose();
            pinned.Clear();
            isDisposed = true;
            end.Finish();
        }
    }

    private void InPieces(Tensor tensor, Action<nint, int> operation)
    {
        lock (oneAtATime)
        {
            ObjectDisposedException.ThrowIf(isDisposed, this);
            if (tensor.device_type == DeviceType.CUDA && !takesDevicePointers)
            {
                Staged(tensor, operation);
                return;
            }
            // MPI knows nothing of streams: what is still to be computed has to be there before it reads.
            if (tensor.device_type == DeviceType.CUDA)
                cuda.synchronize(tensor.device);
            nint address = Libtorch.AddressOf(tensor), size = (nint)tensor.element_size();
            for (long done = 0; done < tensor.numel(); done += piece)
                operation(address + (nint)done * size, (int)Math.Min(piece, tensor.numel() - done));
            GC.KeepAlive(tensor);
        }
    }

    private void Staged(Tensor tensor, Action<nint, int> operation)
    {
        using var noGrad = no_grad();
        using var flat = tensor.view(-1);
        var host = Pinned(tensor.dtype, Math.Min(flat.numel(), LongestStagedPiece));
        for (long done = 0; done < flat.numel(); done += LongestStagedPiece)
        {
            long count = Math.Min(LongestStagedPiece, flat.numel() - done);
            using var there = flat.narrow(0, done, count);
            using var here = host.narrow(0, 0, count);
            // Both copies wait for the stream of the computation, and for that alone.
            here.copy_(there);
            operation(Libtorch.AddressOf(here), (int)count);
            there.copy_(here);
        }
    }

    private Tensor Pinned(ScalarType type, long count)
    {
        if (pinned.TryGetValue(type, out var buffer) && buffer.numel() >= count)
            return buffer;
        buffer?.Dispose();
        using var pageable = empty(count, type, CPU);
        return pinned[type] = pageable.pin_memory().DetachFromDisposeScope();
    }
}
