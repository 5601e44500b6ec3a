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
            RankFact.Text("the network's kernels", $"{network.Kernels}"),
            .. source.Identity.Facts,
            .. Texts(options).Where(option => option.Key != KeyOf(nameof(TrainingOptions.Workers))).Select(
                option => RankFact.Text($"`{option.Name}`", option.Text)),
        ]);
    }

    /// <exception cref="ArgumentException">Others than rank 0, which alone writes, are to save.</exception>
    private void RequireStoreOfRank0(CheckpointStore? store)
    {
        if (ranks.Size > 1 && ranks.Gather(store is null ? 0 : 1) is [[0], ..] has && has.Any(rank => rank[0] == 1))
            throw new ArgumentException(
                "Rank 0 alone writes checkpoints, and it has no store, where another has: give it one.", nameof(store));
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
            Step == 0
                ? "Give their networks the same first weights: the same seed (`torch.manual_seed`) on all before they are made, or one "
                    + "rank's, by `Broadcast`."
                : "Go on from a checkpoint that all can read, with the same libraries on like machines.",
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
