using TorchSharp;

namespace UNetGen.Runtime.Tests.Backends;

internal static class LiveTensors
{
    /// <summary>Of this thread: other tests run beside.</summary>
    public static long OfThisThread => DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;

    /// <summary>Fails if a step leaves tensors behind, or takes others': the first may make what stays.</summary>
    public static void AreAsManyAfterEach(Action step)
    {
        step();
        var before = OfThisThread;
        for (var i = 0; i < 5; i++)
            step();
        Assert.Equal(before, OfThisThread);
    }
}
