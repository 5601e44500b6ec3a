using System.Globalization;

namespace UNetGen.Diffusion;

/// <summary>
/// What a diffusion is in plain numbers: how much of the image and how much noise there is at each time, x_t = image x_0 + noise epsilon.
/// Samplers need no more, and ask a <see cref="DiffusionProcess"/> for clean images. Times are numbers of the diffusion's own measure;
/// they fall from noise to image.
/// </summary>
public abstract class NoiseLevels
{
    private protected NoiseLevels()
    {
    }

    /// <summary>The time of the clean image.</summary>
    public abstract double Clean { get; }

    /// <summary>How much of image and noise there is.</summary>
    /// <param name="time">Of the images; <see cref="Clean"/> too.</param>
    /// <exception cref="ArgumentOutOfRangeException">The diffusion has no such time; so of the numbers below.</exception>
    public abstract NoiseLevel At(double time);

    /// <summary>In which variables the diffusion's ODE is solved.</summary>
    /// <param name="time">Of the images, not <see cref="Clean"/>.</param>
    public abstract OdeVariables OdeAt(double time);

    /// <summary>What the network is given at a time, and what its prediction says of the clean image.</summary>
    /// <param name="time">Of the images, not <see cref="Clean"/>.</param>
    public abstract Preconditioning PreconditioningAt(double time);

    /// <summary>How much the squared error of what the network predicts counts in the training loss.</summary>
    /// <param name="time">Of the image.</param>
    public abstract double LossWeightAt(double time);

    /// <summary>The numbers of a diffusion.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">The options give none.</exception>
    public static NoiseLevels Of(DiffusionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        DiffusionOptions.CheckWord(options.Type, nameof(options.Type));
        return options.Type switch
        {
            DiffusionType.Flow => new FlowLevels(options),
            DiffusionType.Edm => new EdmLevels(options),
            _ => new NoiseSchedule(options),
        };
    }

    /// <summary>Whether a network can be asked at a time.</summary>
    /// <param name="time">Any number.</param>
    internal abstract bool CanBeAskedAt(double time);

    /// <summary>The times at which a network can be asked, as "from 0 to 1".</summary>
    internal abstract string AskedTimes { get; }

    /// <summary>A time at which a network can be asked.</summary>
    private protected double Asked(double time) => CanBeAskedAt(time) ? time : throw new ArgumentOutOfRangeException(
        nameof(time), string.Create(CultureInfo.InvariantCulture, $"The times of this diffusion are {AskedTimes}, and not {time}."));

    /// <summary>The same, or that of the clean image.</summary>
    private protected double AskedOrClean(double time) => time == Clean ? time : Asked(time);

    /// <summary>
    /// The deviation of the noise that a drawing begins with: what the images are taken for that have only noise to them.
    /// </summary>
    /// <param name="time">The first.</param>
    internal virtual double DeviationAtFirst(double time) => 1;

    /// <summary>How the diffusion goes on from one time to a noisier one: x = image x + noise epsilon.</summary>
    /// <param name="time">Of the images.</param>
    /// <param name="noisier">The time to go to.</param>
    internal NoiseLevel Between(double time, double noisier)
    {
        var (now, then) = (At(time), At(noisier));
        var left = then.Image / now.Image;
        return new(left, Math.Sqrt(then.Noise * then.Noise - left * left * now.Noise * now.Noise));
    }

    /// <summary>The time of an image in training.</summary>
    /// <param name="first">Random bits.</param>
    /// <param name="second">More of them, for who needs them.</param>
    internal abstract double TimeOf(ulong first, ulong second);

    /// <summary>The time at which the noise is so many times what it was in proportion to the image, as far as there is one.</summary>
    /// <param name="time">Of the images.</param>
    /// <param name="factor">At least 1.</param>
    /// <param name="isFractional">Of a DDPM, whether times between timesteps will do.</param>
    internal abstract double Raised(double time, double factor, bool isFractional);

    /// <summary>A number between 0 and 1, neither of them, evenly distributed.</summary>
    private protected static double Uniform(ulong bits) => ((bits >> 11) + 0.5) / (1L << 53);

    /// <summary>A standard normal number (Box and Muller 1958).</summary>
    private protected static double Normal(ulong first, ulong second) =>
        Math.Sqrt(-2 * Math.Log(Uniform(first))) * Math.Cos(2 * Math.PI * Uniform(second));
}

/// <summary>How much of image and noise there is in x_t = image x_0 + noise epsilon.</summary>
/// <param name="Image">The factor of the clean image.</param>
/// <param name="Noise">The standard deviation of the noise.</param>
public readonly record struct NoiseLevel(double Image, double Noise)
{
    /// <summary>EDM's sigma: noise in proportion to the image.</summary>
    public double Sigma => Noise / Image;
}

/// <summary>
/// How a network stands in the estimate of the clean image, x_0 = Skip x + Out F(In x, Timestep): Karras et al. 2022, eq. 7, for any
/// diffusion.
/// </summary>
/// <param name="In">What images are multiplied with for the network, EDM's c_in.</param>
/// <param name="Timestep">What the network is told of the time, EDM's c_noise.</param>
/// <param name="Skip">Of the images in the estimate, EDM's c_skip.</param>
/// <param name="Out">Of the network's prediction in the estimate, EDM's c_out.</param>
public readonly record struct Preconditioning(double In, double Timestep, double Skip, double Out);

/// <summary>
/// The variables of a diffusion's ODE, dy / dtau = (y - x_0) / tau with y = x / scale: Karras et al. 2022, eq. 4, for a diffusion that
/// scales its images, where tau is EDM's sigma.
/// </summary>
/// <param name="Scale">Of the images.</param>
/// <param name="Tau">What is integrated over; 0 at the clean image.</param>
public readonly record struct OdeVariables(double Scale, double Tau);
