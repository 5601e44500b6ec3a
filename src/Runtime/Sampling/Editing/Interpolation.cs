using System.Globalization;
using System.Text.RegularExpressions;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// Pictures between two (Ho et al. 2020, section 4.4): both are noised to a time on a sampler's way, mixed there, and drawn from there.
/// Image i is frame i modulo their number of strip i divided by it. All frames of a strip have the same noise, also on their way, and the
/// same class: strip j has noise and class of image j of other drawings.
/// </summary>
public sealed partial class Interpolation : NoisedEdit
{
    // As many as a folder of samples is told of.
    internal const int MostFrames = 100_000;

    private readonly float[] shares;

    /// <summary>Frames at even distances, both ends among them.</summary>
    /// <param name="first">
    /// Where strips begin, [1 or more, channels, height, width], float32 in [-1, 1]; strip j takes j modulo these.
    /// </param>
    /// <param name="second">Where they end, of the same shape: as many, which is looked at when it is drawn.</param>
    /// <param name="frames">Frames of a strip, from 2 to 100,000.</param>
    /// <param name="strength">The share of the steps that is drawn, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">Fewer frames, or more, or a strength outside.</exception>
    /// <exception cref="ArgumentException">A picture has no numbers: it is disposed, sparse, or on the device meta.</exception>
    public Interpolation(Tensor first, Tensor second, int frames, double strength)
        : this(first, second, EvenShares(frames), strength)
    {
    }

    /// <summary>Frames with shares of one's own.</summary>
    /// <param name="first">As in the other constructor.</param>
    /// <param name="second">As there.</param>
    /// <param name="shares">How much of the second picture each frame has, from 0 to 1.</param>
    /// <param name="strength">As there.</param>
    /// <exception cref="ArgumentOutOfRangeException">No share, one outside [0, 1], or a strength outside.</exception>
    /// <exception cref="ArgumentException">A picture has no numbers: it is disposed, sparse, or on the device meta.</exception>
    public Interpolation(Tensor first, Tensor second, IReadOnlyList<float> shares, double strength) : base(strength)
    {
        ReadableTensor.Require(first);
        ReadableTensor.Require(second);
        ArgumentNullException.ThrowIfNull(shares);
        if (shares.Count == 0 || shares.Any(share => share is not (>= 0 and <= 1)))
            throw new ArgumentOutOfRangeException(nameof(shares), "Each frame needs a share of the second picture, from 0 to 1.");
        (First, Second, this.shares) = (first, second, [.. shares]);
    }

    /// <summary>Where strips begin.</summary>
    public Tensor First { get; }

    /// <summary>Where strips end.</summary>
    public Tensor Second { get; }

    /// <summary>How much of the second picture each frame has.</summary>
    public IReadOnlyList<float> Shares => shares;

    /// <summary>
    /// Whether both ends are noised with noise of their own, as in denoising-diffusion-pytorch. Frames in the middle then have less noise
    /// than the network expects, at worst 0.71 of it, and come out smoother; with the same noise they have all of it.
    /// </summary>
    public bool OwnNoise { get; init; }

    /// <inheritdoc/>
    public override string Description =>
        $"between pictures, {Counted.Of(shares.Length, "frame")}, {Settings}{(OwnNoise ? ", noise of their own" : "")}";

    internal override IEnumerable<(string Name, string Sha256)> Hashes
    {
        get
        {
            using var mixed = tensor(shares);
            return [("pictures", HashOf(First, Second, mixed))];
        }
    }

    internal override int NumberOf(int image) => image / shares.Length;

    /// <summary>How many frames a strip has whose edit describes itself so; null: it is none.</summary>
    internal static int? FramesIn(string? description) =>
        description is not null && Described().Match(description) is { Success: true } match
        && int.TryParse(match.Groups[1].ValueSpan, NumberStyles.AllowThousands, CultureInfo.InvariantCulture, out var frames)
            ? frames
            : null;

    [GeneratedRegex("^between pictures, ([0-9,]+) frames?,")]
    private static partial Regex Described();

    internal override void Check(NetworkInfo info)
    {
        Require(First, "first picture", info, info.Channels);
        Require(Second, "second picture", info, info.Channels);
        if (First.shape[0] != Second.shape[0])
            throw new UNetGenException(
                $"Each strip has two ends, but there are {Counted.Of(First.shape[0], "first picture")} and {Second.shape[0]} second: give as "
                    + "many of both.");
        RequireNumbers(First, "first pictures", info);
        RequireNumbers(Second, "second pictures", info);
    }

    internal override void CheckBounds(NetworkInfo info)
    {
        RequireBounded(First, "first pictures", info);
        RequireBounded(Second, "second pictures", info);
    }

    internal override Tensor Begin(EditedBatch batch, double time)
    {
        using var noise = batch.Noise();
        using var other = OwnNoise ? batch.Noise() : null;
        using var scope = NewDisposeScope();
        var a = batch.Noised(batch.Of(First, noise, shares.Length), time, noise);
        var b = batch.Noised(batch.Of(Second, noise, shares.Length), time, other ?? noise);
        var share = tensor(
            Enumerable.Range(batch.FirstImage, (int)noise.shape[0]).Select(image => shares[image % shares.Length]).ToArray(),
            [noise.shape[0], 1, 1, 1], device: noise.device);
        return a.add(share * (b - a), Number.One).DetachFromDisposeScope();
    }

    private static float[] EvenShares(int frames) => frames is >= 2 and <= MostFrames
        ? [.. Enumerable.Range(0, frames).Select(frame => frame / (frames - 1f))]
        : throw new ArgumentOutOfRangeException(
            nameof(frames),
            FormattableString.Invariant($"A strip has from its two ends to {MostFrames:N0} frames, but {frames} is asked for."));
}
