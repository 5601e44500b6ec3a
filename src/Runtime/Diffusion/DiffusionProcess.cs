using System.Globalization;
using System.Runtime.CompilerServices;
using TorchSharp;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// Makes noise of images, and knows what a network's predictions say of the clean ones: functions of tensors, on one device. Images are
/// [batch, channels, height, width], times [batch], in the measure of <see cref="NoiseLevels"/>. Every result is a new tensor of the
/// caller's dispose scope.
/// </summary>
/// <param name="options">A network's <c>NoisePredictor.Diffusion</c>.</param>
public abstract class DiffusionProcess(DiffusionOptions options) : IDisposable
{
    /// <summary>The diffusion's options.</summary>
    public DiffusionOptions Options { get; } = options ?? throw new ArgumentNullException(nameof(options));

    /// <summary>The diffusion in plain numbers.</summary>
    public abstract NoiseLevels Levels { get; }

    /// <summary>The process of a diffusion.</summary>
    /// <param name="options">A network's <c>NoisePredictor.Diffusion</c>.</param>
    /// <param name="device">Where images and times lie; null is the CPU.</param>
    /// <exception cref="UNetGenException">The options give no valid diffusion.</exception>
    public static DiffusionProcess Of(DiffusionOptions options, Device? device = null)
    {
        ArgumentNullException.ThrowIfNull(options);
        DiffusionOptions.CheckWord(options.Type, nameof(options.Type));
        return options.Type switch
        {
            DiffusionType.Flow => new RectifiedFlow(options),
            DiffusionType.Edm => new Edm(options),
            _ => new GaussianDiffusion(options, device),
        };
    }

    /// <summary>Noises images: x_t of the image at the image's time.</summary>
    /// <param name="x0">Clean images.</param>
    /// <param name="t">Their times.</param>
    /// <param name="noise">Standard normal, shaped like the images.</param>
    /// <exception cref="ArgumentException">
    /// The times aren't one for each image, or, on the CPU, none that the diffusion has; or images or noise are of no floating type, or of
    /// different shapes.
    /// </exception>
    public abstract Tensor QSample(Tensor x0, Tensor t, Tensor noise);

    /// <summary>What a perfect network would predict for x_t made of this image and this noise.</summary>
    /// <param name="x0">Clean images.</param>
    /// <param name="t">Their times.</param>
    /// <param name="noise">The noise in x_t.</param>
    /// <exception cref="ArgumentException">
    /// These aren't as <see cref="QSample"/> takes them; times, where the target depends on them.
    /// </exception>
    public abstract Tensor Target(Tensor x0, Tensor t, Tensor noise);

    /// <summary>The clean image that a network's prediction at x_t implies, not clipped.</summary>
    /// <param name="xt">The images that the network was asked about.</param>
    /// <param name="t">Their times.</param>
    /// <param name="prediction">What it has said, without the variance's channels.</param>
    /// <exception cref="ArgumentException">
    /// The prediction is of another shape than the images, or these or the times aren't as <see cref="QSample"/> takes them.
    /// </exception>
    public abstract Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction);

    /// <summary>
    /// The training loss: squared error of what the network predicts, its mean over each image, weighted by the image's time
    /// (<see cref="NoiseLevels.LossWeightAt"/>), its mean over the batch.
    /// </summary>
    /// <param name="prediction">What the network said of <paramref name="xt"/>.</param>
    /// <param name="x0">The clean images, in [-1, 1].</param>
    /// <param name="xt">The noised images, of <see cref="QSample"/>.</param>
    /// <param name="t">The times, [batch].</param>
    /// <param name="noise">The noise in <paramref name="xt"/>.</param>
    /// <returns>A scalar.</returns>
    /// <exception cref="ArgumentException">
    /// The prediction has other channels than that, or the images, the noise or the times aren't as <see cref="QSample"/> takes them.
    /// </exception>
    public virtual Tensor Loss(Tensor prediction, Tensor x0, Tensor xt, Tensor t, Tensor noise)
    {
        CheckTimes(t, x0);
        CheckShapes(x0, xt);
        using var scope = NewDisposeScope();
        var (mean, _) = Split(prediction, x0.shape);
        return SquaredErrors(mean, Target(x0, t, noise)).mean().MoveToOuterDisposeScope();
    }

    /// <summary>What the network is given of noised images.</summary>
    /// <param name="xt">[batch, channels, height, width].</param>
    /// <param name="t">Their times, [batch].</param>
    /// <returns>Images of the same shape, and timesteps [batch].</returns>
    public virtual (Tensor Images, Tensor Timesteps) Asked(Tensor xt, Tensor t)
    {
        ArgumentNullException.ThrowIfNull(xt);
        ArgumentNullException.ThrowIfNull(t);
        return (xt, t);
    }

    /// <summary>A network's prediction in its parts.</summary>
    /// <param name="prediction">[batch, channels or twice as many, height, width].</param>
    /// <param name="shape">The images', [batch, channels, height, width].</param>
    /// <returns>
    /// What <see cref="Target"/> is for, and what <see cref="GaussianDiffusion.LearnedLogVariance"/> takes, or null where the variance
    /// isn't learned; views, in the caller's dispose scope.
    /// </returns>
    /// <exception cref="ArgumentException">The prediction is of another shape.</exception>
    internal (Tensor Mean, Tensor? V) Split(Tensor? prediction, long[] shape)
    {
        var learned = Options.Variance == Variance.LearnedRange;
        var channels = shape[1];
        long[] expected = [shape[0], learned ? 2 * channels : channels, .. shape[2..]];
        if (prediction is null || !prediction.shape.SequenceEqual(expected))
            throw new ArgumentException(
                $"For images [{string.Join(", ", shape)}] and a variance that is {(learned ? "" : "not ")}learned a prediction is "
                    + $"[{string.Join(", ", expected)}], but got {(prediction is null ? "null" : $"[{string.Join(", ", prediction.shape)}]")}.",
                nameof(prediction));
        return learned ? (prediction.narrow(1, 0, channels), prediction.narrow(1, channels, channels)) : (prediction, null);
    }

    /// <summary>Times as a tensor, [batch], on the CPU.</summary>
    internal virtual Tensor Times(double[] times) => tensor(times, ScalarType.Float64, CPU);

    /// <summary>One time for all images, [batch], where they lie.</summary>
    internal virtual Tensor Times(Tensor images, double time) =>
        full([images.shape[0]], Number.Of(time), dtype: ScalarType.Float64, device: images.device);

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the process's tensors.</summary>
    /// <param name="disposing">Always true.</param>
    protected virtual void Dispose(bool disposing)
    {
    }

    /// <summary>
    /// Refuses times that aren't one for each image or of another type, and on the CPU, where looking waits for no device, those that the
    /// diffusion doesn't have.
    /// </summary>
    /// <param name="t">Must be [batch].</param>
    /// <param name="images">[batch, ...].</param>
    /// <param name="areWhole">Whether they must be int64; else floating point numbers.</param>
    /// <param name="imagesName">What the caller calls the images.</param>
    /// <exception cref="ArgumentException">They are others.</exception>
    private protected void CheckTimes(
        Tensor t, Tensor images, bool areWhole = false, [CallerArgumentExpression(nameof(images))] string imagesName = "")
    {
        ArgumentNullException.ThrowIfNull(t);
        ArgumentNullException.ThrowIfNull(images, imagesName);
        if (t.dim() != 1 || t.shape[0] != images.shape[0] || (areWhole ? t.dtype != ScalarType.Int64 : !t.is_floating_point()))
            throw new ArgumentException(
                $"A diffusion of type {Options.Type} takes one time per image, [{images.shape[0]}] of "
                    + $"{(areWhole ? nameof(ScalarType.Int64) : $"{ScalarType.Float64} or {ScalarType.Float32}")}, but got "
                    + $"[{string.Join(", ", t.shape)}] of {t.dtype}.",
                nameof(t));
        if (t.device_type != DeviceType.CPU)
            return;
        using var numbers = t.to(ScalarType.Float64);
        foreach (var time in numbers.data<double>())
        {
            if (!Levels.CanBeAskedAt(time))
                throw new ArgumentException(
                    string.Create(
                        CultureInfo.InvariantCulture,
                        $"The times of this diffusion, of type {Options.Type}, are {Levels.AskedTimes}, but one is {time}."),
                    nameof(t));
        }
    }

    /// <summary>Refuses what libtorch would bring to the images' shape, or round, without a word.</summary>
    /// <param name="images">[batch, channels, height, width].</param>
    /// <param name="other">Must be of the same shape.</param>
    /// <param name="name">What the caller calls that.</param>
    /// <param name="imagesName">What it calls the images.</param>
    /// <exception cref="ArgumentException">It isn't, or one of them is of no floating type.</exception>
    private protected static void CheckShapes(
        Tensor images,
        Tensor other,
        [CallerArgumentExpression(nameof(other))] string name = "",
        [CallerArgumentExpression(nameof(images))] string imagesName = "")
    {
        ArgumentNullException.ThrowIfNull(images, imagesName);
        ArgumentNullException.ThrowIfNull(other, name);
        if (!other.shape.SequenceEqual(images.shape))
            throw new ArgumentException(
                $"The images are [{string.Join(", ", images.shape)}], and `{name}` must be shaped like them, but is "
                    + $"[{string.Join(", ", other.shape)}].",
                name);
        if (!images.is_floating_point() || !other.is_floating_point())
            throw new ArgumentException(
                $"Images and `{name}` must have floating point values, images in [-1, 1], but are {images.dtype} and {other.dtype}: bytes "
                    + "become such by v / 127.5 - 1.",
                name);
    }

    /// <summary>Of each image the mean of its squared errors, [batch].</summary>
    private protected static Tensor SquaredErrors(Tensor predicted, Tensor target)
    {
        using var all = nn.functional.mse_loss(predicted, target, nn.Reduction.None);
        using var flat = all.flatten(1);
        return flat.mean([1]);
    }

    /// <summary>
    /// Numbers of float64, [batch], as timesteps: float32, and float64 beside images of it; of other images the type has too few bits.
    /// </summary>
    private protected static Tensor AsTimesteps(Tensor values, Tensor images) =>
        values.to(images.dtype == ScalarType.Float64 ? ScalarType.Float64 : ScalarType.Float32);

    /// <summary>first a + sign second b, with a factor for each image.</summary>
    private protected static Tensor Weighted(Tensor first, Tensor a, Tensor second, Tensor b, int sign = 1)
    {
        using var scope = NewDisposeScope();
        var x = first * a;
        var y = second * b;
        return (sign > 0 ? x.add(y, Number.One) : x - y).MoveToOuterDisposeScope();
    }

    /// <summary>[batch] as [batch, 1, 1, 1], and as the images' type, to be multiplied with them.</summary>
    private protected static Tensor Of(Tensor images, Tensor values) => OfImages(values.to(images.dtype), images);

    /// <summary>[batch] as [batch, 1, 1, 1].</summary>
    private protected static Tensor OfImages(Tensor values, Tensor images)
    {
        var shape = new long[images.dim()];
        Array.Fill(shape, 1);
        shape[0] = values.shape[0];
        return values.reshape(shape);
    }
}
