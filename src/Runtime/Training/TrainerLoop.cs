using System.Globalization;
using UNetGen.Backends.Nodes;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>From the first step to the last.</summary>
public sealed partial class Trainer
{
    private TrainingSummary TrainAlone(Action<TrainingStep>? report, CheckpointStore? store, CancellationToken cancellation)
    {
        TakeTurn(nameof(Train), "trained");
        NetworkUse.BeginTraining(network);
        try
        {
            return TrainToTheEnd(report, store, cancellation);
        }
        finally
        {
            NetworkUse.EndTraining(network);
            EndTurn();
        }
    }

    private TrainingSummary TrainToTheEnd(Action<TrainingStep>? report, CheckpointStore? store, CancellationToken cancellation)
    {
        NetworkCheck.RequireGradients();
        RequireStoreOfRank0(store);
        if (ranks.Rank > 0)
            store = null;
        // Whoever calls may have switched them off.
        using var gradients = enable_grad();
        // They may be others than when the trainer was made.
        InputCheck.Shape(network.Info, source);
        NetworkCheck.AreTrained(network, optimizer.Parameters);
        var ready = LookAtImages(cancellation);
        using var alone = store?.Hold();
        if (restored is null && Step == 0)
            store?.RequireEmpty();
        else
            store?.RequireNoneBeyond(Step);
        network.IsBounded = source.IsBounded;
        network.HasLearntNone = network.Info.NumClasses == source.Classes.Count + 1
            ? labelDropout != 0 || network.HasLearntNone == true
            : null;
        using var computing = new TrainingCompute(network, options);
        using var diffusion = DiffusionProcess.Of(network.Diffusion, network.Device);
        var (start, before) = (clock.GetTimestamp(), elapsed);
        var pace = new TrainingPace(options, Step, images, elapsed);
        using var among = ranks.Size == 1
            ? null
            : new RankGradients(
                [.. network.named_parameters().Where(named => named.parameter.requires_grad)], ranks,
                () => (cancellation.IsCancellationRequested, before + clock.GetElapsedTime(start)));
        var stop = RequireSameState(!ready || cancellation.IsCancellationRequested);
        var draws = new StepDraws(network, options, labelDropout, ranks.Rank, contextDropout);
        using var loader = new BatchLoader(
            draws.Draw, source, options.BatchSize, options.Seed, options.HorizontalFlips, firstBatch: Step, options.Workers,
            images + (long)ranks.Rank * options.BatchSize, EffectiveBatchSize);
        using var batches = new StepBatches(loader, network, diffusion);
        var gradient = new BatchGradient(network, optimizer.Parameters, diffusion, options.Accumulation, ranks.Size, among);
        // Of several ranks none stops by itself.
        var whileAlone = ranks.Size == 1 ? cancellation : default;
        var checkpoints = new CheckpointTimes(
            options, store, Step, restored, Capture, () => Saving?.Invoke(), () => RequireSameState(false));

        var (stepBefore, skippedBefore, weightsBefore) = (Step, guard.Skipped, TrainingDoubts.SizesOf(network));
        if (Step == 0)
            sizesUnmoved = weightsBefore;
        var overflowsBefore = lossScale?.Overflows ?? 0;
        try
        {
            while (options.Progress(Step, elapsed) < 1 && !stop)
            {
                if (NextStep() is not var (loss, gradientNorm, learningRate, skipped))
                    break;
                elapsed = among?.Elapsed ?? before + clock.GetElapsedTime(start);
                var taken = new TrainingStep(
                    Step, loss, gradientNorm, learningRate, pace.ImagesPerSecond(images, elapsed), elapsed, pace.Remaining(Step, elapsed),
                    skipped);
                Runs(() => Shortage.OfCaller(report, taken), checkpoints, cancellation);
                RequireOwnWeights(nameof(Train));
                if (guard.Exhausted)
                    throw checkpoints.Diverged($"{skipped}, and {guard.Skipped} of {Step} steps were skipped by now");
                if (skipped is null)
                    checkpoints.Accept(Step, elapsed);
                stop = among?.Stop ?? cancellation.IsCancellationRequested;
            }
            checkpoints.SaveLast(Step, guard.Skipping);
            // Whoever goes on from here finds the last checkpoint whole.
            ranks.Barrier();
            var doubts = Doubts;
            var (done, overflows) = (Step - stepBefore - (guard.Skipped - skippedBefore), (lossScale?.Overflows ?? 0) - overflowsBefore);
            if (done > 0 && done == overflows)
                // Where no step before has counted either, they have it, of all steps.
                doubts = double.IsNaN(guard.MeanLoss) ? doubts : [.. doubts, TrainingDoubts.OfOverflows(done)];
            else if (done > 0 && sizesUnmoved is null && TrainingDoubts.AreAlike(weightsBefore, TrainingDoubts.SizesOf(network)))
                doubts = [.. doubts, TrainingDoubts.OfStandstill(Step - stepBefore)];
            // What was stopped goes on, out of its warm-up.
            if (Ended && TrainingDoubts.OfWarmup(options, Step) is { } slow)
                doubts = [.. doubts, slow];
            if (guard.Skipping && store is not null)
                doubts = [.. doubts, checkpoints.LastGood];
            var average = elapsed > TimeSpan.Zero ? images / elapsed.TotalSeconds : 0;
            var summary = new TrainingSummary(Step, guard.MeanLoss, elapsed, average, guard.Skipped)
            {
                SkippedAtEnd = guard.Consecutive,
                Doubts = doubts,
            };
            return Ended ? summary : throw new TrainingCanceledException(summary, cancellation);
        }
        finally
        {
            network.zero_grad();
        }

        // Null: it is to stop. Its scope ends before the report is called, which may keep what it makes.
        (double Loss, double GradientNorm, double LearningRate, string? Skipped)? NextStep()
        {
            using var scope = NewDisposeScope();
            StepBatch? next = null;
            if (!Runs(() => next = batches.Next(cancellation), checkpoints, cancellation))
                return null;
            using var batch = next!;
            IDisposable? turn = null;
            if (!Runs(() => turn = NetworkUse.Alone(network, whileAlone), checkpoints, cancellation))
                return null;
            using var alone = turn;
            computing.Set();
            return TakeStep(batch, gradient, draws, batches.Begin);
        }
    }

    /// <returns>Whether there was time to.</returns>
    private bool LookAtImages(CancellationToken cancellation)
    {
        try
        {
            // Of several ranks none stops by itself, but where reading hangs.
            var look = Task.Run(
                () =>
                {
                    var untilCanceled = ranks.Size == 1 ? cancellation : default;
                    ContextCheck.Values(network.Info, source, untilCanceled);
                    return InputCheck.Images(source, network.Diffusion, options.RefuseNonNegativeImages, untilCanceled);
                },
                default);
            foreach (var strange in Shortage.Explained(() => Patience.Await(look, cancellation)))
                logger.ImagesAreStrange(strange);
            if (ContextCheck.Unused(network.Info, source) is { } unused)
                logger.ImagesAreStrange(unused);
            foreach (var lost in InputCheck.NeverLearnt(network, source, options, labelDropout, contextDropout))
                logger.ImagesAreStrange(lost);
            return true;
        }
        catch (OperationCanceledException) when (StopsAlone(cancellation))
        {
            return false;
        }
    }

    /// <summary>
    /// Runs what others have written, a source or a report, between two steps: with what it throws nothing is lost that was learnt.
    /// </summary>
    /// <returns>Whether it came to its end; else the training is to stop.</returns>
    private bool Runs(Action foreign, CheckpointTimes checkpoints, CancellationToken cancellation)
    {
        try
        {
            foreign();
            return true;
        }
        catch (OperationCanceledException) when (StopsAlone(cancellation))
        {
            return false;
        }
        // Several ranks save together only.
        catch when (ranks.Size == 1)
        {
            SaveIfPossible(checkpoints);
            throw;
        }
    }

    /// <summary>
    /// Whether a cancelled wait is the caller's stop: a source has timeouts of its own, which say the same. Several ranks stop together
    /// only.
    /// </summary>
    private bool StopsAlone(CancellationToken cancellation) => ranks.Size == 1 && cancellation.IsCancellationRequested;

    private void SaveIfPossible(CheckpointTimes checkpoints)
    {
        try
        {
            checkpoints.SaveLast(Step, guard.Skipping);
        }
        catch (Exception error)
        {
            // The fault that ends the training is the one to be thrown.
            logger.LastStepNotSaved(string.Create(CultureInfo.InvariantCulture, $"step {Step} isn't saved: {error.Message}"));
        }
    }

    private (double Loss, double GradientNorm, double LearningRate, string? Skipped) TakeStep(
        StepBatch batch, BatchGradient gradient, StepDraws draws, Action meanwhile)
    {
        // A report may have left what it needed itself.
        NetworkCheck.RequireGradients();
        using var gradients = enable_grad();
        RequireOwnWeights(nameof(Train));
        using var generator = draws.OfLayers(Step + 1);
        using var chance = Chance.Use(generator);
        var learningRate = options.LearningRateAt(Step, options.Progress(Step, elapsed));
        var (loss, gradientNorm, lossWeight) = gradient.Compute(batch, draws.Begin(Step + 1), lossScale?.Value ?? 1, meanwhile);
        Step++;
        images += EffectiveBatchSize;
        if (lossScale?.Judge(loss, gradientNorm) is { } overflow)
        {
            logger.LossScaleLowered(OfStep(overflow));
            return (loss, gradientNorm, learningRate, OfStep(overflow));
        }
        if (guard.Judge(loss, gradientNorm, lossWeight) is { } fault)
        {
            logger.StepSkipped(OfStep(fault));
            return (loss, gradientNorm, learningRate, OfStep(fault));
        }

        if (options.GradientClip is { } limit)
            gradient.Clip(gradientNorm, limit);
        optimizer.Step(learningRate, gradient.Gradients);
        if (sizesUnmoved is not null && !TrainingDoubts.AreAlike(sizesUnmoved, TrainingDoubts.SizesOf(network)))
            sizesUnmoved = null;
        averages.ForEach(average => average.Update(Step));
        return (loss, gradientNorm, learningRate, null);

        string OfStep(string what) => string.Create(CultureInfo.InvariantCulture, $"step {Step} (batch {batch.Number}): {what}");
    }
}
