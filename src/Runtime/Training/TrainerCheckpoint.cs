using System.Globalization;
using System.Text.Json;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>What a checkpoint holds of a training, and how it goes on from one.</summary>
public sealed partial class Trainer
{
    internal const string WeightsFile = "weights";
    private const string EmaFile = "ema";
    private const string OptimizerFile = "optimizer";
    private const string FilesFile = "data";

    /// <summary>What stands for no context, for whoever draws with the checkpoint.</summary>
    internal const string ContextFile = "context";

    internal const string NullContextKey = "null_context";

    /// <summary>
    /// All that a checkpoint needs to go on from here: the weights, all averages (<c>ema</c> the first, others <c>ema-DECAY</c>), the
    /// optimiser's state, what is known of the data's files, the null context of a network that takes one, and numbers. The tensors are the
    /// live ones: write them before the next step.
    /// </summary>
    /// <exception cref="InvalidOperationException">
    /// Averaged weights are in the network (<see cref="Ema.Apply"/>), or it was moved or converted after its trainer was made.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer, its network or one of its averages is disposed.</exception>
    public CheckpointContent Capture()
    {
        RequireOwnWeights(nameof(Capture));
        var tensors = new OrderedDictionary<string, IReadOnlyDictionary<string, Tensor>> { [WeightsFile] = network.state_dict() };
        for (var i = 0; i < averages.Count; i++)
            tensors.Add(EmaFileOf(options, i), averages[i].StateDict);
        tensors.Add(OptimizerFile, optimizer.StateDict);
        if (source.Record is { } record)
            tensors.Add(FilesFile, record.ToTensors());
        if (nullContext is not null)
            tensors.Add(ContextFile, new Dictionary<string, Tensor> { [NullContextKey] = nullContext });
        return new()
        {
            Network = network,
            Step = Step,
            Loss = guard.MeanLoss,
            Training = options,
            State = CheckpointText.WriteState(State with { Data = source.Identity }),
            Tensors = tensors,
        };
    }

    /// <summary>
    /// Goes on from a checkpoint, exactly: what is trained from here is what would have been without a stop. How long to train, how often
    /// to save and what is skipped may have changed since; and with the number of ranks each one's batch. Of several ranks every one
    /// restores. Where the number of ranks is another, or it can't be known whether files are the same, the trainer's logger is told what
    /// that means for what is trained from here.
    /// </summary>
    /// <param name="checkpoint">Of a network of the same spec, trained with the same options.</param>
    /// <exception cref="DataException">A file of the data was changed since.</exception>
    /// <exception cref="CheckpointException">
    /// It is another network's, lacks what a training needs, is of a later step than the training is to have, or was trained with other
    /// options or on other data; the message lists the differences.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The network is being trained, or averaged weights are in it (<see cref="Ema.Apply"/>), or it was moved or converted after its
    /// trainer was made.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The trainer, its network or one of its averages is disposed.</exception>
    public void Restore(Checkpoint checkpoint)
    {
        TakeTurn(nameof(Restore), "restored");
        try
        {
            RestoreAlone(checkpoint);
        }
        finally
        {
            EndTurn();
        }
    }

    private void RestoreAlone(Checkpoint checkpoint)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var info = checkpoint.Info ?? throw new CheckpointException(
            $"{checkpoint.Path} is weights alone: to go on with a training, give its checkpoint's folder.");
        var state = StateOf(checkpoint.Path, info);
        if (options.Steps < info.Step)
            throw new CheckpointException(string.Create(
                CultureInfo.InvariantCulture,
                $"The training of {checkpoint.Path} is at step {info.Step}, and can't end at step {options.Steps}, which is before: ")
                + "give more `Steps`.");
        RefuseOtherOptions(checkpoint.Path, info.Training, otherRanks: state.Ranks != ranks.Size);
        RefuseOtherData(checkpoint, state.Data);
        RefuseOtherNullContext(checkpoint);
        var changes = Changes(checkpoint, info, state).ToList();
        Load(checkpoint);
        for (var i = 0; i < averages.Count; i++)
        {
            averages[i].Step = info.Step;
            (averages[i].FirstShare, averages[i].StartShare) = TrainingDoubts.SharesOf(options.Ema[i], i, info.Step, state);
        }
        sizesUnmoved = state.Unmoved ? TrainingDoubts.SizesOf(network) : null;
        guard.Restore(state);
        lossScale?.Restore(state);
        Step = info.Step;
        images = state.Images ?? (long)info.Step * info.Training.BatchSize;
        restored = Path.GetFullPath(checkpoint.Path);
        elapsed = TimeSpan.FromSeconds(state.ElapsedSeconds);
        foreach (var change in changes)
            logger.GoesOnOtherwise(change);
    }

    private TrainingState State => guard.Capture(elapsed) with
    {
        Ranks = ranks.Size,
        Images = images,
        Kernels = network.Kernels,
        NoneLearnt = labelDropout == 0 && network.HasLearntNone == true,
        Unmoved = Step > 0 && sizesUnmoved is not null,
        FirstShares = [.. averages.Select(average => average.FirstShare)],
        StartShares = [.. averages.Select(average => average.StartShare)],
        LossScale = lossScale?.Value,
        LossScaleSteps = lossScale?.Steps,
    };

    /// <summary>Whether a checkpoint's file of that name, without its ending, is a network's weights.</summary>
    internal static bool HoldsWeights(string stem) => stem is not (OptimizerFile or FilesFile or ContextFile);

    /// <summary>The average that is in a checkpoint's file of that name; none is in others.</summary>
    internal static IReadOnlyList<int> AverageIn(TrainingOptions options, string stem) =>
        [.. Enumerable.Range(0, options.Ema.Count).Where(average => EmaFileOf(options, average) == stem)];

    private static string EmaFileOf(TrainingOptions options, int average) =>
        average == 0 ? EmaFile : string.Create(CultureInfo.InvariantCulture, $"{EmaFile}-{options.Ema[average].Decay}");

    /// <summary>All files are opened, and looked whether they fit, before the first weight changes.</summary>
    private void Load(Checkpoint checkpoint)
    {
        var parts = new List<(SafetensorsFile File, IReadOnlyDictionary<string, Tensor> Targets)>();
        try
        {
            for (var i = 0; i < averages.Count; i++)
                parts.Add((checkpoint.Tensors(EmaFileOf(options, i)), averages[i].StateDict));
            parts.Add((checkpoint.Tensors(OptimizerFile), optimizer.StateDict));
            parts.ForEach(part => StateDict.RequireFit(part.File.Path, part.Targets, part.File));
            checkpoint.LoadInto(network, WeightsFile);
            parts.ForEach(part => StateDict.Load(part.File.Path, part.Targets, part.File));
        }
        catch (StateDictException error)
        {
            var lack = checkpoint.DoubtOf(network) ?? "Weights that were frozen in its training (`requires_grad`) have to be frozen before the "
                + "trainer is made, and no others.";
            throw new CheckpointException($"{checkpoint.Path} isn't the state of what is trained here: {lack} {error.Message}", error);
        }
        finally
        {
            parts.ForEach(part => part.File.Dispose());
        }
    }

    /// <exception cref="CheckpointException">It is none that this version knows.</exception>
    internal static TrainingState StateOf(string path, CheckpointInfo info)
    {
        try
        {
            info.Training.Validate();
            return CheckpointText.ReadState(info.State, info.Step);
        }
        catch (Exception error) when (error is JsonException or UNetGenException)
        {
            throw new CheckpointException(
                $"{path} holds a training's state that this version doesn't know: "
                    + $"{(error is JsonException json ? JsonText.Explain(json) : Excerpt.Of(error.Message))}",
                error);
        }
    }

    private static Tensor? NullContextOf(NetworkInfo info, IImageSource source)
    {
        if (info.ContextDim is null || source.Context is not { } shape)
            return null;
        var values = new float[shape.Count];
        source.ReadNullContext(values);
        return tensor(values, [shape.Tokens, shape.Width], device: CPU).DetachFromDisposeScope();
    }
}
