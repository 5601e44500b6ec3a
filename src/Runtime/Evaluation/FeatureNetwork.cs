using UNetGen.Interop;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>What sees images as numbers that say what is on them, so that two sets of images can be compared.</summary>
public abstract class FeatureNetwork : IDisposable
{
    private bool isDisposed;

    /// <summary>What it is, for people.</summary>
    public abstract string Description { get; }

    /// <summary>SHA-256 of its weights, in hex: statistics of one network say nothing to another.</summary>
    public abstract string Hash { get; }

    /// <summary>An image's features.</summary>
    /// <param name="images">[batch, channels, height, width], float32, in [-1, 1].</param>
    /// <remarks>
    /// Statistics call it in a dispose scope: a tensor that it keeps for later leaves it by <c>DetachFromDisposeScope</c>.
    /// </remarks>
    /// <returns>[batch, features], float32; the caller's to dispose.</returns>
    /// <exception cref="EvaluationException">
    /// The network doesn't take such images. Those of the library take none with values that are no finite numbers.
    /// </exception>
    public abstract Tensor Extract(Tensor images);

    /// <summary>An image's features, as they must be: a network of a user's own may give anything.</summary>
    /// <param name="images">As for <see cref="Extract"/>.</param>
    /// <param name="features">As many as there are of each image; null: not known yet.</param>
    /// <returns>[batch, features], of a floating type; the caller's to dispose.</returns>
    /// <exception cref="EvaluationException">They aren't, or the network doesn't take such images.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    internal Tensor FeaturesOf(Tensor images, int? features)
    {
        RequireLive();
        var result = Extract(images);
        var wanted = features is { } known ? $"{known}], as of the images before" : "features]";
        var found = ReadableTensor.FaultOf(result) is { } fault
            ? $"a tensor that {fault}"
            : result.dim() != 2 || result.shape[0] != images.shape[0] || (features ?? result.shape[1]) != result.shape[1]
                || !result.is_floating_point()
            ? TensorForm.Of(result).ToString()
            : null;
        if (found is not null)
            throw new EvaluationException(
                $"The features that {Description} gives of {Counted.Of(images.shape[0], "image")} must be [{images.shape[0]}, {wanted}, of "
                    + $"a floating type, but are {found}.");
        FeatureStatistics.RequireCount(result.shape[1], Description);
        return result;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        isDisposed = true;
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    private protected void RequireLive() => ObjectDisposedException.ThrowIf(isDisposed, this);

    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    /// <exception cref="ArgumentException">The images have no numbers: they are disposed, sparse, or on the device meta.</exception>
    /// <exception cref="EvaluationException">
    /// The images are of another type: what their numbers are to mean isn't known; or they have some that aren't finite, which would become
    /// a class or a colour like any other.
    /// </exception>
    private protected void RequireImages(Tensor images)
    {
        RequireLive();
        ReadableTensor.Require(images);
        if (images.dtype != ScalarType.Float32)
            throw new EvaluationException(
                $"A feature network takes images of float32 numbers in [-1, 1], but got such of {images.dtype}: convert them.");
        using var scope = NewDisposeScope();
        if (!images.isfinite().all().item<bool>())
            throw new EvaluationException(
                "An image has values that are no finite numbers (NaN or infinite), of which no feature network sees anything: leave it "
                    + "out.");
    }

    /// <summary>Frees the weights.</summary>
    protected abstract void Dispose(bool disposing);
}
