using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using UNetGen.Data;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>Feature statistics of a whole set of images, in memory bounded by a batch; those of a data set are kept on disk, since they are the same for every run.</summary>
public static class ImageStatistics
{
    /// <summary>Computes them, for every image once.</summary>
    /// <param name="source">The images.</param>
    /// <param name="features">What sees them.</param>
    /// <param name="batchSize">Images at once: a matter of memory and speed.</param>
    /// <param name="report">Called after each batch with the images done.</param>
    /// <param name="cancellation">Looked at before each batch.</param>
    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="EvaluationException">The network doesn't take such images, or a feature is no finite number.</exception>
    public static FeatureStatistics Of(
        IImageSource source, FeatureNetwork features, int batchSize = 64, Action<int>? report = null, CancellationToken cancellation = default)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        FeatureStatistics? statistics = null;
        var done = 0;
        try
        {
            foreach (var images in InOrder(source, batchSize))
            {
                using var scope = NewDisposeScope();
                using var read = images;
                cancellation.ThrowIfCancellationRequested();
                var batch = features.Extract(images);
                statistics ??= new FeatureStatistics((int)batch.shape[1]);
                statistics.Add(batch);
                report?.Invoke(done += (int)images.shape[0]);
            }

            return statistics ?? throw new EvaluationException($"{source.Description} has no images.");
        }
        catch
        {
            statistics?.Dispose();
            throw;
        }
    }

    /// <summary>The same, read from <paramref name="folder"/> where these images were seen by this network before, and written there otherwise, or where the file is damaged.</summary>
    /// <param name="source">The images; <see cref="Fingerprint"/> tells whether they are the same.</param>
    /// <param name="features">What sees them; <see cref="FeatureNetwork.Hash"/> tells whether it is the same.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="batchSize">As in <see cref="Of"/>.</param>
    /// <param name="report">As in <see cref="Of"/>; not called where they are read.</param>
    /// <param name="cancellation">As in <see cref="Of"/>.</param>
    /// <returns>The caller's to dispose.</returns>
    public static FeatureStatistics Cached(
        IImageSource source, FeatureNetwork features, string folder, int batchSize = 64, Action<int>? report = null, CancellationToken cancellation = default)
    {
        var key = $"{features.Hash} {Fingerprint.Of(source, cancellation)}";
        var path = Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.safetensors");
        if (File.Exists(path))
        {
            try
            {
                return FeatureStatistics.Load(path);
            }
            catch (UNetGenException)
            {
                // Damaged: what it held can be had again, and takes its place.
            }
        }

        var statistics = Of(source, features, batchSize, report, cancellation);
        statistics.Save(path, new Dictionary<string, string> { ["images"] = source.Description, ["features"] = features.Description });
        return statistics;
    }

    /// <summary>Every image once, by its number: [batch, channels, height, width], float32, on the CPU; the receiver's to dispose.</summary>
    internal static IEnumerable<Tensor> InOrder(IImageSource source, int batchSize)
    {
        var pixels = new float[source.PixelCount()];
        for (var first = 0; first < source.Count; first += batchSize)
        {
            var size = Math.Min(batchSize, source.Count - first);
            var images = empty([size, source.Channels, source.Height, source.Width], ScalarType.Float32, CPU);
            for (var i = 0; i < size; i++)
            {
                source.Read(first + i, pixels);
                MemoryMarshal.AsBytes(pixels.AsSpan()).CopyTo(images.bytes[(i * pixels.Length * sizeof(float))..]);
            }

            yield return images;
        }
    }
}
