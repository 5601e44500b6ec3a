using System.Globalization;
using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>Whether both networks learn alike: from the same weights, on the same batches, with the same noise.</summary>
internal static class LossCurves
{
    private const int Window = 20;
    private const double LargestDifference = 0.01;

    /// <summary>Trains both, and holds the running means of their losses against each other.</summary>
    /// <returns>What it came to, as a line.</returns>
    /// <exception cref="NetworksDifferException">They differ by more than 1 %.</exception>
    public static string Compare(NetworkCase network, int steps, Device device)
    {
        using var generated = network.Sketched.EmployGenerated(device);
        using var peer = network.Sketched.EmployPeer(device);
        Equality.Of(network, generated, peer);

        using var loader = new BatchLoader(new ShapesSource(network.Channels, network.Size, network.Size), network.Batch);
        var (ofPeer, ofGenerated) = (new List<float>(), new List<float>());
        for (var step = 0; step < steps; step++)
        {
            using var images = loader.Next();
            using var batch = network.Draw(seed: step, images.Images);
            ofPeer.Add(peer.Train(batch));
            ofGenerated.Add(generated.Train(batch));
        }

        var difference = Means(ofPeer).Zip(Means(ofGenerated), (a, b) => Math.Abs(b - a) / a).Max();
        var text = string.Create(CultureInfo.InvariantCulture,
            $"{network.Name}: from {ofPeer[0]:0.0000} to {ofPeer.TakeLast(Window).Average():0.0000} by hand and to {ofGenerated.TakeLast(Window).Average():0.0000} generated in {steps} steps; running means of {Math.Min(Window, steps)} losses differ by at most {100 * difference:0.000} %");
        return difference <= LargestDifference
            ? text
            : throw new NetworksDifferException($"{text}, more than {100 * LargestDifference} %.");
    }

    private static IEnumerable<double> Means(List<float> losses) =>
        Enumerable.Range(0, Math.Max(1, losses.Count - Window + 1)).Select(first => (double)losses.Skip(first).Take(Window).Average());
}
