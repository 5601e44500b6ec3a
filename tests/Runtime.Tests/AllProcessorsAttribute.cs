using System.Reflection;
using Xunit.Sdk;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests;

/// <summary>
/// Libtorch and our kernels use all processors in these tests, as they do for users; in others each test has one thread
/// (OneThread.runsettings). For classes that run alone, and methods that are synchronous: libtorch's number of threads is that of the
/// thread that sets it.
/// </summary>
[AttributeUsage(AttributeTargets.Class)]
internal sealed class AllProcessorsAttribute : BeforeAfterTestAttribute
{
    private int before;

    public override void Before(MethodInfo methodUnderTest)
    {
        before = get_num_threads();
        // Two at least, for what several share to be shared on every machine.
        set_num_threads(Math.Max(2, Environment.ProcessorCount));
    }

    public override void After(MethodInfo methodUnderTest) => set_num_threads(before);
}
