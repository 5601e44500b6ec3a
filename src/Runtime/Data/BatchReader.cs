namespace UNetGen.Data;

/// <summary>The values of a batch while it is read; one serves again and again.</summary>
/// <param name="Pixels">Of all images.</param>
/// <param name="Labels">One for each image; null: there are none.</param>
/// <param name="Noise">As many as pixels; null: nothing is drawn.</param>
/// <param name="Times">What is drawn beside, one for each image.</param>
/// <param name="Contexts">Of all images; null: there are none.</param>
/// <param name="Conditions">Of all images; null: there are none.</param>
internal sealed record BatchBuffer(
    float[] Pixels, long[]? Labels, float[]? Noise, double[] Times, float[]? Contexts, float[]? Conditions);

/// <summary>What a batch holds, and which of its images are mirrored: a pure function of its place in the row of all epochs.</summary>
/// <param name="draw">What is drawn for each image; null: nothing.</param>
/// <param name="source">Where the images come from.</param>
/// <param name="shape">The source's.</param>
/// <param name="seed">Of orders and mirrors.</param>
/// <param name="horizontalFlips">Whether half of the images are mirrored.</param>
internal sealed class BatchReader(ImageDraw? draw, IImageSource source, SourceShape shape, long seed, bool horizontalFlips)
{
    private readonly ShuffledOrder order = new(shape.Count, seed);

    /// <summary>Reads a batch, and draws for each of its images.</summary>
    /// <param name="buffer">Where it is read to; returned.</param>
    /// <param name="first">The place of its first image in the row of all epochs.</param>
    /// <param name="cancellation">Is looked at before each image.</param>
    public BatchBuffer Read(BatchBuffer buffer, long first, CancellationToken cancellation)
    {
        shape.RequireUnchanged(source);
        var (length, ofCondition, ofContext) = (shape.PixelCount, shape.ConditionCount, shape.ContextCount);
        var (epoch, orderOfEpoch) = (-1L, Array.Empty<int>());
        for (var i = 0; i < buffer.Times.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var position = checked(first + i);
            var (epochOfPosition, place) = Math.DivRem(position, shape.Count);
            if (epochOfPosition != epoch)
                (epoch, orderOfEpoch) = (epochOfPosition, order.Of(epochOfPosition));
            var index = orderOfEpoch[place];
            var image = buffer.Pixels.AsSpan(i * length, length);
            var condition = buffer.Conditions is null ? default : buffer.Conditions.AsSpan(i * ofCondition, ofCondition);
            // What a source leaves unwritten would be another image's; so it is refused.
            image.Fill(float.NaN);
            condition.Fill(float.NaN);
            if (buffer.Conditions is null)
                source.Read(index, image);
            else
                source.ReadWithCondition(index, position, image, condition);
            SourceValues.RequireImage(source, index, image);
            SourceValues.RequireCondition(source, index, condition);
            // Epochs take the streams from 0 up, flips those from -1 down.
            if (horizontalFlips && new CounterHash(seed, ~position).NextInt(2) == 1)
            {
                Mirror(image);
                Mirror(condition);
            }
            long label = buffer.Labels is null ? 0 : source.LabelOf(index);
            var dropsContext = false;
            if (buffer.Noise is { } noise)
                (buffer.Times[i], dropsContext) = draw!(position, noise.AsSpan(i * length, length), ref label);
            if (buffer.Labels is { } labels)
                labels[i] = label;
            if (buffer.Contexts is { } contexts)
                ReadContext(index, dropsContext, contexts.AsSpan(i * ofContext, ofContext));
        }
        return buffer;
    }

    private void ReadContext(int index, bool isDropped, Span<float> values)
    {
        values.Fill(float.NaN);
        if (isDropped)
            source.ReadNullContext(values);
        else
            source.ReadContext(index, values);
        SourceValues.RequireContext(source, isDropped ? null : index, values);
    }

    private void Mirror(Span<float> image)
    {
        for (var row = 0; row < image.Length; row += shape.Width)
            image.Slice(row, shape.Width).Reverse();
    }
}
