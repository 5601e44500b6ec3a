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
    /// <param name="source">The images. Those whose files turn out broken are left out: another that stood in for one would count twice.</param>
    /// <param name="features">What sees them.</param>
    /// <param name="batchSize">Images at once, at least 1: a matter of memory and speed.</param>
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
    /// <exception cref="DataException">
    /// There are no images, or none that can be read, or they are latents, or the source says a shape that none can have.
    /// </exception>
    /// <exception cref="EvaluationException">
    /// The network doesn't take such images, or gives something else than [batch, features] of a floating type, or a feature is no finite
    /// number.
    /// </exception>
    /// <exception cref="RanksDifferException">
    /// The processes have other images, feature networks or batches; the message names what differs, and the ranks.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">There is to be no image at once.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static FeatureStatistics Of(
        IImageSource source, FeatureNetwork features, int batchSize = 64, Action<int>? report = null,
        CancellationToken cancellation = default, ICollective? collective = null)
    {
        var ranks = collective ?? new SingleProcess();
        Require(source, features, batchSize, ranks);
        return Gathered(source, features, batchSize, report, cancellation, ranks);
    }

    private static FeatureStatistics Gathered(
        IImageSource source, FeatureNetwork features, int batchSize, Action<int>? report, CancellationToken cancellation, ICollective ranks)
    {
        FeatureStatistics? statistics = null;
        var done = 0;
        try
        {
            foreach (var batch in WholeImages.InOrder(source, batchSize, ranks.Rank, ranks.Size, cancellation))
            {
                using (NewDisposeScope())
                using (batch.Images)
                {
                    cancellation.ThrowIfCancellationRequested();
                    var seen = features.FeaturesOf(batch.Images, statistics?.Features);
                    statistics ??= new FeatureStatistics((int)seen.shape[1]);
                    statistics.Add(seen);
                    done += batch.Numbers.Count;
                }
                report?.Invoke(Math.Min(source.Count, done * ranks.Size));
            }

            // Fewer batches than processes leave some of these without.
            var width = ranks.Gather(statistics?.Features ?? 0).Max(row => row[0]);
            WholeImages.RequireSome(source, width > 0);
            statistics ??= new FeatureStatistics((int)width);
            if (ranks.Size > 1)
                statistics.Join(ranks);
            return statistics;
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
    /// <exception cref="ArgumentOutOfRangeException">As of <see cref="Of"/>.</exception>
    /// <exception cref="DataException">As of <see cref="Of"/>, or the source's classes are null.</exception>
    /// <exception cref="EvaluationException">As of <see cref="Of"/>, or the network has no hash to keep them by.</exception>
    /// <exception cref="RanksDifferException">As of <see cref="Of"/>.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static FeatureStatistics Cached(
        IImageSource source, FeatureNetwork features, string folder, int batchSize = 64, Action<int>? report = null,
        CancellationToken cancellation = default,
        ICollective? collective = null, Action<string>? unkept = null)
    {
        FileNames.RequireFolder(folder, nameof(folder));
        var ranks = collective ?? new SingleProcess();
        Require(source, features, batchSize, ranks);
        var path = ranks.Rank == 0 ? PathOf(source, features, folder, cancellation) : null;
        var kept = path is null ? null : Kept(path);
        if (ranks.Gather(kept is null ? 0 : 1)[0][0] == 1)
            return FeatureStatistics.Share(kept, ranks);

        var statistics = Gathered(source, features, batchSize, report, cancellation, ranks);
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

    private static void Require(IImageSource source, FeatureNetwork features, int batchSize, ICollective ranks)
    {
        ArgumentNullException.ThrowIfNull(source);
        ArgumentNullException.ThrowIfNull(features);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batchSize);
        SourceChecks.RequirePictures(source);
        // What is compared may take a look at all images.
        if (ranks.Size == 1)
            return;
        RanksDifferException.ThrowUnlessSame(
            ranks, "The ranks aren't to measure the same images", "Start all of them with the same images and feature network.",
        [
            .. source.Identity.Facts,
            RankFact.Text("the feature network", features.Hash),
            RankFact.Number("the batch size", batchSize),
        ]);
    }

    private static string PathOf(IImageSource source, FeatureNetwork features, string folder, CancellationToken cancellation)
    {
        // Without one, all such networks would be taken for one.
        if (string.IsNullOrEmpty(features.Hash))
            throw new EvaluationException(
                $"{features.Description} has no hash, by which its statistics are kept: let it give one, or keep none.");
        var key = $"{features.Hash} {Fingerprint.Of(source, cancellation)}";
        // Known now that all were read: the same pixels without them are other images.
        var broken = string.Join(',', Enumerable.Range(0, source.Count).Where(index => source.BrokenFile(index) is not null));
        if (broken.Length > 0)
            key += $" without {broken}";
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
}
