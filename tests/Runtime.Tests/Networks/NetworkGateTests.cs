using UNetGen.Networks;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Who gets in beside whom.</summary>
public sealed class NetworkGateTests
{
    private static readonly TimeSpan Soon = TimeSpan.FromMilliseconds(100), Long = TimeSpan.FromMinutes(1);
    private readonly NetworkGate gate = new();

    [Fact]
    public async Task Readers_are_in_together_and_a_writer_alone()
    {
        var first = gate.Read(default);
        await Elsewhere(() => gate.Read(default).Dispose());
        var writing = Elsewhere(() => gate.Write(default).Dispose());
        Assert.NotSame(writing, await Task.WhenAny(writing, Task.Delay(Soon)));

        first.Dispose();
        await writing.WaitAsync(Long);
    }

    [Fact]
    public async Task Who_waits_to_write_is_before_those_who_come_to_read_later()
    {
        var first = gate.Read(default);
        var order = new List<string>();
        var writing = Elsewhere(() => Enter(gate.Write, "writer"));
        await Task.Delay(Soon);
        var reading = Elsewhere(() => Enter(gate.Read, "reader"));
        await Task.Delay(Soon);
        first.Dispose();
        await Task.WhenAll(writing, reading).WaitAsync(Long);

        Assert.Equal(["writer", "reader"], order);

        void Enter(Func<CancellationToken, IDisposable> enter, string name)
        {
            using var turn = enter(default);
            order.Add(name);
        }
    }

    [Fact]
    public async Task What_a_reader_starts_comes_in_with_him_even_where_somebody_waits_to_write()
    {
        var outer = gate.Read(default);
        var writing = Elsewhere(() => gate.Write(default).Dispose());
        await Task.Delay(Soon);
        IDisposable? inner = null;

        await Task.Run(() => inner = gate.Read(default)).WaitAsync(Long);

        Assert.True(gate.IsReadHere);
        outer.Dispose();
        Assert.NotSame(writing, await Task.WhenAny(writing, Task.Delay(Soon)));
        inner!.Dispose();
        await writing.WaitAsync(Long);
    }

    [Fact]
    public async Task What_a_writer_starts_waits_for_him_and_he_himself_comes_in_again()
    {
        Task started;
        using (gate.Write(default))
        {
            gate.Write(default).Dispose();
            gate.Read(default).Dispose();
            started = Task.Run(() => gate.Read(default).Dispose());
            Thread.Sleep(Soon);
            Assert.False(started.IsCompleted);
        }
        await started.WaitAsync(Long);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancelled_token_ends_a_wait_and_leaves_nobody_waiting(bool writes)
    {
        var first = writes ? gate.Read(default) : gate.Write(default);
        using var stop = new CancellationTokenSource(Soon);

        await Assert.ThrowsAnyAsync<OperationCanceledException>(
            () => Elsewhere(() => (writes ? gate.Write(stop.Token) : gate.Read(stop.Token)).Dispose()).WaitAsync(Long));

        // Where one has given up to write, readers come in again.
        if (writes)
            await Elsewhere(() => gate.Read(default).Dispose()).WaitAsync(Long);
        first.Dispose();
        await Elsewhere(() => gate.Write(default).Dispose()).WaitAsync(Long);
    }

    [Fact]
    public void Any_number_of_threads_leave_it_free()
    {
        var (inside, together) = (0, 0);
        Parallel.For(0, 2000, new ParallelOptions { MaxDegreeOfParallelism = 8 }, i =>
        {
            using var turn = i % 5 == 0 ? gate.Write(default) : gate.Read(default);
            var now = Interlocked.Increment(ref inside);
            if (i % 5 == 0 && now > 1)
                Interlocked.Increment(ref together);
            Interlocked.Decrement(ref inside);
        });

        Assert.Equal(0, together);
        gate.Write(default).Dispose();
    }

    /// <summary>On a thread that nobody has started who is in.</summary>
    private static Task Elsewhere(Action act)
    {
        using (ExecutionContext.SuppressFlow())
            // A thread of its own: the pool may be busy with other tests.
            return Task.Factory.StartNew(act, default, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }
}
