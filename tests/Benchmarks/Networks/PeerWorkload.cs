using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>A hand-written network with a training loop and a sampler as a careful person writes them in TorchSharp.</summary>
internal sealed class PeerWorkload : Workload
{
    public const int Timesteps = 1000;

    private readonly NetworkCase of;
    private readonly Tensor alphasCumprod;
    private Training? training;

    public PeerWorkload(nn.Module<Tensor, Tensor, Tensor> network, NetworkCase of, Device device) : base(network.to(device), device)
    {
        this.of = of;
        using var scope = NewDisposeScope();
        alphasCumprod = (1 - linspace(1e-4, 0.02, Timesteps, float64)).cumprod(0).to(float32).to(device).DetachFromDisposeScope();
    }

    public override float Train(NoisedBatch batch)
    {
        training ??= new(Network);
        using var scope = NewDisposeScope();
        var (images, timesteps, noise) = (batch.Images.to(Device), batch.Timesteps.to(Device), batch.Noise.to(Device));
        var signal = alphasCumprod.index_select(0, timesteps).reshape(-1, 1, 1, 1);
        var noised = signal.sqrt() * images + (1 - signal).sqrt() * noise;

        Network.zero_grad();
        var loss = nn.functional.mse_loss(Network.forward(noised, timesteps), noise);
        loss.backward();
        training.Update();
        return loss.item<float>();
    }

    public override void Update() => training!.Update();

    public override Tensor Sample()
    {
        using var start = randn([of.DrawnImages, of.Channels, of.Size, of.Size], float32, Device);
        return Sample(start);
    }

    /// <summary>The same, from given noise.</summary>
    public Tensor Sample(Tensor start)
    {
        using var noGradients = no_grad();
        using var schedule = alphasCumprod.cpu();
        var signals = schedule.data<float>().ToArray();
        // From the last timestep to -1, the clean image.
        var times = Enumerable.Range(0, of.DrawnSteps + 1).Select(i => Timesteps * i / of.DrawnSteps - 1).Reverse().ToArray();
        var x = start.clone();
        for (var step = 0; step < of.DrawnSteps; step++)
        {
            using var scope = NewDisposeScope();
            var signal = signals[times[step]];
            var noise = Network.forward(x, full([x.shape[0]], times[step], int64, Device));
            var next = ((x - Math.Sqrt(1 - signal) * noise) / Math.Sqrt(signal)).clamp(-1, 1);
            if (times[step + 1] >= 0)
            {
                noise = (x - Math.Sqrt(signal) * next) / Math.Sqrt(1 - signal);
                var signalNext = signals[times[step + 1]];
                next = Math.Sqrt(signalNext) * next + Math.Sqrt(1 - signalNext) * noise;
            }

            x.Dispose();
            x = next.MoveToOuterDisposeScope();
        }

        return x;
    }

    public override void Dispose()
    {
        training?.Dispose();
        alphasCumprod.Dispose();
        base.Dispose();
    }

    private sealed class Training(nn.Module network) : IDisposable
    {
        private readonly optim.Optimizer optimizer = optim.Adam(network.parameters(), LearningRate, Beta1, Beta2);

        private readonly List<(Tensor Live, Tensor Average)> averages =
            [.. network.parameters().Select(parameter => ((Tensor)parameter, parameter.detach().clone().DetachFromDisposeScope()))];

        public void Update()
        {
            using var scope = NewDisposeScope();
            optimizer.step();
            using var noGradients = no_grad();
            foreach (var (live, average) in averages)
                average.lerp_(live, 1 - EmaDecay);
        }

        public void Dispose()
        {
            optimizer.Dispose();
            averages.ForEach(pair => pair.Average.Dispose());
        }
    }
}
