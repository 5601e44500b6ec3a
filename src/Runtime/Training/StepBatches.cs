using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a step trains on, on the network's device; in no dispose scope.</summary>
/// <param name="Images">[batch, channels, height, width], float32.</param>
/// <param name="Noise">Of the same shape.</param>
/// <param name="Timesteps">The images' times, [batch].</param>
/// <param name="Labels">[batch], int64, some of them replaced by the null class; null for a network without classes.</param>
/// <param name="Times">The times once more, for the CPU: to ask the device for them would be to wait for it.</param>
/// <param name="Number">The batch's, from 0.</param>
internal sealed record StepBatch(Tensor Images, Tensor Noise, Tensor Timesteps, Tensor? Labels, double[] Times, long Number = 0)
    : IDisposable
{
    /// <summary>[batch, tokens, width], float32, some of them replaced by the null context; null for a network without a context.</summary>
    public Tensor? Context { get; init; }

    /// <summary>What the images are to be made from, [batch, condition channels, height, width]; null for a network without that.</summary>
    public Tensor? Condition { get; init; }

    public void Dispose()
    {
        Condition?.Dispose();
        Images.Dispose();
        Noise.Dispose();
        Timesteps.Dispose();
        Labels?.Dispose();
        Context?.Dispose();
    }
}

/// <summary>
/// The batches of all steps, each on its way to the device while this computes the step before: so it has its next work as soon as the CPU,
/// which waits once in a step, can give it.
/// </summary>
/// <param name="loader">Draws for each image as well; stays the caller's.</param>
/// <param name="network">On its device.</param>
/// <param name="diffusion">The network's.</param>
internal sealed class StepBatches(BatchLoader loader, NoisePredictor network, DiffusionProcess diffusion) : IDisposable
{
    private StepBatch? next;

    /// <summary>The next step's; the caller's to dispose.</summary>
    /// <exception cref="OperationCanceledException">As <see cref="BatchLoader.Next"/>.</exception>
    public StepBatch Next(CancellationToken cancellation)
    {
        var batch = next ?? Send(loader.Next(cancellation));
        next = null;
        return batch;
    }

    /// <summary>
    /// Begins to copy the next step's, if it has been read: nobody waits here, neither for the loader nor for the device.
    /// </summary>
    public void Begin()
    {
        if (next is null && loader.NextIfReady() is { } batch)
            next = Send(batch);
    }

    /// <summary>Frees what was begun for a step that doesn't come.</summary>
    public void Dispose() => next?.Dispose();

    private StepBatch Send(Batch batch)
    {
        var (noise, times) = batch.Drawn!.Value;
        var labels = SendIf(network.Info.NumClasses is not null, batch.Labels);
        var context = SendIf(network.Info.ContextDim is not null, batch.Context);
        return new(Send(batch.Images), Send(noise), Send(diffusion.Times(times)), labels, times, batch.Number)
        {
            Context = context,
            Condition = SendIf(network.Info.ConditionChannels > 0, batch.Condition),
        };
    }

    /// <summary>Of what the images have, the network takes what it knows.</summary>
    private Tensor? SendIf(bool isTaken, Tensor? made)
    {
        if (isTaken)
            return Send(made!);
        made?.Dispose();
        return null;
    }

    private Tensor Send(Tensor made) => DeviceCopy.Send(made, network.Device).DetachFromDisposeScope();
}
