using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// SDEdit (Meng et al. 2022), img2img in diffusers: a picture is noised to a time on a sampler's way and drawn from there. What is larger
/// than the noise stays, what is smaller is drawn anew. Image i is made of picture i modulo their number.
/// </summary>
public sealed class FromPictures : NoisedEdit
{
    /// <summary>Draws from pictures.</summary>
    /// <param name="pictures">[1 or more, channels, height, width], float32 in [-1, 1], on any device.</param>
    /// <param name="strength">The share of the steps that is drawn, in (0, 1].</param>
    /// <exception cref="ArgumentOutOfRangeException">The strength lies outside.</exception>
    /// <exception cref="ArgumentException">The pictures have no numbers: they are disposed, sparse, or on the device meta.</exception>
    public FromPictures(Tensor pictures, double strength) : base(strength)
    {
        ReadableTensor.Require(pictures);
        Pictures = pictures;
    }

    /// <summary>The pictures, [1 or more, channels, height, width].</summary>
    public Tensor Pictures { get; }

    /// <inheritdoc/>
    public override string Description => $"from pictures, {Settings}";

    internal override IEnumerable<(string Name, string Sha256)> Hashes => [("pictures", HashOf(Pictures))];

    internal override void Check(NetworkInfo info)
    {
        Require(Pictures, "pictures", info, info.Channels);
        RequireNumbers(Pictures, "pictures", info);
    }

    internal override void CheckBounds(NetworkInfo info) => RequireBounded(Pictures, "pictures", info);

    internal override Tensor Begin(EditedBatch batch, double time)
    {
        using var noise = batch.Noise();
        using var scope = NewDisposeScope();
        return batch.Noised(batch.Of(Pictures, noise), time, noise).DetachFromDisposeScope();
    }
}
