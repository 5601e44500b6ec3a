using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>What to draw.</summary>
public sealed record SamplingOptions
{
    /// <summary>How many images.</summary>
    public int Count { get; init; } = 16;

    /// <summary>How many images pass through the network at once: a matter of memory and speed, not of what is drawn.</summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>Image i of a seed starts from the same noise, and is given the same noise on its way, whatever the batch size and the device.</summary>
    public long Seed { get; init; }
}

/// <summary>Where a batch is on its way from noise to picture.</summary>
/// <param name="FirstImage">Number of the batch's first image.</param>
/// <param name="Step">Steps done: from 0, pure noise, to <paramref name="Steps"/>, the finished pictures.</param>
/// <param name="Steps">Steps of every batch.</param>
/// <param name="Images">x_t now, [batch, channels, height, width]. Valid during the call only: whoever keeps it clones it.</param>
/// <param name="CleanEstimate">The last estimate of x_0, in [-1, 1]; null at step 0. Valid during the call only.</param>
public readonly record struct SamplingProgress(int FirstImage, int Step, int Steps, Tensor Images, Tensor? CleanEstimate);

/// <summary>
/// Draws pictures with a trained network, from pure noise to clean images. A sampler says at which timesteps it asks
/// the network, and how one step goes; the rest is common to all.
/// </summary>
public abstract class Sampler
{
    /// <summary>The timesteps at which the network is asked, falling, and -1, the clean image, behind them.</summary>
    /// <param name="timesteps">Steps of the diffusion.</param>
    /// <exception cref="UNetGenException">The sampler can't walk through so few timesteps.</exception>
    public abstract IReadOnlyList<int> Times(int timesteps);

    /// <summary>One step.</summary>
    /// <param name="diffusion">The diffusion of the network.</param>
    /// <param name="x">Images at <paramref name="time"/>.</param>
    /// <param name="x0">The network's estimate of the clean images, in [-1, 1].</param>
    /// <param name="time">The timestep of <paramref name="x"/>.</param>
    /// <param name="next">The timestep to go to; -1 is the clean image.</param>
    /// <param name="noise">Makes fresh standard normal noise, shaped like <paramref name="x"/>.</param>
    /// <returns>Images at <paramref name="next"/>, a new tensor.</returns>
    protected internal abstract Tensor Step(GaussianDiffusion diffusion, Tensor x, Tensor x0, int time, int next, Func<Tensor> noise);

    /// <summary>Draws images. The network is asked in evaluation mode and is back in its mode afterwards.</summary>
    /// <param name="network">A trained network, on the device to be used.</param>
    /// <param name="options">What to draw.</param>
    /// <param name="observe">Called before the first and after every step of every batch, on the calling thread.</param>
    /// <param name="cancellation">Looked at before every step.</param>
    /// <returns>[count, channels, height, width], float32, in [-1, 1], on the network's device.</returns>
    /// <exception cref="ArgumentException">No image or no batch.</exception>
    /// <exception cref="UNetGenException">More steps than the network's diffusion has, or the network takes labels or predicts the variance.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public Tensor Sample(
        NoisePredictor network, SamplingOptions options, Action<SamplingProgress>? observe = null, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(network);
        ArgumentNullException.ThrowIfNull(options);
        if (options.Count < 1)
            throw new ArgumentException($"At least 1 image must be asked for, not {options.Count}.", nameof(options));
        if (options.BatchSize < 1)
            throw new ArgumentException($"At least 1 image must pass at once, not {options.BatchSize}.", nameof(options));

        network.RefuseConditional("sampled");
        var times = Times(network.Diffusion.Timesteps);
        using var diffusion = new GaussianDiffusion(network.Diffusion, network.Device);
        var batches = new List<Tensor>();
        var wasTraining = network.training;
        network.eval();
        try
        {
            using var noGradients = no_grad();
            for (var first = 0; first < options.Count; first += options.BatchSize)
            {
                var size = Math.Min(options.BatchSize, options.Count - first);
                using var noise = new ImageNoise(network.Info, options.Seed, first, size, network.Device);
                batches.Add(SampleBatch(network, diffusion, times, noise, first, observe, cancellation));
            }
            return cat(batches);
        }
        finally
        {
            batches.ForEach(batch => batch.Dispose());
            network.train(wasTraining);
        }
    }

    private Tensor SampleBatch(
        NoisePredictor network, GaussianDiffusion diffusion, IReadOnlyList<int> times, ImageNoise noise, int firstImage,
        Action<SamplingProgress>? observe, CancellationToken cancellation)
    {
        // x and clean outlive the scope of the step that made them, and no scope is open while the observer
        // is called, so that what it makes lives in its own.
        var x = noise.Next();
        Tensor? clean = null;
        try
        {
            var steps = times.Count - 1;
            for (var step = 0; step < steps; step++)
            {
                observe?.Invoke(new(firstImage, step, steps, x, clean));
                cancellation.ThrowIfCancellationRequested();

                var (previousX, previousClean) = (x, clean);
                using (NewDisposeScope())
                {
                    var t = full([x.shape[0]], times[step], dtype: ScalarType.Int64, device: x.device);
                    var prediction = network.forward(x, t, labels: null, selfCondition: network.Info.SelfCondition ? clean : null);
                    clean = diffusion.PredictX0(x, t, prediction).clamp_(-1, 1).DetachFromDisposeScope();
                    x = Step(diffusion, x, clean, times[step], times[step + 1], noise.Next).DetachFromDisposeScope();
                }
                previousX.Dispose();
                previousClean?.Dispose();
            }
            observe?.Invoke(new(firstImage, steps, steps, x, clean));
            return x;
        }
        catch
        {
            x.Dispose();
            throw;
        }
        finally
        {
            clean?.Dispose();
        }
    }
}
