using UNetGen.Networks;

namespace UNetGen.Cli;

/// <summary>Of which classes a drawing is, by what is known of the data's.</summary>
internal static class SampledClasses
{
    /// <summary>
    /// The classes of the data; where nothing says which, all but the last, which mostly stands for none. Null for a network without any.
    /// </summary>
    public static int[]? Each(NetworkInfo info, int? ofData) =>
        info.NumClasses is { } classes ? [.. Enumerable.Range(0, Math.Max(1, ofData ?? classes - 1))] : null;

    /// <summary>A strip's class, where none is named: the one that stands for none.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public static int[]? None(NetworkInfo info, int? ofData)
    {
        if (info.NumClasses is not { } classes)
            return null;
        return ofData == classes
            ? throw new UsageException(
                $"--between needs --class here: {info.Name} has no class that stands for none. Say of which the strip shall be.")
            : [classes - 1];
    }

    /// <summary>Whether the last class stands for none is the data's matter, not the network's.</summary>
    /// <exception cref="UNetGenException">Guidance is asked for, and no class stands for none.</exception>
    public static void CheckLast(NetworkInfo info, int? ofData, double guidance, bool areLabelsGiven)
    {
        if (info.NumClasses is not { } classes)
            return;
        if (guidance != 1 && ofData == classes)
            throw new UNetGenException(
                $"--guidance {guidance} needs a class that stands for none, but {info.Name} has {Counted.Of(classes, "class", "classes")}, as "
                    + $"many as the data that it was trained on: num_classes: {classes + 1} has one more. Leave the guidance at 1.");
        if (ofData is null && !(areLabelsGiven && guidance == 1))
            Warnings.Show(TrainedWeights.DoubtOfLastClass(classes, "name it with --labels, and don't guide"));
    }
}
