using System.Globalization;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Sampling.Editing;

/// <summary>
/// What a drawing makes of pictures, where it doesn't begin from noise alone: <see cref="FromPictures"/>, <see cref="Inpainting"/> and
/// <see cref="Interpolation"/>. An edit says through which of a sampler's times a drawing goes, with what it begins, and what it puts in on
/// the way; it knows a diffusion's times and how pictures are noised to one, and no sampler. Its tensors stay the caller's.
/// </summary>
public abstract class PictureEdit
{
    // Of what a sampler has drawn, far below half a byte's step.
    private const float BoundSlack = 1e-3f;

    private protected PictureEdit()
    {
    }

    /// <summary>What is done, in words, without the pictures.</summary>
    public abstract string Description { get; }

    /// <summary>Whether pixels are put in on the way, which not every sampler can do with.</summary>
    internal virtual bool PutsIn => false;

    /// <summary>The pictures by what they are, for a record of what was edited: their hashes.</summary>
    internal abstract IEnumerable<(string Name, string Sha256)> Hashes { get; }

    /// <summary>Refuses pictures that aren't of the network's shape, or hold what is no number of a picture or a latent.</summary>
    /// <exception cref="UNetGenException">They are of another shape or type, or not finite.</exception>
    internal abstract void Check(NetworkInfo info);

    /// <summary>Refuses what no picture holds, of a network that draws in [-1, 1]: latents have no such bounds.</summary>
    /// <exception cref="UNetGenException">Values lie outside.</exception>
    internal abstract void CheckBounds(NetworkInfo info);

    /// <summary>The number that an image has its noise and its class by.</summary>
    internal virtual int NumberOf(int image) => image;

    /// <summary>The times that the drawing goes through; where one is noisier than that before it, the images are noised to it.</summary>
    /// <param name="times">A sampler's, falling, the clean image's at the end.</param>
    /// <exception cref="UNetGenException">The edit leaves no step of so few.</exception>
    internal abstract IReadOnlyList<double> Walk(IReadOnlyList<double> times);

    /// <summary>The images at the walk's first time, a new tensor; null: those of a drawing from noise alone.</summary>
    internal virtual Tensor? Begin(EditedBatch batch, double time) => null;

    /// <summary>The images that a step but the first is to take, at its time.</summary>
    internal virtual Tensor Before(EditedBatch batch, Tensor x, double time) => x;

    /// <summary>What the images are at the end, a new tensor; null: as they are.</summary>
    internal virtual Tensor? End(EditedBatch batch, Tensor x) => null;

    /// <exception cref="UNetGenException">
    /// A tensor isn't float32 [any number, channels, height, width], or was disposed after the edit was made of it.
    /// </exception>
    private protected static void Require(Tensor pictures, string name, NetworkInfo network, long channels)
    {
        if (ReadableTensor.FaultOf(pictures) is { } fault)
            throw new UNetGenException($"The tensor of the {name} for {network.Name} {fault}.");
        long[] one = [channels, network.ImageHeight, network.ImageWidth];
        if (pictures.dim() != 4 || pictures.shape[0] < 1 || !pictures.shape[1..].SequenceEqual(one) || pictures.dtype != ScalarType.Float32)
            throw new UNetGenException(
                $"The {name} for {network.Name} must be Float32 [1 or more, {string.Join(", ", one)}], but got {pictures.dtype} "
                    + $"[{string.Join(", ", pictures.shape)}].");
    }

    /// <summary>What a drawing is given mustn't be taken for weights that are ruined.</summary>
    /// <exception cref="UNetGenException">A number isn't finite, or lies where no encoder's do.</exception>
    private protected static void RequireNumbers(Tensor pictures, string name, NetworkInfo network)
    {
        if (EncodedRange.FaultIn(pictures) is { } fault)
            throw new UNetGenException($"The {name} for {network.Name} hold {fault}: whatever has made them has failed.");
    }

    /// <exception cref="UNetGenException">A value lies outside of [-1, 1], by more than what rounding makes.</exception>
    internal static void RequireBounded(Tensor pictures, string name, NetworkInfo network)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var (low, high) = (pictures.min().item<float>(), pictures.max().item<float>());
        if (low < -1 - BoundSlack || high > 1 + BoundSlack)
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture,
                $"The {name} for {network.Name}, which draws values in [-1, 1], hold values from {low} to {high}: bytes become such by "
                    + $"v / 127.5 - 1, and what is drawn without clipping by a clamp."));
    }

    private protected static string HashOf(params Tensor[] pictures) =>
        Convert.ToHexStringLower(StateDict.Hash(pictures.Select((tensor, index) => ($"{index}", tensor))));
}

/// <summary>One batch of an edited drawing.</summary>
/// <param name="Process">Makes noise of images.</param>
/// <param name="Noise">Gives fresh standard normal noise, [batch, channels, height, width].</param>
/// <param name="FirstImage">The number of the batch's first image.</param>
internal readonly record struct EditedBatch(DiffusionProcess Process, Func<Tensor> Noise, int FirstImage)
{
    /// <summary>The pictures that the images of a batch belong to by their numbers, in turn; one alone stands for all.</summary>
    public Tensor Of(Tensor pictures, Tensor images, int imagesEach = 1)
    {
        if (pictures.shape[0] == 1)
            return pictures.to(images.device);
        var first = FirstImage;
        using var index = tensor(
            Enumerable.Range(0, (int)images.shape[0]).Select(i => (first + i) / imagesEach % pictures.shape[0]).ToArray(),
            device: pictures.device);
        return pictures.index_select(0, index).to(images.device);
    }

    /// <summary>Pictures, as many as the noise or a single one for all, noised to a time.</summary>
    public Tensor Noised(Tensor pictures, double time, Tensor noise)
    {
        using var t = Process.Times(noise, time);
        using var each = pictures.expand(noise.shape);
        return Process.QSample(each, t, noise);
    }

    /// <summary>Images at a time noised on to a noisier one, as the diffusion itself goes there.</summary>
    public Tensor Raised(Tensor x, double time, double noisier)
    {
        var (left, added) = Process.Levels.Between(time, noisier);
        return (Number.Of(left) * x).add(Number.Of(added) * Noise(), Number.One);
    }
}
