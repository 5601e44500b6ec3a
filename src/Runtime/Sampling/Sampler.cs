using System.Globalization;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Diffusion;
using UNetGen.Distributed;
using UNetGen.Interop;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// Draws pictures with a trained network, from pure noise to clean images. A sampler says through which timesteps it goes,
/// and how one step goes; the rest is common to all. It holds no state: one sampler can draw with several networks.
/// </summary>
public abstract class Sampler
{
    // A judgement, not a limit: what people draw with lies below, so that of a greater one it is worth thinking first.
    private const double MostUsualGuidance = 10;

    /// <summary>The sampler with all of its settings, in words: two with the same description draw the same.</summary>
    public abstract string Description { get; }

    /// <summary>The same with what follows from the network, as a spacing that isn't given.</summary>
    /// <param name="levels">The numbers of the network's diffusion.</param>
    public virtual string DescriptionFor(NoiseLevels levels) => Description;

    /// <summary>
    /// The times through which it goes, falling, and behind them <see cref="NoiseLevels.Clean"/>, the clean image. A time may stand there
    /// several times, for steps that stay at it.
    /// </summary>
    /// <param name="levels">The diffusion's numbers.</param>
    /// <exception cref="UNetGenException">
    /// The sampler can't walk through so few timesteps, or isn't for such a diffusion.
    /// </exception>
    public abstract IReadOnlyList<double> Times(NoiseLevels levels);

    /// <summary>
    /// Why it can't paint a part of a picture (<see cref="Inpainting"/>), where pixels are put in before every step, to follow "Inpainting
    /// is not for this sampler:"; null where it can, as a sampler whose steps take all that they know from the images.
    /// </summary>
    public virtual string? AgainstInpainting => null;

    /// <summary>
    /// Takes one step. <see cref="Sample(NoisePredictor, SamplingOptions, Action{SamplingProgress}?, CancellationToken)"/> calls it
    /// within a dispose scope of its own.
    /// </summary>
    /// <param name="denoiser">What estimates the clean images.</param>
    /// <param name="x">Images at <paramref name="time"/>, [batch, channels, height, width].</param>
    /// <param name="time">The time of <paramref name="x"/>: of a DDPM the timestep.</param>
    /// <param name="next">The time to go to; <see cref="NoiseLevels.Clean"/> (of a DDPM -1) is the clean image.</param>
    /// <returns>
    /// Images at <paramref name="next"/>, of the same shape. Any tensor will do, the estimate or <paramref name="x"/> itself too: what goes
    /// on from it is a copy.
    /// </returns>
    public abstract Tensor Step(Denoiser denoiser, Tensor x, double time, double next);

    /// <summary>
    /// Draws images. The network is asked in evaluation mode and is back in its mode afterwards. Several threads may draw with one network
    /// at once, and one may while another trains it: drawings and steps then wait for each other.
    /// </summary>
    /// <param name="network">A trained network, on the device to be used.</param>
    /// <param name="options">What to draw.</param>
    /// <param name="observe">Called before the first and after every step of every batch, on the calling thread.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <returns>[count, channels, height, width], float32, in [-1, 1] where they are clipped, on the network's device.</returns>
    /// <exception cref="UNetGenException">
    /// No image or no batch is asked for, more steps than the network's diffusion has, or labels or guidance that don't fit the network; an
    /// edit's pictures hold no finite numbers, or lie outside of [-1, 1] where the network's drawing is clipped to it; or its weights are
    /// of another type than float32.
    /// </exception>
    /// <exception cref="InvalidOperationException">
    /// The sampler's times rise, lie outside the diffusion's or don't end with the clean image, or a step's result isn't of the images'
    /// shape.
    /// </exception>
    /// <exception cref="NotFiniteException">
    /// Images came out as no finite numbers: the network's weights are ruined, or guidance is far too strong.
    /// </exception>
    /// <exception cref="ShortageException">There is no more memory for so many images at once.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public Tensor Sample(
        NoisePredictor network, SamplingOptions options, Action<SamplingProgress>? observe = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        options.Check(network);
        RequireWeights(network);
        return Shortage.Explained(
            () => NetworkUse.Drawing(network, () => SampleAll(network, options, observe, cancellation), cancellation),
            FormattableString.Invariant(
                $"{Math.Min(options.Count, options.BatchSize):N0} images pass at once, of {options.Count:N0}: fewer at once need less."));
    }

    /// <summary>
    /// Draws images with several processes: they take turns at whole batches, so that each picture is to the bit the one that a process
    /// alone draws, and all have all pictures afterwards. Fewer batches than processes leave some of these without work.
    /// </summary>
    /// <param name="network">A trained network, the same in all processes, on the device to be used.</param>
    /// <param name="options">What to draw, the same in all processes.</param>
    /// <param name="collective">The processes; all of them call this.</param>
    /// <param name="observe">
    /// As in <see cref="Sample(NoisePredictor, SamplingOptions, Action{SamplingProgress}?, CancellationToken)"/>, for this process's
    /// batches.
    /// </param>
    /// <param name="cancellation">
    /// Looked at before every step. The others wait for whoever is cancelled: call <see cref="ICollective.Abort"/> then.
    /// </param>
    /// <returns>As there, all images.</returns>
    /// <exception cref="RanksDifferException">
    /// The processes are to draw something else, of other weights, or in other batches; the message names what differs, and the ranks.
    /// </exception>
    /// <exception cref="UNetGenException">As there.</exception>
    public Tensor Sample(
        NoisePredictor network, SamplingOptions options, ICollective collective, Action<SamplingProgress>? observe = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(collective);
        if (collective.Size == 1)
            return Sample(network, options, observe, cancellation);
        options.Check(network);
        RequireWeights(network);
        SampleInfo.RequireSame(collective, SampleInfo.Of(network, this, options), network.Info, options);
        var all = zeros(
            [options.Count, network.Info.Channels, network.Info.ImageHeight, network.Info.ImageWidth], ScalarType.Float32, network.Device);
        try
        {
            for (var (first, turn) = (0, 0); first < options.Count; first += options.BatchSize, turn++)
            {
                if (turn % collective.Size != collective.Rank)
                    continue;
                var size = Math.Min(options.BatchSize, options.Count - first);
                using var images = Sample(
                    network, options with { FirstImage = options.FirstImage + first, Count = size, BatchSize = size }, observe,
                    cancellation);
                using var place = all.narrow(0, first, size);
                place.copy_(images);
            }
            // Every picture is one process's, and 0 everywhere else.
            collective.AllReduce(all);
            return all;
        }
        catch
        {
            all.Dispose();
            throw;
        }
    }

    /// <summary>Weights have numbers, of float32; also those of a network that computes in 16 bits by its precision.</summary>
    private static void RequireWeights(NoisePredictor network)
    {
        StateDict.RequireCopyable(network.state_dict(), nameof(network));
        var (key, other) = network.named_parameters().FirstOrDefault(
            pair => pair.parameter.is_floating_point() && pair.parameter.dtype != ScalarType.Float32);
        if (other is not null)
            throw new UNetGenException(
                $"{network.Info.Name} has weights of {other.dtype}, as {key}, and the noise that is drawn from is {ScalarType.Float32}: call "
                    + $"`to(ScalarType.Float32)` on the network before. To draw in 16 bits, set its `{nameof(network.Precision)}`.");
    }

    private Tensor SampleAll(
        NoisePredictor network, SamplingOptions options, Action<SamplingProgress>? observe, CancellationToken cancellation)
    {
        using var weights = KeptWeights.Keep();
        using var arithmetic = new CudaArithmetic(network.Device, options.AllowTf32 || network.Precision != Precision.Float32);
        using var diffusion = DiffusionProcess.Of(network.Diffusion, network.Device);
        var times = Walk(diffusion.Levels, options.Edit);
        var batches = new List<Tensor>();
        try
        {
            using var noGradients = no_grad();
            var end = options.FirstImage + options.Count;
            int size;
            for (var first = options.FirstImage; first < end; first += size)
            {
                size = Math.Min(options.BatchSize, end - first);
                using var denoiser = new Denoiser(network, diffusion, options with { FirstImage = first, Count = size });
                batches.Add(SampleBatch(denoiser, options.Edit, times, first, observe, cancellation));
            }
            return cat(batches);
        }
        finally
        {
            batches.ForEach(batch => batch.Dispose());
            ImageMemory.Trim();
        }
    }

    /// <summary>The times that a drawing goes through, which an edit may begin later, and send back.</summary>
    /// <exception cref="UNetGenException">The sampler can't, or not with this edit.</exception>
    /// <exception cref="InvalidOperationException">Its times are none.</exception>
    internal IReadOnlyList<double> Walk(NoiseLevels levels, PictureEdit? edit)
    {
        if (edit is { PutsIn: true } && AgainstInpainting is { } reason)
            throw new UNetGenException(
                $"Inpainting is not for this sampler ({DescriptionFor(levels)}): {reason}. Use an ancestral sampler or DDIM.");
        var times = SamplerTimes.Of(this, levels);
        return edit?.Walk(times) ?? times;
    }

    /// <summary>Draws one batch, through times that <see cref="Walk"/> has given.</summary>
    internal Tensor SampleBatch(
        Denoiser denoiser, PictureEdit? edit, IReadOnlyList<double> times, int firstImage, Action<SamplingProgress>? observe,
        CancellationToken cancellation)
    {
        var batch = new EditedBatch(denoiser.Diffusion, denoiser.Noise, firstImage);
        // x outlives the scope of the step that made it, and no scope is open while the observer
        // is called, so that what it makes lives in its own.
        var x = edit?.Begin(batch, times[0]) ?? Begin(denoiser, times[0]);
        try
        {
            var steps = times.Count - 1;
            for (var step = 0; step < steps; step++)
            {
                Shortage.OfCaller(observe, new(firstImage, step, steps, x, denoiser.Previous?.X0));
                cancellation.ThrowIfCancellationRequested();

                var previous = x;
                using (NewDisposeScope())
                {
                    x = Next(step).DetachFromDisposeScope();
                    denoiser.EndStep();
                }
                previous.Dispose();
            }
            if (edit?.End(batch, x) is { } ended)
            {
                x.Dispose();
                x = ended;
            }
            CheckFinite(x, firstImage, denoiser);
            Shortage.OfCaller(observe, new(firstImage, steps, steps, x, denoiser.Previous?.X0));
            return x;
        }
        catch
        {
            x.Dispose();
            throw;
        }

        Tensor Next(int step)
        {
            var (time, next) = (times[step], times[step + 1]);
            if (next > time)
                return batch.Raised(x, time, next);
            return OwnCopy(Step(denoiser, step == 0 || edit is null ? x : edit.Before(batch, x, time), time, next), x);
        }
    }

    /// <summary>
    /// A copy of what a step has returned: that may be the estimate, which the denoiser keeps, the images before the step, or a tensor that
    /// the sampler holds.
    /// </summary>
    /// <exception cref="InvalidOperationException">It is none, has no numbers, or is of another shape or kind than the images.</exception>
    private Tensor OwnCopy(Tensor? result, Tensor images)
    {
        if (ReadableTensor.FaultOf(result) is { } fault)
            throw new InvalidOperationException($"What a step of {GetType().Name} has returned {fault}.");
        if (!result!.is_floating_point())
            throw new InvalidOperationException(
                $"A step of {GetType().Name} must return images of floating point numbers, but has returned such of {result.dtype}.");
        if (!result.shape.SequenceEqual(images.shape))
            throw new InvalidOperationException(
                $"A step of {GetType().Name} must return images of the shape [{string.Join(", ", images.shape)}], but has returned "
                    + $"[{string.Join(", ", result.shape)}].");
        return result.to(images.dtype, copy: true);
    }

    private static Tensor Begin(Denoiser denoiser, double time)
    {
        var noise = denoiser.Noise();
        var deviation = denoiser.Diffusion.Levels.DeviationAtFirst(time);
        if (deviation == 1)
            return noise;
        using (noise)
            return noise * Number.Of(deviation);
    }

    /// <summary>Once a batch, since it waits for the device: what is NaN on the way is NaN at the end.</summary>
    private static void CheckFinite(Tensor images, int firstImage, Denoiser denoiser)
    {
        using var scope = NewDisposeScope();
        var broken = images.isfinite().logical_not().flatten(1).any(1).sum().item<long>();
        if (broken > 0)
            throw new NotFiniteException(
                $"{broken} of the {Counted.Of(images.shape[0], "image")} from number {firstImage} on came out with values that are no "
                    + $"finite numbers. {(denoiser.Guidance > MostUsualGuidance
                    ? string.Create(
                        CultureInfo.InvariantCulture,
                        $"A guidance of {denoiser.Guidance} may have led there: give less. Otherwise that")
                    : "That")} is what weights give whose training has diverged: "
                + $"draw with an earlier checkpoint{(denoiser.Precision == Precision.Float16
                    ? ", or in bfloat16 or float32, whose range doesn't end at 65,504 as float16's does" : "")}.");
    }
}
