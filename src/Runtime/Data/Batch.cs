using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>Images of one step, and what they show. The tensors are the receiver's, or its dispose scope's.</summary>
/// <param name="Images">[batch, channels, height, width], float32, on the CPU, in [-1, 1].</param>
/// <param name="Labels">[batch], int64, on the CPU, numbers of the source's classes; null where it has none.</param>
/// <param name="Number">From 0.</param>
/// <param name="Position">
/// The place of its first image in the endless row of all epochs, the others following on it: with the loader's seed it decides what is in
/// the batch.
/// </param>
public readonly record struct Batch(Tensor Images, Tensor? Labels, long Number, long Position = 0) : IDisposable
{
    /// <summary>Disposes both tensors.</summary>
    public void Dispose()
    {
        Images.Dispose();
        Labels?.Dispose();
    }
}
