using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>Whether the two networks of a case are one: what is compared by the clock has to compute the same.</summary>
internal static class Equality
{
    private const double LargestDifference = 1e-4;

    /// <summary>Copies the generated network's weights into the hand-written one, by key, and holds their outputs against each other.</summary>
    /// <returns>The greatest absolute difference.</returns>
    /// <exception cref="NetworksDifferException">Keys or outputs differ.</exception>
    public static double OfOutputs(NetworkCase network, Workload generated, Workload peer)
    {
        CopyWeights(network, generated.Network, peer.Network);
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        using var batch = network.Draw(seed: 2);
        var (x, timesteps) = (batch.Noise.to(generated.Device), batch.Timesteps.to(generated.Device));
        var difference = (generated.Network.forward(x, timesteps) - peer.Network.forward(x, timesteps)).abs().max().item<float>();
        return difference <= LargestDifference
            ? difference
            : throw new NetworksDifferException($"{network.Name}: outputs of the generated and the hand-written network differ by {difference}, more than {LargestDifference}. Nothing was timed.");
    }

    /// <summary>Draws with both from the same noise, after <see cref="OfOutputs"/> has made their weights equal.</summary>
    /// <exception cref="NetworksDifferException">The images differ.</exception>
    public static void OfSamples(NetworkCase network, GeneratedWorkload generated, PeerWorkload peer)
    {
        Tensor? noise = null;
        using var ofGenerated = generated.Sample(progress => noise ??= progress.Images.clone());
        using (noise!)
        {
            using var ofPeer = peer.Sample(noise!);
            using var difference = (ofGenerated - ofPeer).abs_().max();
            if (difference.item<float>() is var largest && !(largest <= LargestDifference))
                throw new NetworksDifferException($"{network.Name}: images drawn with the generated and the hand-written network differ by {largest}, more than {LargestDifference}. Nothing was timed.");
        }
    }

    private static void CopyWeights(NetworkCase network, nn.Module from, nn.Module to)
    {
        using var noGradients = no_grad();
        var (given, taken) = (from.state_dict(), to.state_dict());
        if (given.Keys.Concat(taken.Keys).FirstOrDefault(key => !given.ContainsKey(key) || !taken.ContainsKey(key) || !given[key].shape.SequenceEqual(taken[key].shape)) is { } odd)
            throw new NetworksDifferException($"{network.Name}: the generated and the hand-written network differ in '{odd}', which one lacks or has in another shape.");
        foreach (var (key, weight) in given)
            taken[key].copy_(weight);
    }
}
