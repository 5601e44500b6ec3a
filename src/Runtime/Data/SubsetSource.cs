namespace UNetGen.Data;

/// <summary>Some of another source's images: a half to compare with the other, or what is held back from a training.</summary>
/// <param name="source">Where they come from.</param>
/// <param name="numbers">Which, in what order; each from 0 to the source's count - 1.</param>
public sealed class SubsetSource(IImageSource source, IReadOnlyList<int> numbers) : IImageSource
{
    /// <inheritdoc/>
    public string Description { get; } = FormattableString.Invariant($"{numbers.Count:N0} of {source.Description}");

    /// <inheritdoc/>
    public int Count => numbers.Count;

    /// <inheritdoc/>
    public int Channels => source.Channels;

    /// <inheritdoc/>
    public int Height => source.Height;

    /// <inheritdoc/>
    public int Width => source.Width;

    /// <inheritdoc/>
    public int ConditionChannels => source.ConditionChannels;

    /// <inheritdoc/>
    public IReadOnlyList<string> Classes => source.Classes;

    /// <summary>By the numbers, and by what the other source is told by.</summary>
    public DataIdentity Identity
    {
        get
        {
            var whole = source.Identity;
            var content = DataIdentity.HashOf([whole.Content ?? "", .. numbers.Select(number => FormattableString.Invariant($"{number}"))]);
            return DataIdentity.Of(this, "numbers" + (whole.ContentKind is null ? "" : $" or {whole.ContentKind}"), content) with
            {
                Background = whole.Background,
                Condition = whole.Condition,
            };
        }
    }

    /// <summary>That of the whole.</summary>
    public FileRecord? Record => source.Record;

    /// <inheritdoc/>
    public IReadOnlyList<string> Notes => source.Notes;

    internal IImageSource Whole => source;

    /// <inheritdoc/>
    public bool ScalesBytes => source.ScalesBytes;

    /// <inheritdoc/>
    public bool IsBounded => source.IsBounded;

    /// <inheritdoc/>
    public ContextShape? Context => source.Context;

    /// <inheritdoc/>
    public int Label(int index) => source.Label(numbers[index]);

    /// <inheritdoc/>
    public void Read(int index, Span<float> pixels) => source.Read(numbers[index], pixels);

    /// <inheritdoc/>
    public void ReadContext(int index, Span<float> values) => source.ReadContext(numbers[index], values);

    /// <inheritdoc/>
    public void ReadNullContext(Span<float> values) => source.ReadNullContext(values);

    /// <inheritdoc/>
    public void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition) =>
        source.ReadWithCondition(numbers[index], place, pixels, condition);
}
