using System.Diagnostics;
using System.Runtime.InteropServices;
using TorchSharp;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>libtorch's switches are the process's, and there without a GPU as well.</summary>
public sealed class CudaArithmeticTests
{
    private static readonly Device Gpu = new(DeviceType.CUDA, 0);

    public CudaArithmeticTests() => Libtorch.Load();

    [Fact]
    public void Libtorch_has_the_functions_by_which_cudnn_tries_its_algorithms() => Assert.True(CudnnTrials.AreKnown);

    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, false)]
    [InlineData(true, true)]
    public void On_a_GPU_tf32_is_as_asked_and_cudnn_tries_its_algorithms_and_what_was_before_comes_back(bool tf32, bool before)
    {
        var first = State();
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (before, !before);
        using (new CudaArithmetic(Gpu, tf32))
        {
            Assert.Equal((tf32, tf32, CudnnTrials.AreKnown), State());
            using (new CudaArithmetic(Gpu, !tf32))
                Assert.Equal((!tf32, !tf32, CudnnTrials.AreKnown), State());
            Assert.Equal((tf32, tf32, CudnnTrials.AreKnown), State());
        }
        Assert.Equal((before, !before, first.Trials), State());
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (first.Products, first.Convolutions);
    }

    [Fact]
    public void On_the_CPU_nothing_is_set()
    {
        var before = State();
        using (new CudaArithmetic(CPU, !before.Products))
            Assert.Equal(before, State());
    }

    [LinuxFact]
    public unsafe void Where_the_same_numbers_are_wanted_each_time_cudnn_tries_nothing()
    {
        using var process = Process.GetCurrentProcess();
        var libtorch = NativeLibrary.Load(process.Modules.Cast<ProcessModule>().First(
            module => module.ModuleName.StartsWith("libtorch_cpu.", StringComparison.Ordinal)).FileName);
        var context = ((delegate* unmanaged<nint>)NativeLibrary.GetExport(libtorch, "_ZN2at13globalContextEv"))();
        var want = (delegate* unmanaged<nint, byte, void>)NativeLibrary.GetExport(libtorch, "_ZN2at7Context21setDeterministicCuDNNEb");
        want(context, 1);
        try
        {
            using var arithmetic = new CudaArithmetic(Gpu, tf32: false);
            Assert.False(CudnnTrials.Enabled);
        }
        finally
        {
            want(context, 0);
        }
        using var free = new CudaArithmetic(Gpu, tf32: false);
        Assert.True(CudnnTrials.Enabled);
    }

    private static (bool Products, bool Convolutions, bool Trials) State() =>
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32, CudnnTrials.Enabled);
}
