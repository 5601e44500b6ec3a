namespace UNetGen.Data;

/// <summary>
/// Another source's images, each with a condition that it is to be made from: <see cref="UpscalingSource"/>,
/// <see cref="InpaintingSource"/>, <see cref="PairSource"/>, or a task of your own.
/// </summary>
public abstract class ConditionedSource : DerivedSource
{
    /// <summary>Gives images a condition.</summary>
    /// <param name="images">The images, which have none of their own.</param>
    /// <param name="conditionChannels">Channels of the condition.</param>
    /// <exception cref="ArgumentException">They have one.</exception>
    protected ConditionedSource(IImageSource images, int conditionChannels)
        : base(images)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(conditionChannels);
        if (images.ConditionChannels > 0)
            throw new ArgumentException($"{images.Description}: the images have a condition already.", nameof(images));
        ConditionChannels = conditionChannels;
    }

    /// <inheritdoc/>
    public override int ConditionChannels { get; }

    /// <summary>What the condition is, in words by which a training that goes on compares it: <c>upscaling by 4</c>.</summary>
    public abstract string Condition { get; }

    /// <inheritdoc/>
    public override string Description => $"{Images.Description}, for {Condition}";

    /// <summary>By what the images are told by, and by <see cref="Condition"/>.</summary>
    public override DataIdentity Identity => base.Identity with { Condition = Condition };

    /// <inheritdoc/>
    public override void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition)
    {
        SourceChecks.CheckCondition(this, condition);
        Images.Read(index, pixels);
        MakeCondition(place, pixels, condition);
    }

    /// <summary>Makes an image's condition. Called from several threads.</summary>
    /// <param name="place">
    /// The image's place in the row of all epochs: what chance decides follows from it and from a seed alone.
    /// </param>
    /// <param name="image">[channels, height, width] in row-major order.</param>
    /// <param name="condition">[condition channels, height, width], to be filled with values in [-1, 1].</param>
    protected abstract void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition);
}
