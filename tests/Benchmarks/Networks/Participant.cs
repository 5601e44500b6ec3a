using System.Diagnostics;
using System.Runtime;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>One side of a pair, which measures itself when it is asked to.</summary>
internal interface IParticipant : IDisposable
{
    /// <summary>Seconds of one execution.</summary>
    double Time(Row row);

    /// <summary>What a training step leaves to the garbage collector.</summary>
    Garbage MeasureGarbage();

    /// <summary>The memory of the process, after so many executions of a row.</summary>
    Memory MeasureMemory(Row row, int executions);
}

/// <summary>A step's managed garbage.</summary>
/// <param name="Bytes">Allocated.</param>
/// <param name="Tensors">Made: each is an object with a finaliser.</param>
/// <param name="Finalised">Objects left to the finaliser.</param>
internal sealed record Garbage(double Bytes, double Tensors, double Finalised);

/// <summary>A process's memory.</summary>
/// <param name="Constructed">Bytes resident when libtorch was loaded and the network made.</param>
/// <param name="Peak">The most that were resident, bytes.</param>
/// <param name="Gpu">
/// In use on the GPU beyond what was before the network was made, bytes: all that CUDA and its libraries take for this process too, and all
/// that libtorch ever took, since it keeps it for the next tensor. 0 where the device isn't a GPU.
/// </param>
internal sealed record Memory(long Constructed, long Peak, long Gpu);

/// <summary>One side in this process.</summary>
internal sealed class Participant : IParticipant
{
    private readonly NetworkCase network;
    private readonly Side side;
    private readonly Workload workload;
    private readonly NoisedBatch batch;
    private readonly (Tensor Images, Tensor Timesteps) input, oneImage;
    private readonly long constructed, gpuBefore;

    public Participant(NetworkCase network, Side side, Device device, Numbers numbers)
    {
        (this.network, this.side) = (network, side);
        gpuBefore = Machine.GpuMemoryInUse(device);
        workload = network.Employ(side, device);
        GpuSettings.Apply(numbers, workload);
        constructed = Resident(process => process.WorkingSet64);
        batch = network.Draw(seed: 1);
        input = (batch.Noise.to(device).DetachFromDisposeScope(), batch.Timesteps.to(device).DetachFromDisposeScope());
        oneImage = (input.Images[..1].clone().DetachFromDisposeScope(), input.Timesteps[..1].clone().DetachFromDisposeScope());
    }

    public double Time(Row row)
    {
        if (row == Row.Update && Gradients() == 0)
            workload.Train(batch);
        var executions = row.Executions();
        workload.Network.train(row == Row.Step);
        Synchronize();
        var start = Stopwatch.GetTimestamp();
        for (var i = 0; i < executions; i++)
            Execute(row);
        Synchronize();
        return Stopwatch.GetElapsedTime(start).TotalSeconds / executions;
    }

    public Garbage MeasureGarbage()
    {
        const int steps = 4;
        workload.Network.train();
        workload.Train(batch);
        Collect();
        var (bytes, tensors) = (GC.GetTotalAllocatedBytes(precise: true), Made());
        // Without collections between: each would finalise what it finds.
        GC.TryStartNoGCRegion(64 << 20);
        for (var i = 0; i < steps; i++)
            workload.Train(batch);
        (bytes, tensors) = (GC.GetTotalAllocatedBytes(precise: true) - bytes, Made() - tensors);
        if (GCSettings.LatencyMode == GCLatencyMode.NoGCRegion)
            GC.EndNoGCRegion();
        GC.Collect();
        var finalised = GC.GetGCMemoryInfo(GCKind.Any).FinalizationPendingCount;
        return new((double)bytes / steps, (double)tensors / steps, (double)finalised / steps);

        static long Made()
        {
            var statistics = DisposeScopeManager.Statistics.TensorStatistics;
            return statistics.CreatedInScopeCount + statistics.CreatedOutsideScopeCount;
        }
    }

    public Memory MeasureMemory(Row row, int executions)
    {
        workload.Network.train(row == Row.Step);
        for (var i = 0; i < executions; i++)
            Execute(row);
        Synchronize();
        return new(constructed, Resident(process => process.PeakWorkingSet64), Machine.GpuMemoryInUse(workload.Device) - gpuBefore);
    }

    public void Dispose()
    {
        workload.Dispose();
        batch.Dispose();
        input.Images.Dispose();
        input.Timesteps.Dispose();
        oneImage.Images.Dispose();
        oneImage.Timesteps.Dispose();
    }

    private void Execute(Row row)
    {
        switch (row)
        {
            case Row.Step:
                workload.Train(batch);
                break;
            case Row.Forward:
                workload.Forward(input.Images, input.Timesteps);
                break;
            case Row.OneImage:
                workload.Forward(oneImage.Images, oneImage.Timesteps);
                break;
            case Row.Sampling:
                workload.Sample().Dispose();
                break;
            case Row.Update:
                workload.Update();
                break;
            case Row.Construction:
                network.Make(side).Dispose();
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(row), row, null);
        }
    }

    private int Gradients() => workload.Network.parameters().Count(parameter => parameter.grad is not null);

    private void Synchronize()
    {
        if (workload.Device.type == DeviceType.CUDA)
            cuda.synchronize();
    }

    private static void Collect()
    {
        for (var i = 0; i < 2; i++)
        {
            GC.Collect();
            GC.WaitForPendingFinalizers();
        }
    }

    private static long Resident(Func<Process, long> value)
    {
        using var process = Process.GetCurrentProcess();
        return value(process);
    }
}
