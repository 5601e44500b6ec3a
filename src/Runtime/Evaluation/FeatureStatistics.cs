using System.Globalization;
using System.Security.Cryptography;
using UNetGen.Distributed;
using UNetGen.Interop;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Evaluation;

/// <summary>
/// Mean and covariance of features, gathered batch by batch in float64 and so in memory that doesn't grow with the number of images.
/// Batches are joined by the pairwise update of Chan, Golub and LeVeque (1979), which loses no digits where the mean is far from 0.
/// </summary>
public sealed class FeatureStatistics : IDisposable
{
    private const string MeanKey = "mean";
    private const string DeviationsKey = "squared_deviations";
    private const string CountKey = "count";
    private const string SumKey = "unetgen.sha256";

    /// <summary>The most features that an image can have: their covariance takes 2 GiB, and its eigenvalues hours.</summary>
    public const int MostFeatures = 16384;

    // A distance multiplies covariances, so has fourth powers and sums of them: of these float64 holds them. Float32 ends far below.
    private const double MostMagnitude = 1e60;

    private readonly Lock turn = new();
    private readonly Tensor mean;
    private readonly Tensor deviations;

    /// <summary>Begins with no images.</summary>
    /// <param name="features">Features an image has, from 1 to <see cref="MostFeatures"/>.</param>
    /// <exception cref="EvaluationException">They are more, or none.</exception>
    public FeatureStatistics(int features)
    {
        RequireCount(features, "A feature network");
        // What is made in inference mode couldn't be added to outside of it.
        using var usual = inference_mode(false);
        mean = zeros([features], ScalarType.Float64, CPU).DetachFromDisposeScope();
        deviations = zeros([features, features], ScalarType.Float64, CPU).DetachFromDisposeScope();
        Features = features;
    }

    private FeatureStatistics(long count, Tensor mean, Tensor deviations) =>
        (Count, Features, this.mean, this.deviations) = (count, (int)mean.shape[0], mean, deviations);

    /// <exception cref="EvaluationException">There are no features, or more than their covariance has memory for.</exception>
    internal static void RequireCount(long features, string network)
    {
        if (features is < 1 or > MostFeatures)
            throw new EvaluationException(string.Create(CultureInfo.InvariantCulture,
                $"{network} gives {features:N0} features an image, but a distance needs from 1 to {MostFeatures:N0}: their covariance takes the square of their number in memory, here {8.0 * features * features / (1 << 30):N1} GiB."));
    }

    /// <summary>Images so far.</summary>
    public long Count { get; private set; }

    /// <summary>Features an image has.</summary>
    public int Features { get; }

    /// <summary>Adds a batch.</summary>
    /// <param name="features">[batch, features], any floating type, on any device.</param>
    /// <exception cref="ArgumentException">
    /// They have another shape, are whole or complex numbers, or have none: they are disposed, sparse, or on the device meta.
    /// </exception>
    /// <exception cref="EvaluationException">One of them is no finite number, or lies beyond 1e60.</exception>
    /// <exception cref="ObjectDisposedException">The statistics are disposed.</exception>
    public void Add(Tensor features)
    {
        ObjectDisposedException.ThrowIf(mean.IsInvalid, this);
        ReadableTensor.Require(features);
        if (!features.is_floating_point())
            throw new ArgumentException(
                $"Features are of a floating type, but these are {features.dtype}: convert them.", nameof(features));
        if (features.dim() != 2 || features.shape[1] != Features)
            throw new ArgumentException(
                $"Expected features [batch, {Features}], got [{string.Join(", ", features.shape)}].", nameof(features));
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var added = features.shape[0];
        if (added == 0)
            return;
        var values = features.detach().to(ScalarType.Float64).cpu();
        if (!AreWithin(values, MostMagnitude))
            throw new EvaluationException(string.Create(CultureInfo.InvariantCulture,
                $"A feature among images {Count:N0} to {Count + added - 1:N0} is no finite number, or lies beyond {MostMagnitude:0e+0}: "
                    + $"their distance would be no number either."));

        lock (turn)
            Include(values);
    }

    private void Include(Tensor values)
    {
        ObjectDisposedException.ThrowIf(mean.IsInvalid, this);
        var added = values.shape[0];
        var batchMean = values.mean([0]);
        var centred = values - batchMean;
        var difference = batchMean - mean;
        var total = Count + added;
        using var weight = Number.Once((double)Count * added / total);
        using var share = Number.Once((double)added / total);
        deviations.add_(centred.t().matmul(centred), Number.One).add_(outer(difference, difference) * weight, Number.One);
        mean.add_(difference * share, Number.One);
        Count = total;
    }

    /// <summary>
    /// Joins what several processes have gathered, each of images of its own, by the same update; all have the whole afterwards.
    /// </summary>
    /// <param name="collective">The processes; all of them call this, also one that has no images.</param>
    internal void Join(ICollective collective)
    {
        using var scope = NewDisposeScope();
        var total = collective.Gather(Count).Sum(row => row[0]);
        using var share = Number.Once((double)Count / total);
        var whole = mean * share;
        collective.AllReduce(whole);
        var difference = mean - whole;
        deviations.add_(outer(difference, difference) * Number.Of(Count), Number.One);
        collective.AllReduce(deviations);
        mean.copy_(whole);
        Count = total;
    }

    /// <summary>Gives all processes what rank 0 has, to the bit.</summary>
    /// <param name="own">Rank 0's; null elsewhere.</param>
    /// <param name="collective">The processes; all of them call this.</param>
    internal static FeatureStatistics Share(FeatureStatistics? own, ICollective collective)
    {
        var (features, count) = collective.Gather(own?.Features ?? 0, own?.Count ?? 0)[0] is [var first, var second]
            ? ((int)first, second)
            : default;
        own ??= new FeatureStatistics(features) { Count = count };
        collective.Broadcast(own.mean, 0);
        collective.Broadcast(own.deviations, 0);
        return own;
    }

    /// <summary>The features' mean, [features], float64; the caller's.</summary>
    /// <exception cref="ObjectDisposedException">The statistics are disposed.</exception>
    public Tensor Mean()
    {
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(mean.IsInvalid, this);
            return mean.clone();
        }
    }

    /// <summary>Their covariance, unbiased (over n - 1), [features, features], float64; the caller's.</summary>
    /// <exception cref="EvaluationException">Fewer than two images.</exception>
    /// <exception cref="ObjectDisposedException">The statistics are disposed.</exception>
    public Tensor Covariance()
    {
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(mean.IsInvalid, this);
            return Count > 1
                ? deviations / Number.Of(Count - 1)
                : throw new EvaluationException($"A covariance needs at least 2 images, but there {(Count == 1 ? "is 1" : "are none")}.");
        }
    }

    /// <summary>Writes them as safetensors, whole or not at all.</summary>
    /// <param name="path">Where to.</param>
    /// <param name="metadata">What the file says besides.</param>
    /// <exception cref="ObjectDisposedException">They are disposed.</exception>
    public void Save(string path, IReadOnlyDictionary<string, string>? metadata = null)
    {
        lock (turn)
        {
            ObjectDisposedException.ThrowIf(mean.IsInvalid, this);
            using var count = tensor(new[] { Count }, ScalarType.Int64);
            var said =
                new Dictionary<string, string>(metadata ?? new Dictionary<string, string>()) { [SumKey] = SumOf(mean, deviations, count) };
            SafetensorsFile.Write(path, [new(MeanKey, mean), new(DeviationsKey, deviations), new(CountKey, count)], said);
        }
    }

    /// <summary>Reads what <see cref="Save"/> has written.</summary>
    /// <exception cref="SafetensorsException">The file isn't valid.</exception>
    /// <exception cref="EvaluationException">It holds something else.</exception>
    public static FeatureStatistics Load(string path)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        return Load(path, summed: false);
    }

    /// <param name="path">Where from.</param>
    /// <param name="summed">Whether a file without a sum, as earlier versions wrote it, is refused.</param>
    internal static FeatureStatistics Load(string path, bool summed)
    {
        using var scope = NewDisposeScope();
        using var usual = inference_mode(false);
        var (tensors, metadata) = SafetensorsFile.Read(path);
        if (!tensors.TryGetValue(MeanKey, out var mean) || !tensors.TryGetValue(DeviationsKey, out var deviations) || !tensors.TryGetValue(
            CountKey, out var count)
            || mean.dtype != ScalarType.Float64 || deviations.dtype != ScalarType.Float64 || count.dtype != ScalarType.Int64
            || mean.dim() != 1 || mean.shape[0] is < 1 or > MostFeatures || count.numel() != 1 || count.item<long>() < 0
            || !AreWithin(mean, MostMagnitude)
            || !AreWithin(deviations, 4 * MostMagnitude * MostMagnitude * Math.Max(1, count.item<long>()))
            || !deviations.shape.SequenceEqual([mean.shape[0], mean.shape[0]]))
        {
            throw new EvaluationException(
                $"{path} holds no statistics of features: those are, in finite numbers, {MeanKey} float64 [n], {DeviationsKey} float64 [n, "
                    + $"n] and {CountKey} int64 [1].");
        }

        if (metadata.TryGetValue(SumKey, out var sum) ? sum != SumOf(mean, deviations, count) : summed)
            throw new EvaluationException($"{path} isn't as it was written: its numbers don't have the sum that it names.");
        return new FeatureStatistics(count.item<long>(), mean.DetachFromDisposeScope(), deviations.DetachFromDisposeScope());
    }

    // Of no NaN either.
    private static bool AreWithin(Tensor numbers, double most)
    {
        using var bound = Number.Once(most);
        return numbers.abs().le(bound).all().item<bool>();
    }

    // A flipped byte leaves a valid file, and another distance.
    private static string SumOf(Tensor mean, Tensor deviations, Tensor count)
    {
        using var sum = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var numbers in new[] { mean, deviations, count })
            sum.AppendData(numbers.bytes);
        return Convert.ToHexStringLower(sum.GetHashAndReset());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (turn)
        {
            mean.Dispose();
            deviations.Dispose();
        }
    }
}
