namespace UNetGen.Data;

/// <summary>
/// Some of another source's images: a half to compare with the other, or what is held back from a training. Of a folder of pictures, one
/// whose file turns out broken is left out: the next whole one of its class among these numbers stands in for it, the first following the
/// last, and never one of the others.
/// </summary>
/// <param name="source">Where they come from.</param>
/// <param name="numbers">Which, in what order; each from 0 to the source's count - 1. They are copied.</param>
/// <exception cref="ArgumentOutOfRangeException">The source has no image of such a number.</exception>
public sealed class SubsetSource(IImageSource source, IReadOnlyList<int> numbers) : DerivedSource(source)
{
    private readonly int[] numbers = Copied(source, numbers);

    /// <inheritdoc/>
    public override string Description { get; } = FormattableString.Invariant($"{numbers.Count:N0} of {source.Description}");

    /// <inheritdoc/>
    public override int Count => numbers.Length;

    /// <summary>By the numbers, and by what the other source is told by.</summary>
    public override DataIdentity Identity =>
        base.Identity.And("numbers", numbers.Select(number => FormattableString.Invariant($"{number}")));

    /// <inheritdoc/>
    public override int Label(int index) => Images.Label(NumberOf(index));

    /// <inheritdoc/>
    /// <exception cref="DataException">Of the subset no file of the image's class can be used, or the folder is gone.</exception>
    public override void Read(int index, Span<float> pixels)
    {
        foreach (var number in Candidates(index))
        {
            Images.Read(number, pixels);
            if (Images.BrokenFile(number) is null)
                return;
        }
    }

    /// <inheritdoc/>
    public override void ReadContext(int index, Span<float> values) => Images.ReadContext(NumberOf(index), values);

    /// <inheritdoc/>
    /// <exception cref="DataException">Of the subset no file of the image's class can be used, or the folder is gone.</exception>
    public override void ReadWithCondition(int index, long place, Span<float> pixels, Span<float> condition)
    {
        foreach (var number in Candidates(index))
        {
            Images.ReadWithCondition(number, place, pixels, condition);
            if (Images.BrokenFile(number) is null)
                return;
        }
    }

    private int NumberOf(int index)
    {
        SourceChecks.CheckIndex(this, index);
        return numbers[index];
    }

    internal BrokenFile? BrokenFile(int index) => Images.BrokenFile(numbers[index]);

    internal bool TryRead(int index, Span<float> pixels) => Images.TryRead(NumberOf(index), pixels);

    /// <summary>
    /// The source's number of an image, and those of its class that may stand in for it, but for what is known to be broken. What is not
    /// known the source tells when it has read it: one of its others is in the place of a broken one then.
    /// </summary>
    private IEnumerable<int> Candidates(int index)
    {
        var first = NumberOf(index);
        for (var i = 0; i < numbers.Length; i++)
        {
            var number = numbers[(index + i) % numbers.Length];
            if (Images.BrokenFile(number) is null && (i == 0 || Classes.Count == 0 || Images.Label(number) == Images.Label(first)))
                yield return number;
        }
        var place = Classes.Count == 0 ? Description : $"{Description}, class {Classes[Images.Label(first)]}";
        var broken = Images.BrokenFile(first)!;
        throw new DataException(
            $"{place}: not one of its picture files can be used; {broken.Path} {broken.Reason}. Mend the files, or take "
                + "them away.");
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
