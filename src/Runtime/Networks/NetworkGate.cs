namespace UNetGen.Networks;

/// <summary>
/// Lets in any number of readers, or one writer. New readers wait for a writer who waits, so that he has his turn. What somebody starts
/// who is in, on whatever thread, comes in with him.
/// </summary>
internal sealed class NetworkGate
{
    private readonly object state = new();
    private readonly AsyncLocal<Turn?> current = new();
    private int reading;
    private int writing;
    private int waitingToWrite;

    /// <summary>Whether the caller, or who started it, reads now.</summary>
    public bool IsReadHere => current.Value is { IsOver: false, Writes: false };

    /// <summary>Waits until nobody writes or has waited to.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>To be disposed when it is read.</returns>
    /// <exception cref="OperationCanceledException">Cancelled while it waited.</exception>
    public IDisposable Read(CancellationToken cancellation) => Enter(writes: false, cancellation);

    /// <summary>Waits until nobody else reads or writes; not for who reads itself.</summary>
    /// <param name="cancellation">Ends the waiting.</param>
    /// <returns>To be disposed when it is written.</returns>
    /// <exception cref="OperationCanceledException">Cancelled while it waited.</exception>
    public IDisposable Write(CancellationToken cancellation) => Enter(writes: true, cancellation);

    private Turn Enter(bool writes, CancellationToken cancellation)
    {
        // Not within the lock, which its callback takes.
        using var waking = cancellation.Register(() => Change(() => { }));
        lock (state)
        {
            var outer = current.Value is { IsOver: false } live ? live : null;
            if (outer is null && writes)
                WaitToWrite(cancellation);
            else if (outer is null)
                Wait(() => writing + waitingToWrite == 0, cancellation);
            var turn = new Turn(this, writes || outer is { Writes: true }, current.Value);
            Count(turn, 1);
            return current.Value = turn;
        }
    }

    private void WaitToWrite(CancellationToken cancellation)
    {
        waitingToWrite++;
        try
        {
            Wait(() => reading + writing == 0, cancellation);
        }
        finally
        {
            waitingToWrite--;
            Monitor.PulseAll(state);
        }
    }

    private void Wait(Func<bool> isFree, CancellationToken cancellation)
    {
        while (!isFree())
        {
            cancellation.ThrowIfCancellationRequested();
            Monitor.Wait(state);
        }
    }

    private void Change(Action change)
    {
        lock (state)
        {
            change();
            Monitor.PulseAll(state);
        }
    }

    private void Count(Turn turn, int change)
    {
        if (turn.Writes)
            writing += change;
        else
            reading += change;
    }

    private sealed class Turn(NetworkGate gate, bool writes, Turn? outer) : IDisposable
    {
        public bool Writes { get; } = writes;

        public bool IsOver { get; private set; }

        public void Dispose()
        {
            gate.Change(() =>
            {
                if (IsOver)
                    return;
                IsOver = true;
                gate.Count(this, -1);
            });
            gate.current.Value = outer;
        }
    }
}
