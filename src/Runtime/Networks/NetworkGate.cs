namespace UNetGen.Networks;

/// <summary>
/// Lets in any number of readers, or one writer. New readers wait for a writer who waits, so that he has his turn. What a reader starts, on
/// whatever thread, comes in with him; with a writer only what he does himself.
/// </summary>
internal sealed class NetworkGate
{
    private readonly object state = new();
    private readonly AsyncLocal<Turn?> current = new();
    private int reading;
    private int writing;
    private int waitingToWrite;
    private int writer;

    /// <summary>Whether the caller, or who started it, reads now.</summary>
    public bool IsReadHere => current.Value is { IsOver: false };

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
            var isWriter = writing > 0 && writer == Environment.CurrentManagedThreadId;
            var isIn = isWriter || IsReadHere;
            if (!isIn && writes)
                WaitToWrite(cancellation);
            else if (!isIn)
                Wait(() => writing + waitingToWrite == 0, cancellation);
            var turn = new Turn(this, writes || isWriter, current.Value);
            if (turn.Writes)
                writer = Environment.CurrentManagedThreadId;
            else
                current.Value = turn;
            Count(turn, 1);
            return turn;
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
            if (!Writes)
                gate.current.Value = outer;
        }
    }
}
