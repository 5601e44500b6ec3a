using TorchSharp;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>
/// A generated network with the parts that <see cref="Trainer"/> is made of, in its order: what it does in a step but for drawing the
/// batch.
/// </summary>
internal sealed class GeneratedWorkload(NoisePredictor network, NetworkCase of, Device device) : Workload(Placed(network, device), device)
{
    // ONNX Runtime's sessions have weights that can't change; so they mustn't here, where that is compared with.
    private readonly IDisposable? kept = of.OnnxFile is not null ? NoisePredictor.KeepWeights() : null;
    private Training? training;

    public override float Train(NoisedBatch batch)
    {
        using var scope = NewDisposeScope();
        training ??= new(network);
        var loss = training.Gradient(batch);
        training.Update(training.Gradients);
        return loss;
    }

    public override void Update() => training!.Update();

    public override Tensor Sample() => Sample(observe: null);

    /// <summary>The same, watched.</summary>
    public Tensor Sample(Action<SamplingProgress>? observe) =>
        new DdimSampler(of.DrawnSteps).Sample(network, new SamplingOptions
        {
            Count = of.DrawnImages,
            BatchSize = of.DrawnImages,
            AllowTf32 = backends.cudnn.allow_tf32,
        }, observe);

    private static NoisePredictor Placed(NoisePredictor network, Device device)
    {
        network.to(device);
        WeightLayout.ForDevice(network);
        return network;
    }

    public override void Dispose()
    {
        training?.Dispose();
        kept?.Dispose();
        base.Dispose();
    }

    private sealed class Training : IDisposable
    {
        private readonly Device device;
        private readonly GaussianDiffusion diffusion;
        private readonly FusedAdam optimizer;
        private readonly BatchGradient gradient;
        private readonly Ema ema;
        private int step;

        public Training(NoisePredictor network)
        {
            device = network.Device;
            diffusion = new(network.Diffusion, device);
            optimizer = new(network.named_parameters(), Beta1, Beta2);
            gradient = new(network, optimizer.Parameters, diffusion, parts: 1);
            ema = new(network, new EmaOptions { Decay = EmaDecay, Power = null, UpdateEvery = 1, StartAfter = 0 });
        }

        public Tensor?[] Gradients => gradient.Gradients;

        public float Gradient(NoisedBatch batch)
        {
            Tensor Sent(Tensor made) => DeviceCopy.Send(made.alias(), device);
            var input = new StepBatch(
                Sent(batch.Images), Sent(batch.Noise), Sent(batch.Timesteps), null, [.. batch.Timesteps.data<long>()], step);
            return gradient.Compute(input, selfCondition: false).Loss;
        }

        /// <summary>By these gradients of the step; null: by those that the parameters have.</summary>
        public void Update(Tensor?[]? by = null)
        {
            if (by is null)
                optimizer.Step(LearningRate);
            else
                optimizer.Step(LearningRate, by);
            ema.Update(++step);
        }

        public void Dispose()
        {
            ema.Dispose();
            optimizer.Dispose();
            diffusion.Dispose();
        }
    }
}
