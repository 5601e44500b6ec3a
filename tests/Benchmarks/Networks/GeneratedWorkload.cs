using TorchSharp;
using UNetGen.Data;
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
    private Training? training;

    public override float Train(NoisedBatch batch)
    {
        using var scope = NewDisposeScope();
        training ??= new(network);
        var loss = training.Gradient(batch);
        training.Update();
        return loss;
    }

    public override void Update() => training!.Update();

    public override Tensor Sample() => Sample(observe: null);

    /// <summary>The same, watched.</summary>
    public Tensor Sample(Action<SamplingProgress>? observe) =>
        new DdimSampler(of.DrawnSteps).Sample(network, new SamplingOptions { Count = of.DrawnImages, BatchSize = of.DrawnImages }, observe);

    private static NoisePredictor Placed(NoisePredictor network, Device device)
    {
        network.to(device);
        WeightLayout.ForDevice(network);
        return network;
    }

    public override void Dispose()
    {
        training?.Dispose();
        base.Dispose();
    }

    private sealed class Training(NoisePredictor network) : IDisposable
    {
        private readonly GaussianDiffusion diffusion = new(network.Diffusion, network.Device);
        private readonly FusedAdam optimizer = new(network.named_parameters(), Beta1, Beta2);
        private readonly Ema ema = new(network, new EmaOptions { Decay = EmaDecay, Power = null, UpdateEvery = 1, StartAfter = 0 });
        private int step;

        public float Gradient(NoisedBatch batch) => new BatchGradient(network, diffusion, parts: 1)
            .Compute(new Batch(batch.Images, null, step), new StepDraws(batch.Timesteps, batch.Noise, null, SelfCondition: false)).Loss;

        public void Update()
        {
            optimizer.Step(LearningRate);
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
