using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>A hand-written network with a training loop and a sampler as a careful person writes them in TorchSharp.</summary>
internal sealed class PeerContender : Contender
{
    public const int Timesteps = 1000;

    private readonly long[] image;
    private readonly Tensor alphasCumprod;
    private Training? training;

    /// <param name="image">[channels, height, width].</param>
    public PeerContender(nn.Module<Tensor, Tensor, Tensor> network, long[] image, Device device) : base(network.to(device), device)
    {
        using var scope = NewDisposeScope();
        this.image = image;
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
        using var start = randn([DrawnImages, .. image], float32, Device);
        return Sample(start);
    }

    /// <summary>The same, from given noise.</summary>
    public Tensor Sample(Tensor start)
    {
        using var noGradients = no_grad();
        var schedule = alphasCumprod.cpu().data<float>().ToArray();
        // From -1, the clean image, to the last timestep.
        var times = Enumerable.Range(0, DrawnSteps + 1).Select(i => (int)(-1 + (double)i * Timesteps / DrawnSteps)).Reverse().ToArray();
        var x = start.clone();
        for (var step = 0; step < DrawnSteps; step++)
        {
            using var scope = NewDisposeScope();
            var signal = schedule[times[step]];
            var noise = Network.forward(x, full([x.shape[0]], times[step], int64, Device));
            var clean = ((x - Math.Sqrt(1 - signal) * noise) / Math.Sqrt(signal)).clamp(-1, 1);
            var next = clean;
            if (times[step + 1] >= 0)
            {
                noise = (x - Math.Sqrt(signal) * clean) / Math.Sqrt(1 - signal);
                var signalNext = schedule[times[step + 1]];
                next = Math.Sqrt(signalNext) * clean + Math.Sqrt(1 - signalNext) * noise;
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
