namespace UNetGen.Runtime.Tests;

/// <summary>What another thread does again and again, until this is disposed, which throws what that threw.</summary>
internal sealed class Meanwhile : IAsyncDisposable
{
    private readonly CancellationTokenSource stop = new();
    private readonly Task task;

    public Meanwhile(Action act) => task = Task.Run(() =>
    {
        while (!stop.IsCancellationRequested)
            act();
    });

    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync();
        await task;
        stop.Dispose();
    }
}
