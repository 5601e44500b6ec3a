namespace UNetGen.Data;

/// <summary>
/// Another source's images, with something changed or added. What isn't overridden is the other's: its classes, files and notes too, by
/// which a training that goes on notices that the data has changed. Its images have the other's numbers; <see cref="SubsetSource"/> gives
/// them others.
/// </summary>
public abstract class DerivedSource : IImageSource
{
    /// <summary>Takes another source's images.</summary>
    /// <param name="images">The other.</param>
    protected DerivedSource(IImageSource images)
    {
        ArgumentNullException.ThrowIfNull(images);
        Images = images;
    }

    /// <summary>The other source.</summary>
    public IImageSource Images { get; }

    /// <inheritdoc/>
    public virtual string Description => Images.Description;

    /// <inheritdoc/>
    public virtual int Count => Images.Count;

    /// <inheritdoc/>
    public virtual int Channels => Images.Channels;

    /// <inheritdoc/>
    public virtual int Height => Images.Height;

    /// <inheritdoc/>
    public virtual int Width => Images.Width;

    /// <inheritdoc/>
    public virtual int ConditionChannels => Images.ConditionChannels;

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> Classes => Images.Classes;

    /// <summary>
    /// By what the other source is told by, and by what this one says of number, shape, classes and contexts. What else is changed or
    /// added belongs here, with <see cref="DataIdentity.And"/>: without, a training can't notice that it has become another.
    /// </summary>
    public virtual DataIdentity Identity
    {
        get
        {
            var other = Images.Identity;
            return DataIdentity.Of(this, other.ContentKind, other.Content) with
            {
                Background = other.Background,
                Condition = other.Condition,
            };
        }
    }

    /// <inheritdoc/>
    public virtual FileRecord? Record => Images.Record;

    /// <inheritdoc/>
    public virtual IReadOnlyList<string> Notes => Images.Notes;

    /// <inheritdoc/>
    public virtual bool ScalesBytes => Images.ScalesBytes;

    /// <inheritdoc/>
    public virtual bool IsBounded => Images.IsBounded;

    /// <inheritdoc/>
    public virtual ContextShape? Context => Images.Context;

    /// <inheritdoc/>
    public virtual int Label(int index) => Images.Label(index);

    /// <inheritdoc/>
    public virtual void Read(int index, Span<float> pixels) => Images.Read(index, pixels);

    /// <inheritdoc/>
    public virtual void ReadContext(int index, Span<float> values) => Images.ReadContext(index, values);

    /// <inheritdoc/>
    public virtual void ReadNullContext(Span<float> values) => Images.ReadNullContext(values);

    /// <inheritdoc/>
    public virtual void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition) =>
        Images.ReadWithCondition(index, place, pixels, condition);
}
