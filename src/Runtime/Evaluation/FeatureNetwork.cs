using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>What sees images as numbers that say what is on them, so that two sets of images can be compared.</summary>
public abstract class FeatureNetwork : IDisposable
{
    /// <summary>What it is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>SHA-256 of its weights, in hex: statistics of one network say nothing to another.</summary>
    public abstract string Hash { get; }

    /// <summary>An image's features.</summary>
    /// <param name="images">[batch, channels, height, width], float32, in [-1, 1].</param>
    /// <returns>[batch, features], float32; the caller's to dispose.</returns>
    /// <exception cref="EvaluationException">The network doesn't take such images.</exception>
    public abstract Tensor Extract(Tensor images);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <exception cref="EvaluationException">The images are of another type: what their numbers are to mean isn't known.</exception>
    private protected static void RequireFloat32(Tensor images)
    {
        if (images.dtype != ScalarType.Float32)
            throw new EvaluationException(
                $"A feature network takes images of float32 numbers in [-1, 1], but got such of {images.dtype}: convert them.");
    }

    /// <summary>Frees the weights.</summary>
    protected abstract void Dispose(bool disposing);
}
