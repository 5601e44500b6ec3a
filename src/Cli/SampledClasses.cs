using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;

namespace UNetGen.Cli;

/// <summary>Of which classes a drawing may be, by what a checkpoint says of the data's.</summary>
internal sealed class SampledClasses
{
    private readonly NetworkInfo info;

    /// <summary>How many the data had; null where nothing says, or a number that was never trained with.</summary>
    private readonly int? ofData;

    /// <summary>Whether there is a class that stands for none, and no label was ever replaced by it.</summary>
    private readonly bool isNoneUnlearnt;

    /// <param name="info">The network's.</param>
    /// <param name="trained">Its weights'.</param>
    public SampledClasses(NetworkInfo info, Checkpoint trained)
    {
        this.info = info;
        ofData = trained.Classes?.Count is { } count && info.NumClasses - count is 0 or 1 ? count : null;
        isNoneUnlearnt = trained.HasLearntNone(info.NumClasses) == false;
    }

    /// <summary>
    /// The classes of the data; where nothing says which, all but the last, which mostly stands for none. Null for a network without any.
    /// </summary>
    public int[]? Each => info.NumClasses is { } classes ? [.. Enumerable.Range(0, Math.Max(1, ofData ?? classes - 1))] : null;

    /// <summary>A strip's class, where none is named: the one that stands for none.</summary>
    /// <exception cref="UsageException">There is none.</exception>
    public int[]? None() => info.NumClasses is not { } classes ? null
        : ofData == classes ? throw new UsageException(
            $"--between needs --class here: {info.Name} has no class that stands for none. Say of which the strip shall be.")
        : isNoneUnlearnt ? throw new UsageException($"--between needs --class here: {NeverLearnt} Say of which the strip shall be.")
        : [classes - 1];

    /// <summary>Whether the last class stands for none is the data's matter, not the network's.</summary>
    /// <exception cref="UNetGenException">Guidance is asked for, and no class stands for none.</exception>
    public void CheckLast(SamplingOptions options, bool areLabelsGiven)
    {
        var guidance = options.NegativeClass is null ? options.Guidance : 1;
        if (info.NumClasses is not { } classes)
            return;
        if (guidance != 1 && ofData == classes)
            throw new UNetGenException(
                $"--guidance {guidance} needs a class that stands for none, but {info.Name} has {Counted.Of(classes, "class", "classes")}, as "
                    + $"many as the data that it was trained on: num_classes: {classes + 1} has one more. Leave the guidance at 1.");
        if (guidance != 1 && isNoneUnlearnt)
            throw new UNetGenException($"--guidance {guidance} leads away from the class that stands for none, and {NeverLearnt} Leave the "
                + "guidance at 1, or name another with --negative-class.");
        if (isNoneUnlearnt && (options.Labels?.Contains(classes - 1) == true || options.NegativeClass == classes - 1))
            Warnings.Show($"{NeverLearnt} It is drawn, or led away from, as the chance of its first values has it.");
        if (!(areLabelsGiven && guidance == 1))
            WarnOfLast("name it with --labels, and don't guide");
    }

    /// <summary>What is to be known of a drawing that is put into a file, which takes labels and guidance when it draws.</summary>
    public void WarnOfFile()
    {
        WarnOfLast("leave the file's guidance at 1");
        if (isNoneUnlearnt)
            Warnings.Show($"{NeverLearnt} The file guides to no class.");
    }

    private string NeverLearnt =>
        $"class {info.NumClasses - 1} of {info.Name}, which stands for none, was never learnt: its training dropped no labels (label_dropout "
            + "is 0).";

    /// <summary>Where nothing says how many classes the data had.</summary>
    /// <param name="otherwise">What to do where the last of them is one of the data's.</param>
    private void WarnOfLast(string otherwise)
    {
        if (info.NumClasses is { } classes && ofData is null)
            Warnings.Show(
                $"weights alone don't say whether the last of their classes, {classes - 1}, stands for none: that is taken for granted. Where "
                    + $"it is one of the data's, {otherwise}.");
    }
}
