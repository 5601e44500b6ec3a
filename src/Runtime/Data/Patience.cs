namespace UNetGen.Data;

/// <summary>Waits for what may hang: a read from a share that is away can't be ended, only be given up.</summary>
internal static class Patience
{
    /// <summary>How long after it was asked to stop something may still take.</summary>
    public static readonly TimeSpan Grace = TimeSpan.FromSeconds(2);

    /// <summary>The result, or what was thrown.</summary>
    /// <exception cref="OperationCanceledException">Cancelled, and it didn't come to its end in time; it goes on for itself.</exception>
    public static T Await<T>(Task<T> task, CancellationToken cancellation)
    {
        try
        {
            Task.WaitAny([task], cancellation);
        }
        catch (OperationCanceledException) when (Ends(task))
        {
            // In time after all.
        }
        return task.GetAwaiter().GetResult();
    }

    /// <summary>Takes a turn that another may keep while it waits for what hangs.</summary>
    /// <returns>Whether it was had; false: cancelled, and it wasn't in time.</returns>
    public static bool Enter(SemaphoreSlim turn, CancellationToken cancellation)
    {
        try
        {
            turn.Wait(cancellation);
            return true;
        }
        catch (OperationCanceledException)
        {
            return turn.Wait(Grace);
        }
    }

    /// <summary>Whether a task has ended in time, in whatever way.</summary>
    public static bool Ends(Task task) => Task.WhenAny(task, Task.Delay(Grace)).GetAwaiter().GetResult() == task;
}
