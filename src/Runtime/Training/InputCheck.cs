using System.Globalization;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>What has to hold of images and labels before a network learns from them.</summary>
internal static class InputCheck
{
    private const int ImagesToLookAt = 64;

    // Half of the usual deviation and twice as much are still learnt; Stable Diffusion's latents have some 5 before they are scaled.
    private const double LeastSpread = 0.25;
    private const double MostSpread = 3;

    // EDM's loss is about 1 where the deviation is what it is told.
    private const double MostOfSigmaData = 1.5;

    // A class with a fiftieth of what classes have on average.
    private const int RareShare = 50;

    // As in guided sampling's papers (Ho and Salimans 2022 found 0.1 to 0.2 to be best).
    public const double UsualDropout = 0.1;

    /// <exception cref="DataException">There are no images, or their shape isn't the network's, or their classes are null.</exception>
    public static void Shape(NetworkInfo info, IImageSource source)
    {
        if (SourceShape.Of(source).Count == 0)
            throw new DataException($"There are no images to learn from: {source.Description}.");
        SourceChecks.RequireClasses(source);
        if ((source.Channels, source.Height, source.Width) != (info.Channels, info.ImageHeight, info.ImageWidth))
            throw new DataException(
                $"{info.Name} takes images of {info.Channels} x {info.ImageHeight} x {info.ImageWidth} (channels x height x width), "
                + $"but those of {source.Description} are {source.Channels} x {source.Height} x {source.Width}.");
        if (source.ConditionChannels != info.ConditionChannels)
            throw new DataException(info.ConditionChannels == 0
                ? $"{info.Name} takes no condition, and the images of {source.Description} have one of "
                    + $"{Counted.Of(source.ConditionChannels, "channel")}: give the spec `condition_channels: {source.ConditionChannels}`."
                : source.ConditionChannels == 0
                ? $"{info.Name} makes images from a condition of {Counted.Of(info.ConditionChannels, "channel")} (condition_channels), and "
                    + $"those of {source.Description} have none. {OfferedConditions(info)}"
                : $"{info.Name} makes images from a condition of {Counted.Of(info.ConditionChannels, "channel")} (condition_channels), and "
                    + $"that of {source.Description} has {source.ConditionChannels}: give the spec `condition_channels: "
                    + $"{source.ConditionChannels}`, or take other data.");
    }

    /// <summary>Which sources give images a condition.</summary>
    private static string OfferedConditions(NetworkInfo info) =>
        $"{nameof(UpscalingSource)} gives them one of {Counted.Of(info.Channels, "channel")}, {nameof(InpaintingSource)} one of "
            + $"{info.Channels + 1}, and {nameof(PairSource)} one of pictures in another folder.";

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
                + (source.IsBounded
                    ? "Pictures have them by a folder per class, an IDX file by its file of labels beside it; or "
                    : "Files of latents have them as the tensor `labels`, a whole number for each latent; or ")
                + "leave `num_classes` out of the spec.");
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
        return options.LabelDropout ?? (hasNullClass ? UsualDropout : 0);
    }

    /// <exception cref="DataException">
    /// The images have no bounds, and the network's drawing has, or they are to be mirrored.
    /// </exception>
    public static void Bounds(NoisePredictor network, IImageSource source, TrainingOptions options)
    {
        if (options.HorizontalFlips)
            SourceChecks.RequireMirrorable(source);
        if (!source.IsBounded && network.Diffusion.ClipsEstimates)
            throw new DataException(
                $"The values of {source.Description} aren't bound to [-1, 1], and what {network.Info.Name} draws is clipped to it: give "
                    + "the spec `diffusion: { clip_sample: false }`.");
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

    /// <summary>Looks at all labels, and at images from all over the source.</summary>
    /// <returns>What is strange of them, a sentence each, though they may be meant so.</returns>
    /// <exception cref="DataException">
    /// Values lie outside of [-1, 1], or none is negative, and that isn't allowed; or a label is none of the classes.
    /// </exception>
    public static IReadOnlyList<string> Images(
        IImageSource source, DiffusionOptions diffusion, bool refuseNonNegative, CancellationToken cancellation)
    {
        string?[] values = source.IsBounded
            ? Values(source, refuseNonNegative, cancellation)
            : [Spread(source, diffusion, cancellation)];
        return [.. values.Append(RareClass(source, cancellation)).OfType<string>()];
    }

    /// <summary>Latents are brought to a deviation of about 1, the noise's; EDM is told theirs.</summary>
    private static string? Spread(IImageSource source, DiffusionOptions diffusion, CancellationToken cancellation)
    {
        var (count, sum, squares) = (0L, 0.0, 0.0);
        var looked = LookAt(source, cancellation, (values, _) =>
        {
            foreach (var value in values)
                (count, sum, squares) = (count + 1, sum + value, squares + (double)value * value);
        });
        var deviation = Math.Sqrt(Math.Max(0, squares / count - sum / count * (sum / count)));
        if (!double.IsFinite(deviation))
            throw new DataException($"Images must hold finite numbers, but {looked} of {source.Description} don't.");
        if (diffusion.Type == DiffusionType.Edm)
            return deviation / diffusion.SigmaData is > 1 / MostOfSigmaData and < MostOfSigmaData
                ? null
                : $"{looked} of {source.Description} have a standard deviation of {Text(deviation)}, and EDM is told "
                    + $"{Text(diffusion.SigmaData)}: give the spec `diffusion: {{ type: edm, sigma_data: ... }}` as it is.";
        return deviation is >= LeastSpread and <= MostSpread
            ? null
            : $"{looked} of {source.Description} have a standard deviation of {Text(deviation)}, and noise has 1: latents are scaled to "
                + "about 1, as Stable Diffusion's by 0.18215, before they are learnt from.";
    }

    /// <summary>Reads images from all over the source, and their conditions.</summary>
    /// <returns>How many, in words.</returns>
    private static string LookAt(IImageSource source, CancellationToken cancellation, Action<float[], float[]> look)
    {
        var (pixels, condition) = (new float[source.PixelCount()], new float[source.ConditionCount()]);
        var looked = LookedAt(source);
        foreach (var index in looked)
        {
            cancellation.ThrowIfCancellationRequested();
            if (source.Classes.Count > 0)
                source.LabelOf(index);
            // As the loader does: a source is to write all of them.
            Array.Fill(pixels, float.NaN);
            Array.Fill(condition, float.NaN);
            if (condition.Length > 0)
            {
                source.ReadWithCondition(index, place: index, pixels, condition);
                SourceValues.RequireCondition(source, index, condition);
            }
            else
            {
                source.Read(index, pixels);
            }
            look(pixels, condition);
        }
        return Counted.Of(looked.Length, "image");
    }

    /// <summary>The numbers of the images that are looked at before a training, from all over the source.</summary>
    public static int[] LookedAt(IImageSource source)
    {
        var count = Math.Min(source.Count, ImagesToLookAt);
        return [.. Enumerable.Range(0, count).Select(i => (int)((long)i * source.Count / count))];
    }

    /// <summary>Of what a training drops always, and therefore never learns, a sentence each.</summary>
    public static IEnumerable<string> NeverLearnt(
        NoisePredictor network, IImageSource source, TrainingOptions options, double labelDropout, double contextDropout)
    {
        var info = network.Info;
        if (labelDropout == 0 && info.NumClasses == source.Classes.Count + 1 && network.HasLearntNone != true)
            yield return $"`LabelDropout` is 0: class {info.NumClasses - 1} of {info.Name}, which stands for none, is never learnt, and guidance "
                + "would lead away from it. Drop a part of the labels, as 0.1, or don't guide.";
        if (labelDropout == 1)
            yield return "`LabelDropout` is 1: every label is replaced by the class that stands for none, so that no other class is learnt. "
                + "To draw by classes, drop a part of them, as 0.1.";
        if (contextDropout == 1)
            yield return "`ContextDropout` is 1: every context is replaced by the null context, so that no other is learnt. To draw by "
                + "contexts, drop a part of them, as 0.1.";
        if (info.SelfCondition && options.SelfConditionProbability == 0)
            yield return $"`SelfConditionProbability` is 0: {info.Name} is shown no estimate of its own in training, and samplers show it one. "
                + "Show it a part of the time, as 0.5, or take `self_condition` out of the spec.";
        if (info.SelfCondition && options.SelfConditionProbability == 1)
            yield return $"`SelfConditionProbability` is 1: {info.Name} never learns to do without an estimate, and a drawing's first step has "
                + "none. Show it a part of the time, as 0.5.";
    }

    /// <summary>A class of hardly an image is learnt by nobody, and is how a single damaged label looks.</summary>
    private static string? RareClass(IImageSource source, CancellationToken cancellation)
    {
        if (source.Classes.Count == 0)
            return null;
        var counts = new int[source.Classes.Count];
        for (var i = 0; i < source.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            counts[source.LabelOf(i)]++;
        }
        // Where classes are small, one more or less is chance.
        if (Array.FindIndex(counts, count => count * RareShare < (double)source.Count / counts.Length) is not (>= 0 and var rare))
            return null;
        var others = counts.Count(count => count * RareShare < (double)source.Count / counts.Length) - 1;
        return FormattableString.Invariant($"Of {source.Count:N0} images of {Counted.Of(counts.Length, "class", "classes")} ")
            + FormattableString.Invariant($"{counts[rare]:N0} {(counts[rare] == 1 ? "is" : "are")} of the class {source.Classes[rare]}")
            + (others == 0 ? "" : FormattableString.Invariant($", and as few of {others:N0} others"))
            + ": too few to be learnt, or a label is damaged.";
    }

    private static string?[] Values(IImageSource source, bool refuseNonNegative, CancellationToken cancellation)
    {
        var (images, conditions) = (new ValueRange(), new ValueRange());
        var looked = LookAt(source, cancellation, (values, condition) =>
        {
            images.Add(values);
            conditions.Add(condition);
        });
        var (what, isOne) = ($"{looked} of {source.Description}", source.Count == 1);
        var (low, found) = (images.Low, $"{what} {images.Text(isOne)}");
        if (!(low >= -1 && images.High <= 1))
            throw new DataException(
                $"Images must hold values in [-1, 1], but {found}. " + (
                    low >= 0 && images.High > 1
                        ? "Bytes from 0 to 255 become such values by v / 127.5 - 1."
                        : "Scale them, or mend what isn't a number."));
        if (refuseNonNegative && low >= 0)
            throw new DataException(source.ScalesBytes
                ? $"{found}, in [-1, 1]: nothing in these pictures is darker than middle grey, so there is hardly anything to learn from, "
                    + "or they were saved wrongly. If that is as it should be, "
                    + "set `RefuseNonNegativeImages` to false."
                : $"Images must hold values in [-1, 1], but {found}: that looks like [0, 1], which becomes [-1, 1] by 2 * v - 1. "
                    + "If the images really have nothing darker than middle grey, set `RefuseNonNegativeImages` to false.");
        return
        [
            images.Doubt(what, isOne),
            // In low resolution they are as narrow as their images, which is told.
            source.ConditionChannels == 0 || UpscalingSource.FactorIn(source.Identity.Condition) is not null
                ? null
                : conditions.Doubt($"The {(isOne ? "condition" : "conditions")} of {what}", isOne),
        ];
    }

    private static string Text(double value) => value.ToString("G6", CultureInfo.InvariantCulture);
}
