using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Cli.Runs;

/// <summary>
/// What a run's grids are drawn by: each class in turn, or contexts and conditions of the data, those of an image and its class together.
/// The images are chosen by the run's seed, from all over the data, whose classes may follow on one another.
/// </summary>
internal sealed class GridConditions : IDisposable
{
    // Further pictures begin with the first again.
    private const int MostImages = 64;

    private readonly Tensor? context;
    private readonly Tensor? nullContext;
    private readonly Tensor? condition;
    private readonly int[]? labels;
    private readonly long seed;
    private readonly double guidance;

    /// <summary>Reads them, once for all grids.</summary>
    /// <param name="network">Which says what it takes.</param>
    /// <param name="source">The data.</param>
    /// <param name="count">How many pictures the largest grid has.</param>
    /// <param name="seed">The run's.</param>
    /// <param name="guidance">1 is off.</param>
    public GridConditions(NetworkInfo network, IImageSource source, int count, long seed, double guidance)
    {
        (this.seed, this.guidance) = (seed, guidance);
        int[] images = network.ContextDim is null && source.ConditionChannels == 0
            ? []
            : [.. new ShuffledOrder(source.Count, seed).Of(0).Take(Math.Min(MostImages, count))];
        if (network.NumClasses is not null)
            labels = images.Length > 0 ? [.. images.Select(source.LabelOf)] : [.. Enumerable.Range(0, source.Classes.Count)];
        if (network.ContextDim is not null)
            (context, nullContext) = (ContextOf(source, images), NullContextOf(source));
        if (source.ConditionChannels > 0)
            condition = ConditionOf(source, images);
    }

    /// <summary>The same noise each time.</summary>
    public SamplingOptions Of(int count) => new()
    {
        Count = count,
        Seed = seed,
        Labels = labels,
        Context = context,
        NegativeContext = guidance == 1 ? null : nullContext,
        Guidance = guidance,
        Condition = condition,
    };

    public void Dispose()
    {
        context?.Dispose();
        nullContext?.Dispose();
        condition?.Dispose();
    }

    /// <summary>[images, tokens, width].</summary>
    private static Tensor ContextOf(IImageSource source, int[] images)
    {
        var (tokens, width) = source.Context!.Value;
        var values = new float[images.Length * tokens * width];
        foreach (var (place, image) in images.Index())
            source.ReadContext(image, values.AsSpan(place * tokens * width, tokens * width));
        return tensor(values, [images.Length, tokens, width]);
    }

    /// <summary>[1, tokens, width].</summary>
    private static Tensor NullContextOf(IImageSource source)
    {
        var (tokens, width) = source.Context!.Value;
        var values = new float[tokens * width];
        source.ReadNullContext(values);
        return tensor(values, [1, tokens, width]);
    }

    /// <summary>[images, condition channels, height, width].</summary>
    private static Tensor ConditionOf(IImageSource source, int[] images)
    {
        var (pixels, size) = (new float[source.PixelCount()], source.ConditionCount());
        var values = new float[images.Length * size];
        foreach (var (place, image) in images.Index())
            source.ReadWithCondition(image, place: image, pixels, values.AsSpan(place * size, size));
        return tensor(values, [images.Length, source.ConditionChannels, source.Height, source.Width]);
    }
}
