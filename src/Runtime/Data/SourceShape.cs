namespace UNetGen.Data;

/// <summary>How many images a source has, and what each of them is: neither changes while it is read.</summary>
/// <param name="Count">At least 0.</param>
/// <param name="Channels">At least 1.</param>
/// <param name="Height">At least 1.</param>
/// <param name="Width">At least 1.</param>
/// <param name="ConditionChannels">At least 0.</param>
/// <param name="Context">Of at least one token and one number; null: there is none.</param>
internal readonly record struct SourceShape(
    int Count, int Channels, int Height, int Width, int ConditionChannels, ContextShape? Context)
{
    /// <summary>Values of an image.</summary>
    public int PixelCount => Channels * Height * Width;

    /// <summary>Values of a condition.</summary>
    public int ConditionCount => ConditionChannels * Height * Width;

    /// <summary>Values of a context; 0 where there is none.</summary>
    public int ContextCount => Context?.Count ?? 0;

    /// <summary>What a source says of itself.</summary>
    /// <exception cref="DataException">No images can be so.</exception>
    public static SourceShape Of(IImageSource source)
    {
        var shape = Read(source);
        if (shape.Fault is { } fault)
            throw new DataException($"{source.Description} says that it has {shape}: {fault}.");
        return shape;
    }

    /// <exception cref="DataException">The source says otherwise by now.</exception>
    public void RequireUnchanged(IImageSource source)
    {
        if (Read(source) is var now && now != this)
            throw new DataException(
                $"{source.Description} had {this} when it was begun to read, and has {now} now: what is read must stay as it was. Take "
                    + "another source for other images.");
    }

    /// <inheritdoc/>
    public override string ToString() =>
        FormattableString.Invariant($"{Counted.Of(Count, "image")} of {Channels} x {Height} x {Width} (channels x height x width)")
        + (ConditionChannels == 0 ? "" : FormattableString.Invariant($", conditions of {Counted.Of(ConditionChannels, "channel")}"))
        + (Context is { } context ? $", contexts of {context} (tokens x width)" : "");

    private static SourceShape Read(IImageSource source) =>
        new(source.Count, source.Channels, source.Height, source.Width, source.ConditionChannels, source.Context);

    /// <summary>Why no images can be so, as a clause; null: they can.</summary>
    private string? Fault
    {
        get
        {
            if (Count < 0 || ConditionChannels < 0)
                return "no number may be negative";
            if (Channels < 1 || Height < 1 || Width < 1 || Context is { Tokens: < 1 } or { Width: < 1 })
                return "each number of a shape is at least 1";
            var most = (decimal)Math.Max(Channels, ConditionChannels) * Height * Width;
            var ofContext = Context is { } context ? (decimal)context.Tokens * context.Width : 0;
            return Math.Max(most, ofContext) <= Array.MaxLength
                ? null
                : FormattableString.Invariant($"one of them has more values than the {Array.MaxLength:N0} that an array holds");
        }
    }
}
