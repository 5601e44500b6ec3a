using System.Globalization;
using UNetGen.Distributed;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// What must be the same on all ranks. Without these looks, ranks that train something else would average it into one another, and nothing
/// would show it.
/// </summary>
public sealed partial class Trainer
{
    /// <summary>Network, options and images. How many threads read ahead is each rank's own affair.</summary>
    private void RequireSameTraining()
    {
        if (ranks.Size == 1)
            return;
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to do the same training", "Start all of them with the same program, options and data.",
        [
            RankFact.Text("the network", $"{network.Info.Name} {network.Info.SpecHash}"),
            .. source.Identity.Facts,
            .. Texts(options).Where(option => option.Key != KeyOf(nameof(TrainingOptions.Workers))).Select(
                option => RankFact.Text($"`{option.Name}`", option.Text)),
        ]);
    }

    /// <summary>Where they are and what they have learnt: once before the first step, and again with each checkpoint.</summary>
    /// <returns>Whether one of them wants to stop.</returns>
    private bool RequireSameState(bool stop)
    {
        if (ranks.Size == 1)
            return stop;
        var weights = StateDict.Hash(network.named_parameters().Select(named => (named.name, (Tensor)named.parameter)));
        RanksDifferException.ThrowUnlessSame(
            ranks, string.Create(CultureInfo.InvariantCulture, $"The ranks have come apart at step {Step}"),
            "Go on from a checkpoint that all can read, with the same libraries on like machines.",
            [
                RankFact.Number("the step", Step), RankFact.Number("the number of images so far", images),
                RankFact.Hash("the weights", weights),
            ]);
        ShareRecord();
        return ranks.Gather(stop ? 1 : 0).Any(answer => answer[0] == 1);
    }

    /// <summary>Each has read its own part of the files, and one of them writes down what all know.</summary>
    private void ShareRecord()
    {
        for (var root = 0; root < ranks.Size && source.Record is { } record; root++)
        {
            using var sums = record.Sums();
            ranks.Broadcast(sums, root);
            record.Join(sums);
        }
    }
}
