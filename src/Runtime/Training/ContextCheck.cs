using System.Globalization;
using UNetGen.Data;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>What has to hold of contexts before a network learns from them.</summary>
internal static class ContextCheck
{
    /// <summary>
    /// How many contexts to replace by the null context, once it is known that the data's are as wide as the network takes them.
    /// </summary>
    /// <exception cref="DataException">
    /// They aren't, or there are none, or have no token, or some are to be replaced and the network takes none.
    /// </exception>
    public static double Dropout(NetworkInfo info, IImageSource source, TrainingOptions options)
    {
        if (info.ContextDim is not { } width)
        {
            if (options.ContextDropout > 0)
                throw new DataException(
                    $"`ContextDropout` is {Text(options.ContextDropout.Value)}, but {info.Name} takes no context: leave it out, or "
                        + "train a spec of preset conditional, whose attention is cross.");
            return 0;
        }
        if (source.Context is not { } shape)
            throw new DataException(
                $"{info.Name} is conditioned on contexts of width {width} (context_dim), but the data ({source.Description}) has none. A "
                    + "folder of latents has them as `context` [images, tokens, width] in its files; without a context there "
                    + "is `attention: none` in the spec, or another preset.");
        if (shape.Width != width)
            throw new DataException(
                $"{info.Name} takes contexts of width {width} (context_dim), but those of the data ({source.Description}) are {shape} "
                    + "(tokens x width): another encoder has made them.");
        return options.ContextDropout ?? InputCheck.UsualDropout;
    }

    /// <summary>A sentence of contexts that the network doesn't take; null: it does, or there are none.</summary>
    public static string? Unused(NetworkInfo info, IImageSource source) => info.ContextDim is null && source.Context is { } context
        ? $"The contexts of {source.Description}, {context}, aren't used: {info.Name} takes none."
        : null;

    /// <summary>Looks at the contexts of images from all over the source, and at the null context.</summary>
    /// <exception cref="DataException">A number is none that an encoder gives.</exception>
    public static void Values(NetworkInfo info, IImageSource source, CancellationToken cancellation)
    {
        if (info.ContextDim is null || source.Context is not { } shape)
            return;
        var values = new float[shape.Count];
        foreach (var index in InputCheck.LookedAt(source))
        {
            cancellation.ThrowIfCancellationRequested();
            Array.Fill(values, float.NaN);
            source.ReadContext(index, values);
            SourceValues.RequireContext(source, index, values);
        }
        Array.Fill(values, float.NaN);
        source.ReadNullContext(values);
        SourceValues.RequireContext(source, null, values);
    }

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
