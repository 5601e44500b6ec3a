using System.Globalization;
using UNetGen.Data;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>What has to hold of images and labels before a network learns from them.</summary>
internal static class InputCheck
{
    private const int ImagesToLookAt = 64;

    // An eighth of what there is.
    private const float NarrowRange = 2f / 8;

    // As in guided sampling's papers (Ho and Salimans 2022 found 0.1 to 0.2 to be best).
    private const double UsualLabelDropout = 0.1;

    /// <exception cref="DataException">There are no images, or their shape isn't the network's, or their classes are null.</exception>
    public static void Shape(NetworkInfo info, IImageSource source)
    {
        if (source.Count == 0)
            throw new DataException($"There are no images to learn from: {source.Description}.");
        SourceChecks.RequireClasses(source);
        if ((source.Channels, source.Height, source.Width) != (info.Channels, info.ImageHeight, info.ImageWidth))
            throw new DataException(
                $"{info.Name} takes images of {info.Channels} x {info.ImageHeight} x {info.ImageWidth} (channels x height x width), "
                + $"but those of {source.Description} are {source.Channels} x {source.Height} x {source.Width}.");
    }

    /// <summary>How many labels to replace by the null class, once it is known that the data's classes are the network's.</summary>
    /// <exception cref="DataException">They aren't, or labels are to be replaced and there is no null class.</exception>
    public static double LabelDropout(NetworkInfo info, IImageSource source, TrainingOptions options)
    {
        var classes = source.Classes.Count;
        if (info.NumClasses is not { } takes)
        {
            if (options.LabelDropout > 0)
                throw new DataException(
                    $"`LabelDropout` is {Text(options.LabelDropout.Value)}, but {info.Name} takes no labels: leave it out, or give the "
                        + "spec `num_classes`.");
            return 0;
        }
        if (classes == 0)
            throw new DataException(
                $"{info.Name} is conditioned on {Counted.Of(takes, "class", "classes")}, but the data ({source.Description}) has no "
                    + $"labels.{source.WhyNoClasses()} "
                + "Pictures have them by a folder per class, an IDX file by its file of labels beside it; or leave `num_classes` out of "
                + "the spec.");
        if (takes < classes && Damaged(source, takes) is { } damaged)
            throw new DataException(
                $"{info.Name} takes {Counted.Of(takes, "class", "classes")} (num_classes), but of the data "
                    + $"({source.Description}) {damaged}");
        if (takes != classes && takes != classes + 1)
            throw new DataException(
                $"{info.Name} takes {Counted.Of(takes, "class", "classes")} (num_classes), but the data ({source.Description}) has "
                    + $"{classes}. "
                + $"Give the spec `num_classes: {classes}`, or {classes + 1} for guidance: the last class then stands for none.");
        var hasNullClass = takes == classes + 1;
        if (options.LabelDropout > 0 && !hasNullClass)
            throw new DataException(
                $"`LabelDropout` is {Text(options.LabelDropout.Value)}, but {info.Name} has no class to replace labels by: for the "
                    + $"{Counted.Of(classes, "class", "classes")} of {source.Description} give the spec `num_classes: {classes + 1}`.");
        return options.LabelDropout ?? (hasNullClass ? UsualLabelDropout : 0);
    }

    /// <summary>Of labels beyond the network's with none below them, which no set of images has, the first; null: there is none.</summary>
    private static string? Damaged(IImageSource source, int takes)
    {
        int[] labels = [.. Enumerable.Range(0, source.Count).Select(source.Label)];
        var known = labels.ToHashSet();
        if (Enumerable.Range(takes, source.Classes.Count - takes).All(known.Contains))
            return null;
        var beyond = labels.Count(label => label >= takes);
        var first = Array.FindIndex(labels, label => label >= takes);
        var others = beyond == 1 ? "" : $", {Counted.Of(beyond, "image")} have one of {takes} or more";
        return FormattableString.Invariant($"image {first:N0}, counted from 0, has the label {labels[first]}{others}, ")
            + "and some labels below the greatest have no image: the file of labels is damaged, as it seems. "
            + "Fetch it once more, or mend it.";
    }

    /// <exception cref="UNetGenException">Estimates are to be shown to a network that sees none.</exception>
    public static void SelfConditioning(NetworkInfo info, TrainingOptions options)
    {
        // What stands there by default says nothing of the network.
        var probability = options.SelfConditionProbability;
        if (!info.SelfCondition && probability > 0 && probability != new TrainingOptions().SelfConditionProbability)
            throw new UNetGenException(
                $"`SelfConditionProbability` is {Text(probability)}, but {info.Name} sees no estimate of its own: leave it out, or give "
                    + "the spec `self_condition: true`.");
    }

    /// <summary>Looks at images from all over the source.</summary>
    /// <returns>What is strange of them, in a sentence, though they may be meant so; null: nothing.</returns>
    /// <exception cref="DataException">
    /// Values lie outside of [-1, 1], or none is negative, and that isn't allowed; or a label is none of the classes.
    /// </exception>
    public static string? Values(IImageSource source, bool refuseNonNegative, CancellationToken cancellation)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        var looked = Math.Min(source.Count, ImagesToLookAt);
        var (low, high) = (float.PositiveInfinity, float.NegativeInfinity);
        for (var i = 0; i < looked; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            var index = (int)((long)i * source.Count / looked);
            if (source.Classes.Count > 0)
                source.LabelOf(index);
            source.Read(index, pixels);
            foreach (var value in pixels)
                (low, high) = (MathF.Min(low, value), MathF.Max(high, value));
        }

        var found =
            $"{Counted.Of(looked, "image")} of {source.Description} {(looked == 1 ? "runs" : "run")} from {Text(low)} to {Text(high)}";
        if (!(low >= -1 && high <= 1))
            throw new DataException(
                $"Images must hold values in [-1, 1], but {found}. " + (
                    low >= 0 && high > 1
                        ? "Bytes from 0 to 255 become such values by v / 127.5 - 1."
                        : "Scale them, or mend what isn't a number."));
        if (refuseNonNegative && low >= 0)
            throw new DataException(source.ScalesBytes
                ? $"{found}, in [-1, 1]: nothing in these pictures is darker than middle grey, so there is hardly anything to learn from, "
                    + "or they were saved wrongly. If that is as it should be, "
                    + "set `RefuseNonNegativeImages` to false."
                : $"Images must hold values in [-1, 1], but {found}: that looks like [0, 1], which becomes [-1, 1] by 2 * v - 1. "
                    + "If the images really have nothing darker than middle grey, set `RefuseNonNegativeImages` to false.");
        return high - low < NarrowRange && looked > 0
            ? $"{found}: less than an eighth of [-1, 1], so that they look all of one grey. Pictures of 12 bits in files of 16 come out "
                + "so: stretch them to the whole range first. Transparent ones do on a background of their own colour: choose another."
            : null;
    }

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
