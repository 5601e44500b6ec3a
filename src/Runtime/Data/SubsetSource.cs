namespace UNetGen.Data;

/// <summary>
/// Some of another source's images: a half to compare with the other, or what is held back from a training. Of a folder of pictures, one
/// whose file turns out broken is left out: the next whole one of its class among these numbers stands in for it, the first following the
/// last, and never one of the others.
/// </summary>
/// <param name="source">Where they come from.</param>
/// <param name="numbers">Which, in what order; each from 0 to the source's count - 1. They are copied.</param>
/// <exception cref="ArgumentOutOfRangeException">The source has no image of such a number.</exception>
public sealed class SubsetSource(IImageSource source, IReadOnlyList<int> numbers) : IImageSource
{
    private readonly int[] numbers = Copied(source, numbers);

    /// <inheritdoc/>
    public string Description { get; } = FormattableString.Invariant($"{numbers.Count:N0} of {source.Description}");

    /// <inheritdoc/>
    public int Count => numbers.Length;

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
    /// <exception cref="DataException">Of the subset no file of the image's class can be used, or the folder is gone.</exception>
    public void Read(int index, Span<float> pixels)
    {
        foreach (var number in Candidates(index))
        {
            source.Read(number, pixels);
            if (source.BrokenFile(number) is null)
                return;
        }
    }

    /// <inheritdoc/>
    public void ReadContext(int index, Span<float> values) => source.ReadContext(numbers[index], values);

    /// <inheritdoc/>
    public void ReadNullContext(Span<float> values) => source.ReadNullContext(values);

    /// <inheritdoc/>
    /// <exception cref="DataException">Of the subset no file of the image's class can be used, or the folder is gone.</exception>
    public void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition)
    {
        foreach (var number in Candidates(index))
        {
            source.ReadWithCondition(number, place, pixels, condition);
            if (source.BrokenFile(number) is null)
                return;
        }
    }

    internal BrokenFile? BrokenFile(int index) => source.BrokenFile(numbers[index]);

    /// <summary>
    /// The source's number of an image, and those of its class that may stand in for it, but for what is known to be broken. What is not
    /// known the source tells when it has read it: one of its others is in the place of a broken one then.
    /// </summary>
    private IEnumerable<int> Candidates(int index)
    {
        var first = numbers[index];
        for (var i = 0; i < numbers.Length; i++)
        {
            var number = numbers[(index + i) % numbers.Length];
            if (source.BrokenFile(number) is null && (i == 0 || Classes.Count == 0 || source.Label(number) == source.Label(first)))
                yield return number;
        }
        var place = Classes.Count == 0 ? Description : $"{Description}, class {Classes[source.Label(first)]}";
        var broken = source.BrokenFile(first)!;
        throw new DataException(
            $"{place}: not one of its picture files can be used; {broken.Path} {broken.Reason}. Mend the files, or leave them "
                + "out of the subset.");
    }

    /// <summary>A list that its owner changes would make another source of this one while a training reads it.</summary>
    private static int[] Copied(IImageSource source, IReadOnlyList<int> numbers)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(numbers);
        int[] copy = [.. numbers];
        if (Array.FindIndex(copy, number => (uint)number >= (uint)source.Count) is >= 0 and var wrong)
            throw new ArgumentOutOfRangeException(
                nameof(numbers), copy[wrong],
                $"Number {wrong} of the subset is no image of {source.Description}, which has {Counted.Of(source.Count, "image")}; the "
                    + "first is 0.");
        return copy;
    }
}
