using UNetGen.Distributed;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Distributed;

/// <summary>
/// Ranks that are threads of this process. Sums are added up in the order of the ranks, so that they are the same every time.
/// </summary>
internal sealed class ThreadCollective : ICollective
{
    private readonly Meeting meeting;

    private ThreadCollective(Meeting meeting, int rank) => (this.meeting, Rank) = (meeting, rank);

    public int Rank { get; }

    public int Size => meeting.Given.Length;

    public int LocalRank => Rank;

    public string Description => $"threads, rank {Rank} of {Size}";

    /// <summary>Numbers that this rank has sent to be added up, by call.</summary>
    public List<long> Sent { get; } = [];

    /// <summary>
    /// Does the same work on every rank, each on a thread of its own, and gives what they answer. An error of one ends all, and is thrown.
    /// </summary>
    public static T[] Run<T>(int size, Func<ThreadCollective, T> work)
    {
        var meeting = new Meeting(size);
        var answers = new T[size];
        var threadsBefore = get_num_threads();
        Exception? first = null;
        Thread[] threads = [.. Enumerable.Range(0, size).Select(rank => new Thread(() =>
        {
            try
            {
                // More threads than processors would spin for each other.
                set_num_threads(1);
                using var scope = NewDisposeScope();
                answers[rank] = work(new ThreadCollective(meeting, rank));
            }
            catch (Exception error)
            {
                Interlocked.CompareExchange(ref first, error, null);
                meeting.Ended.Cancel();
            }
        }))];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
        set_num_threads(threadsBefore);
        return first is null ? answers : throw new AggregateException(first);
    }

    public void AllReduce(Tensor tensor)
    {
        Sent.Add(tensor.numel());
        if (!tensor.is_contiguous() || tensor.dtype is not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.Int64))
            throw new ArgumentException($"{tensor.dtype} or its layout can't be added up.", nameof(tensor));
        using var scope = NewDisposeScope();
        meeting.Given[Rank] = tensor;
        Barrier();
        var sum = meeting.Given.Skip(1).Aggregate(meeting.Given[0].detach().clone(), (total, next) => total.add_(next.detach()));
        Barrier();
        using var noGradients = no_grad();
        tensor.copy_(sum);
    }

    public void Broadcast(Tensor tensor, int root)
    {
        meeting.Given[Rank] = tensor;
        Barrier();
        if (Rank != root)
            tensor.copy_(meeting.Given[root]);
        Barrier();
    }

    public void Barrier() => meeting.Barrier.SignalAndWait(meeting.Ended.Token);

    public void Abort(int exitCode) => meeting.Ended.Cancel();

    public void Dispose()
    {
    }

    private sealed record Meeting(int Size)
    {
        public Tensor[] Given { get; } = new Tensor[Size];

        public Barrier Barrier { get; } = new(Size);

        public CancellationTokenSource Ended { get; } = new();
    }
}
