// Excerpt: own loop
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

/// <summary>A training loop with a loss of its own, Huber's in the place of the squared error.</summary>
public static class HuberTraining
{
    /// <summary>Trains in place, and gives the averaged weights to draw with.</summary>
    public static Ema Train(NoisePredictor network, IImageSource images, int steps, Action<int, float> report)
    {
        using var diffusion = new GaussianDiffusion(network.Diffusion, network.Device);
        using var loader = new BatchLoader(images, batchSize: 16, seed: 1);
        using var adam = optim.Adam(network.parameters(), lr: 1e-3);
        var average = new Ema(network, new EmaOptions { Decay = 0.99, UpdateEvery = 1, StartAfter = 0 });
        network.train();
        for (var step = 1; step <= steps; step++)
        {
            using var scope = NewDisposeScope();
            var batch = loader.Next();
            var x0 = batch.Images.to(network.Device);
            var labels = network.Info.NumClasses is null ? null : batch.Labels?.to(network.Device);
            var context = network.Info.ContextDim is null ? null : batch.Context?.to(network.Device);
            var t = randint(0, diffusion.Schedule.Timesteps, x0.shape[0], dtype: ScalarType.Int64, device: network.Device);
            var noise = randn_like(x0);
            var prediction = network.forward(diffusion.QSample(x0, t, noise), t, context, labels, selfCondition: null);
            var loss = nn.functional.huber_loss(prediction, diffusion.Target(x0, t, noise));
            adam.zero_grad();
            loss.backward();
            adam.step();
            average.Update(step);
            report(step, loss.item<float>());
        }
        return average;
    }
}
// End of excerpt
