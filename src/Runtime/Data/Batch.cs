using static TorchSharp.torch;

namespace UNetGen.Data;

/// <summary>Images of one step, and what they show. The tensors are the receiver's, or its dispose scope's.</summary>
/// <param name="Images">[batch, channels, height, width], float32, on the CPU; of pictures in [-1, 1].</param>
/// <param name="Labels">[batch], int64, on the CPU, numbers of the source's classes; null where it has none.</param>
/// <param name="Number">From 0.</param>
/// <param name="Position">
/// The place of its first image in the endless row of all epochs, the others following on it: with the loader's seed it decides what is in
/// the batch.
/// </param>
public readonly record struct Batch(Tensor Images, Tensor? Labels, long Number, long Position = 0) : IDisposable
{
    /// <summary>What the images show, [batch, tokens, width], float32, on the CPU; null where the source has no contexts.</summary>
    public Tensor? Context { get; init; }

    /// <summary>
    /// What the images are to be made from, [batch, condition channels, height, width], float32, on the CPU; null where the source has no
    /// condition.
    /// </summary>
    public Tensor? Condition { get; init; }

    /// <summary>What the loader has drawn for the images, where it was given what to draw.</summary>
    internal Drawn? Drawn { get; init; }

    /// <summary>Disposes its tensors.</summary>
    public void Dispose()
    {
        Drawn?.Noise.Dispose();
        Images.Dispose();
        Labels?.Dispose();
        Context?.Dispose();
        Condition?.Dispose();
    }
}

/// <summary>What was drawn for the images of a batch.</summary>
/// <param name="Noise">[batch, channels, height, width], float32, on the CPU.</param>
/// <param name="Times">Of each image.</param>
internal readonly record struct Drawn(Tensor Noise, double[] Times);

/// <summary>
/// Draws for an image, on any thread and for several images at once: a pure function of its place in the row of all epochs.
/// </summary>
/// <param name="place">There.</param>
/// <param name="noise">As large as the image; to be filled.</param>
/// <param name="label">The image's, 0 where it has none; may be replaced.</param>
/// <returns>The image's time, and whether its context gives way to the null context.</returns>
internal delegate (double Time, bool DropsContext) ImageDraw(long place, Span<float> noise, ref long label);
