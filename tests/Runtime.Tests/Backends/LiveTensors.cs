using TorchSharp;

namespace UNetGen.Runtime.Tests.Backends;

internal static class LiveTensors
{
    /// <summary>Fails if a step leaves tensors behind, or takes others': the first may make what stays.</summary>
    public static void AreAsManyAfterEach(Action step)
    {
        step();
        var before = Count();
        for (var i = 0; i < 5; i++)
            step();
        Assert.Equal(before, Count());

        // Of this thread: other tests run beside.
        static long Count() => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
    }
}
