using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>Whether the two networks of a case are one: what is compared by the clock has to compute the same.</summary>
internal static class Equality
{
    private const double LargestDifference = 1e-4;

    // A drawing's first step divides the networks' difference by sqrt(alphas_cumprod) of the last timestep, which is less than a hundredth.
    private const double LargestDifferenceOfDrawings = 1e-3;

    /// <summary>Both comparisons, on a GPU without TF32: its ten bits would not meet the bound.</summary>
    /// <returns>The greatest absolute difference of the outputs.</returns>
    public static double Of(NetworkCase network, GeneratedWorkload generated, PeerWorkload peer)
    {
        var (convolutions, products) = (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32);
        backends.cudnn.allow_tf32 = backends.cuda.matmul.allow_tf32 = false;
        try
        {
            var difference = OfOutputs(network, generated, peer);
            OfSamples(network, generated, peer);
            return difference;
        }
        finally
        {
            (backends.cudnn.allow_tf32, backends.cuda.matmul.allow_tf32) = (convolutions, products);
        }
    }

    /// <summary>
    /// Copies the generated network's weights into the other one, by key, and holds their outputs against each other, of a batch and of one
    /// image.
    /// </summary>
    /// <returns>The greatest absolute difference.</returns>
    /// <exception cref="NetworksDifferException">Keys or outputs differ.</exception>
    private static double OfOutputs(NetworkCase network, Workload generated, Workload peer)
    {
        // ONNX Runtime's network has these weights from its file and shows none.
        if (network.OnnxFile is null)
            CopyWeights(network, generated.Network, peer.Network);
        var difference = Math.Max(OfOutputs(network.Batch), OfOutputs(batch: 1));
        return difference <= LargestDifference ? difference : throw Differ(network, "outputs of", difference, LargestDifference);

        double OfOutputs(int batch)
        {
            using var scope = NewDisposeScope();
            using var noGradients = no_grad();
            using var drawn = (network with { Batch = batch }).Draw(seed: 2);
            var (x, timesteps) = (drawn.Noise.to(generated.Device), drawn.Timesteps.to(generated.Device));
            return (generated.Network.forward(x, timesteps) - peer.Network.forward(x, timesteps)).abs().max().item<float>();
        }
    }

    /// <summary>Draws with both from the same noise, after <see cref="OfOutputs"/> has made their weights equal.</summary>
    /// <exception cref="NetworksDifferException">The images differ.</exception>
    private static void OfSamples(NetworkCase network, GeneratedWorkload generated, PeerWorkload peer)
    {
        Tensor? noise = null;
        using var ofGenerated = generated.Sample(progress => noise ??= progress.Images.clone());
        using (noise!)
        {
            using var ofPeer = peer.Sample(noise!);
            using var difference = (ofGenerated - ofPeer).abs_().max();
            if (difference.item<float>() is var largest && !(largest <= LargestDifferenceOfDrawings))
                throw Differ(network, "images drawn with", largest, LargestDifferenceOfDrawings);
        }
    }

    private static NetworksDifferException Differ(NetworkCase network, string what, double difference, double bound) =>
        new($"{network.Name}: {what} the networks, generated and {network.PeerName}, differ by {difference}, "
            + $"more than {bound}. Nothing was timed.");

    private static void CopyWeights(NetworkCase network, nn.Module from, nn.Module to)
    {
        using var noGradients = no_grad();
        var (given, taken) = (from.state_dict(), to.state_dict());
        if (
            given.Keys.Concat(taken.Keys).FirstOrDefault(
                key => !given.ContainsKey(key) || !taken.ContainsKey(key) || !given[key].shape.SequenceEqual(taken[key].shape)) is { } odd)
            throw new NetworksDifferException(
                $"{network.Name}: the generated and the hand-written network differ in '{odd}', which one lacks or has in another shape.");
        foreach (var (key, weight) in given)
            taken[key].copy_(weight);
    }
}
