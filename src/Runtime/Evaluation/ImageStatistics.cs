using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using UNetGen.Data;
using UNetGen.Distributed;
using UNetGen.Files;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>
/// Feature statistics of a whole set of images, in memory bounded by a batch; those of a data set are kept on disk, since they are the same
/// for every run.
/// </summary>
public static class ImageStatistics
{
    /// <summary>Computes them, for every image once.</summary>
    /// <param name="source">The images.</param>
    /// <param name="features">What sees them.</param>
    /// <param name="batchSize">Images at once: a matter of memory and speed.</param>
    /// <param name="report">
    /// Called after each batch with the images done; of several processes, with about as many as are done by all.
    /// </param>
    /// <param name="cancellation">
    /// Looked at before each image. After it one is waited for two seconds more: a read may hang.
    /// </param>
    /// <param name="collective">
    /// Processes that share out the batches, with the same images each; all of them call this, and all have the whole, to rounding that of
    /// one process. Null: this one alone.
    /// </param>
    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="DataException">There are no images, or they are latents.</exception>
    /// <exception cref="EvaluationException">The network doesn't take such images, or a feature is no finite number.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static FeatureStatistics Of(
        IImageSource source, FeatureNetwork features, int batchSize = 64, Action<int>? report = null,
        CancellationToken cancellation = default, ICollective? collective = null)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        SourceChecks.RequirePictures(source);
        var ranks = collective ?? new SingleProcess();
        FeatureStatistics? statistics = null;
        var done = 0;
        try
        {
            foreach (var images in InOrder(source, batchSize, ranks.Rank, ranks.Size, cancellation))
            {
                using var scope = NewDisposeScope();
                using var read = images;
                cancellation.ThrowIfCancellationRequested();
                var batch = features.Extract(images);
                statistics ??= new FeatureStatistics((int)batch.shape[1]);
                statistics.Add(batch);
                done += (int)images.shape[0];
                report?.Invoke(Math.Min(source.Count, done * ranks.Size));
            }

            if (source.Count == 0)
                throw new DataException($"There are no images to count: {source.Description}.");
            if (ranks.Size > 1)
            {
                // Fewer batches than processes leave some of these without.
                var width = ranks.Gather(statistics?.Features ?? 0).Max(row => row[0]);
                statistics ??= new FeatureStatistics((int)width);
                statistics.Join(ranks);
            }
            return statistics!;
        }
        catch
        {
            statistics?.Dispose();
            throw;
        }
    }

    /// <summary>
    /// The same, read from <paramref name="folder"/> where these images were seen by this network before, and written there otherwise, or
    /// where the file is damaged.
    /// </summary>
    /// <param name="source">The images; <see cref="Fingerprint"/> tells whether they are the same.</param>
    /// <param name="features">What sees them; <see cref="FeatureNetwork.Hash"/> tells whether it is the same.</param>
    /// <param name="folder">Made where it is missing.</param>
    /// <param name="batchSize">As in <see cref="Of"/>.</param>
    /// <param name="report">As in <see cref="Of"/>; not called where they are read.</param>
    /// <param name="cancellation">As in <see cref="Of"/>.</param>
    /// <param name="collective">As in <see cref="Of"/>. Rank 0 alone looks into the folder and writes there.</param>
    /// <param name="unkept">Told why they can't be kept in the folder; they are returned all the same.</param>
    /// <returns>The caller's to dispose.</returns>
    /// <exception cref="ArgumentException">The folder's path is null or empty.</exception>
    public static FeatureStatistics Cached(
        IImageSource source, FeatureNetwork features, string folder, int batchSize = 64, Action<int>? report = null,
        CancellationToken cancellation = default,
        ICollective? collective = null, Action<string>? unkept = null)
    {
        FileNames.RequireFolder(folder, nameof(folder));
        var ranks = collective ?? new SingleProcess();
        var path = ranks.Rank == 0 ? PathOf(source, features, folder, cancellation) : null;
        var kept = path is null ? null : Kept(path);
        if (ranks.Gather(kept is null ? 0 : 1)[0][0] == 1)
            return FeatureStatistics.Share(kept, ranks);

        var statistics = Of(source, features, batchSize, report, cancellation, ranks);
        try
        {
            if (path is null)
                return statistics;
            AtomicFile.Try(path);
            statistics.Save(
                path, new Dictionary<string, string> { ["images"] = source.Description, ["features"] = features.Description });
        }
        catch (IOException error)
        {
            unkept?.Invoke(error.Message);
        }
        return statistics;
    }

    private static string PathOf(IImageSource source, FeatureNetwork features, string folder, CancellationToken cancellation)
    {
        var key = $"{features.Hash} {Fingerprint.Of(source, cancellation)}";
        return Path.Combine(folder, $"{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(key)))[..32]}.safetensors");
    }

    private static FeatureStatistics? Kept(string path)
    {
        try
        {
            return File.Exists(path) ? FeatureStatistics.Load(path, summed: true) : null;
        }
        catch (Exception error) when (error is UNetGenException or IOException or UnauthorizedAccessException)
        {
            // Damaged, or not to be read: what it held can be had again, and takes its place.
            return null;
        }
    }

    /// <summary>
    /// Every image once, by its number: [batch, channels, height, width], float32, on the CPU; the receiver's to dispose. Of several
    /// processes each has its turns.
    /// </summary>
    /// <exception cref="OperationCanceledException">Cancelled; a read that hangs is left to itself.</exception>
    internal static IEnumerable<Tensor> InOrder(
        IImageSource source, int batchSize, int rank = 0, int ranks = 1, CancellationToken cancellation = default)
    {
        var pixels = new float[checked(Math.Min(batchSize, source.Count) * source.PixelCount())];
        for (var first = rank * batchSize; first < source.Count; first += ranks * batchSize)
        {
            var (start, size) = (first, Math.Min(batchSize, source.Count - first));
            var read = Task.Run(() => Read(source, start, pixels.AsSpan(0, size * source.PixelCount()), cancellation), default);
            var filled = Patience.Await(read, cancellation);
            // Made here: a tensor belongs to the dispose scope of the thread that makes it.
            var images = empty([size, source.Channels, source.Height, source.Width], ScalarType.Float32, CPU);
            MemoryMarshal.AsBytes(pixels.AsSpan(0, filled)).CopyTo(images.bytes);
            yield return images;
        }
    }

    private static int Read(IImageSource source, int first, Span<float> images, CancellationToken cancellation)
    {
        var length = source.PixelCount();
        for (var i = 0; i * length < images.Length; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            source.Read(first + i, images.Slice(i * length, length));
        }
        return images.Length;
    }
}
