using System.Globalization;
using UNetGen.Data;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// Trains a noise predictor (Ho et al. 2020, algorithm 1) with Adam, gradient clipping and a moving average of the weights.
/// The images' order, the timesteps and the noise come from generators on the CPU, seeded by the options: the same seed
/// gives the same training on every device, to rounding, and to the bit with the same libtorch and number of threads,
/// unless a time limit ends it.
/// </summary>
public sealed class Trainer : IDisposable
{
    private const int LossWindow = 100;

    private readonly NoisePredictor network;
    private readonly IImageSource source;
    private readonly TrainingOptions options;
    private readonly TimeProvider clock;

    /// <summary>Makes ready to train.</summary>
    /// <param name="network">The network, on the device to be used: moving it afterwards replaces its parameters.</param>
    /// <param name="source">What to learn from; of the network's channels and size.</param>
    /// <param name="options">How to train.</param>
    /// <param name="clock">Tells the time; null is the system's clock.</param>
    /// <exception cref="UNetGenException">The options make no sense, or the network takes labels or predicts the variance.</exception>
    /// <exception cref="DataException">The images don't fit the network.</exception>
    /// <exception cref="ArgumentException">The network has nothing to train.</exception>
    public Trainer(NoisePredictor network, IImageSource source, TrainingOptions options, TimeProvider? clock = null)
    {
        options.Validate();
        network.RefuseConditional("trained");
        var info = network.Info;
        if (!network.parameters().Any(parameter => parameter.requires_grad))
            throw new ArgumentException($"{info.Name} has no parameters to train. One written by hand registers its modules itself.", nameof(network));
        if ((source.Channels, source.Height, source.Width) != (info.Channels, info.ImageHeight, info.ImageWidth))
            throw new DataException(
                $"{info.Name} takes images of {info.Channels} x {info.ImageHeight} x {info.ImageWidth} (channels x height x width), "
                + $"but {source.Description} has {source.Channels} x {source.Height} x {source.Width}.");

        this.network = network;
        this.source = source;
        this.options = options;
        this.clock = clock ?? TimeProvider.System;
        Ema = new Ema(network, options.EmaDecay, options.EmaUpdateEvery, options.EmaStartAfter);
    }

    /// <summary>The averaged weights, with which to draw.</summary>
    public Ema Ema { get; }

    /// <summary>Trains to the end, or until cancelled. The network is in training mode meanwhile and in its own afterwards.</summary>
    /// <param name="report">Called after each step, on the calling thread.</param>
    /// <param name="cancellation">Looked at before each step; stopping is no error.</param>
    /// <exception cref="DataException">The images' values don't lie in [-1, 1].</exception>
    /// <exception cref="TrainingDivergedException">Loss or gradient is no finite number; weights and average are those before that step.</exception>
    public TrainingSummary Train(Action<TrainingStep>? report = null, CancellationToken cancellation = default)
    {
        var device = network.Device;
        var parameters = network.parameters().ToArray();
        using var loader = new BatchLoader(source, options.BatchSize, options.Seed, options.HorizontalFlips);
        using var random = new Generator((ulong)options.Seed, CPU);
        using var diffusion = new GaussianDiffusion(network.Diffusion, device);
        using var adam = new FusedAdam(parameters, options.Beta1, options.Beta2);
        // Dropout draws from libtorch's own generator.
        manual_seed(options.Seed);

        var lastLosses = new Queue<double>();
        var wasTraining = network.training;
        network.train();
        try
        {
            var start = clock.GetTimestamp();
            var elapsed = TimeSpan.Zero;
            var step = 0;
            while (options.Progress(step, elapsed) < 1 && !cancellation.IsCancellationRequested)
            {
                using var scope = NewDisposeScope();

                var images = loader.Next().Images;
                if (step == 0)
                    CheckValues(images);
                var t = randint(0, network.Diffusion.Timesteps, [options.BatchSize], ScalarType.Int64, CPU, generator: random).to(device);
                var noise = randn(images.shape, ScalarType.Float32, CPU, generator: random).to(device);
                var x0 = images.to(device);
                var xt = diffusion.QSample(x0, t, noise);

                network.zero_grad();
                var loss = diffusion.Loss(Predict(diffusion, xt, t, random), diffusion.Target(x0, t, noise), t);
                var lossValue = loss.item<float>();
                CheckFinite("loss", lossValue, step + 1, lossValue);
                loss.backward();
                var gradientNorm = nn.utils.clip_grad_norm_(parameters, options.GradientClip);
                CheckFinite("gradient norm", gradientNorm, step + 1, lossValue);

                var learningRate = options.LearningRateAt(step, options.Progress(step, elapsed));
                adam.Step(learningRate);
                step++;
                Ema.Update(step);

                if (lastLosses.Count == LossWindow)
                    lastLosses.Dequeue();
                lastLosses.Enqueue(lossValue);
                elapsed = clock.GetElapsedTime(start);
                report?.Invoke(new(
                    step, lossValue, gradientNorm, learningRate, ImagesPerSecond(step, elapsed), elapsed, Remaining(step, elapsed)));
            }
            return new(
                step, lastLosses.Count == 0 ? double.NaN : lastLosses.Average(), elapsed, ImagesPerSecond(step, elapsed),
                Cancelled: options.Progress(step, elapsed) < 1);
        }
        finally
        {
            network.zero_grad();
            network.train(wasTraining);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => Ema.Dispose();

    /// <summary>
    /// What the network says of x_t. A self-conditioned one is in half of the steps given its own first estimate of x_0, without a
    /// gradient through it (Chen et al. 2022, algorithm 1), clipped as samplers clip it.
    /// </summary>
    private Tensor Predict(GaussianDiffusion diffusion, Tensor xt, Tensor t, Generator random)
    {
        if (!network.Info.SelfCondition)
            return network.forward(xt, t);
        if (rand(1, device: CPU, generator: random).item<float>() < 0.5)
            return network.forward(xt, t);
        Tensor estimate;
        using (no_grad())
            estimate = diffusion.PredictX0(xt, t, network.forward(xt, t)).clamp_(-1, 1);
        return network.forward(xt, t, labels: null, selfCondition: estimate);
    }

    private double ImagesPerSecond(int steps, TimeSpan elapsed) =>
        elapsed > TimeSpan.Zero ? (double)steps * options.BatchSize / elapsed.TotalSeconds : 0;

    private TimeSpan Remaining(int steps, TimeSpan elapsed)
    {
        var progress = options.Progress(steps, elapsed);
        // Only a clock that hasn't moved yet leaves a step without progress.
        return progress > 0 ? elapsed * ((1 - progress) / progress) : options.TimeLimit ?? TimeSpan.Zero;
    }

    private void CheckValues(Tensor images)
    {
        var (low, high) = (images.min().item<float>(), images.max().item<float>());
        if (!(low >= -1 && high <= 1))
            throw new DataException(string.Create(
                CultureInfo.InvariantCulture,
                $"Images must hold values in [-1, 1], but the first batch of {source.Description} runs from {low:G6} to {high:G6}. "
                + $"Bytes from 0 to 255 become such values by v / 127.5 - 1."));
    }

    private static void CheckFinite(string what, double value, int step, double loss)
    {
        if (!double.IsFinite(value))
            throw new TrainingDivergedException(string.Create(
                CultureInfo.InvariantCulture,
                $"Training diverged at step {step}: the {what} is {value} (loss {loss:G6}). "
                + $"The weights are those of step {step - 1}. A lower learning rate or a longer warm-up usually helps."));
    }
}
