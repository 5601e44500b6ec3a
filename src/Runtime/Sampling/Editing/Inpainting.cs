using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// RePaint (Lugmayr et al. 2022, algorithm 1): a part of a picture is drawn so that it fits the rest. Before each step but the first, which
/// takes noise alone, the known pixels are put in, noised to the step's time. Every so many steps the images are noised again by as many,
/// so that what was painted and what is known come to fit. At the end the known pixels are the picture's own, to the bit.
/// </summary>
/// <remarks>
/// The paper's steps are ancestral: <c>AncestralSampler</c>, or <c>DdimSampler</c> of eta 1 with <c>Linspace</c>, which are its own
/// respaced ones. Other eta are drawn as well; samplers that build on other steps refuse.
/// </remarks>
public sealed class Inpainting : PictureEdit
{
    /// <summary>Paints where a mask says.</summary>
    /// <param name="pictures">
    /// [1 or more, channels, height, width], float32 in [-1, 1], on any device; image i is made of picture i modulo their number.
    /// </param>
    /// <param name="mask">[1 or as many, 1, height, width], float32: 1 is to be painted, 0 known.</param>
    /// <exception cref="ArgumentException">One of them has no numbers: it is disposed, sparse, or on the device meta.</exception>
    public Inpainting(Tensor pictures, Tensor mask)
    {
        ReadableTensor.Require(pictures);
        ReadableTensor.Require(mask);
        (Pictures, Mask) = (pictures, mask);
    }

    /// <summary>The pictures.</summary>
    public Tensor Pictures { get; }

    /// <summary>1 where pixels are to be painted, 0 where they are known.</summary>
    public Tensor Mask { get; }

    /// <summary>After how many steps the images are noised again, and by how many: the paper's jump_length, at least 1.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less.</exception>
    public int JumpLength
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), FormattableString.Invariant($"A jump has at least 1 step, not {value}."));
    } = 10;

    /// <summary>How often each part of the way is drawn: the paper's jump_n_sample, at least 1. 1 draws every step once.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is less.</exception>
    public int JumpSamples
    {
        get;
        init => field = value >= 1
            ? value
            : throw new ArgumentOutOfRangeException(nameof(value), FormattableString.Invariant($"Each part is drawn at least once, not {value} times."));
    } = 10;

    /// <inheritdoc/>
    public override string Description =>
        $"inpainting, jumps of {Counted.Of(JumpLength, "step")}, {Counted.Of(JumpSamples, "sample")} each";

    internal override bool PutsIn => true;

    internal override IEnumerable<(string Name, string Sha256)> Hashes => [("pictures", HashOf(Pictures)), ("mask", HashOf(Mask))];

    internal override void Check(NetworkInfo info)
    {
        Require(Pictures, "pictures", info, info.Channels);
        Require(Mask, "mask", info, channels: 1);
        if (Mask.shape[0] != 1 && Mask.shape[0] != Pictures.shape[0])
            throw new UNetGenException(
                $"There are {Counted.Of(Pictures.shape[0], "picture")} and {Counted.Of(Mask.shape[0], "mask")}: give one mask for all, or "
                    + "one for each.");
        RequireNumbers(Mask, "mask's pixels", info);
        using var known = KnownAlone();
        RequireNumbers(known, "pictures", info);
    }

    internal override void CheckBounds(NetworkInfo info)
    {
        using var known = KnownAlone();
        RequireBounded(known, "pictures", info);
    }

    /// <summary>RePaint's list of times (get_schedule_jump in its code) of a sampler's own.</summary>
    internal override IReadOnlyList<double> Walk(IReadOnlyList<double> times)
    {
        var steps = times.Count - 1;
        var walk = new List<double>();
        var left = new int[steps];
        for (var start = 0; start < steps - JumpLength; start += JumpLength)
            left[start] = JumpSamples - 1;
        // Counted in steps from the clean image: the last step begins at 0.
        for (var at = steps - 1; at >= 0; at--)
        {
            walk.Add(Time(at));
            if (left[at] == 0)
                continue;
            left[at]--;
            for (var jumped = 0; jumped < JumpLength; jumped++)
                walk.Add(Time(++at));
        }
        return [.. walk, times[^1]];

        double Time(int at) => times[steps - 1 - at];
    }

    internal override Tensor Before(EditedBatch batch, Tensor x, double time)
    {
        using var noise = batch.Noise();
        return Joined(batch, batch.Noised(batch.Of(Pictures, x), time, noise), x);
    }

    internal override Tensor End(EditedBatch batch, Tensor x)
    {
        using var scope = NewDisposeScope();
        return Joined(batch, batch.Of(Pictures, x), x).DetachFromDisposeScope();
    }

    private Tensor Joined(EditedBatch batch, Tensor known, Tensor x) => where(IsPainted(batch.Of(Mask, x)), x, known);

    /// <summary>The pictures but for what is painted over, which may be anything, as NaN where nothing is known.</summary>
    private Tensor KnownAlone()
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        return Pictures.masked_fill(IsPainted(Mask).to(Pictures.device), Number.Of(0)).MoveToOuterDisposeScope();
    }

    private static Tensor IsPainted(Tensor mask) => mask.gt(Number.Of(0.5));
}
