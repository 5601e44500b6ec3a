using System.Buffers.Binary;
using System.Globalization;
using System.Security.Cryptography;
using System.Text;
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
        var identity = source.Identity;
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to do the same training", "Start all of them with the same program, options and data.",
        [
            ("the network", HashOf($"{network.Info.Name} {network.Info.SpecHash}"), false),
            ("the data's number of images", identity.Count, true),
            (
                "the data's shape or classes",
                HashOf($"{identity.Channels} {identity.Height} {identity.Width} {string.Join('\0', identity.Classes)}"), false),
            ("the data's condition", HashOf(identity.Condition ?? ""), false),
            ($"the data's {identity.ContentKind ?? "content"}", HashOf($"{identity.ContentKind} {identity.Content}"), false),
            .. Texts(options).Where(option => option.Key != KeyOf(nameof(TrainingOptions.Workers))).Select(
                option => ($"`{option.Name}`", HashOf(option.Text), false)),
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
            [("the step", Step, true), ("the number of images so far", images, true), ("the weights", Begin(weights), false)]);
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

    private static long HashOf(string text) => Begin(SHA256.HashData(Encoding.UTF8.GetBytes(text)));

    private static long Begin(byte[] hash) => BinaryPrimitives.ReadInt64LittleEndian(hash);
}
