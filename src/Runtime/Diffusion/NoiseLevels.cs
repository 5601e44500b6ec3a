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
    public abstract NoiseLevel At(double time);

    /// <summary>In which variables the diffusion's ODE is solved.</summary>
    /// <param name="time">Of the images, not <see cref="Clean"/>.</param>
    public abstract OdeVariables OdeAt(double time);

    /// <summary>How much an image's squared error counts in the training loss.</summary>
    /// <param name="time">Of the image.</param>
    public abstract double LossWeightAt(double time);

    /// <summary>The numbers of a diffusion.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">The options give none.</exception>
    public static NoiseLevels Of(DiffusionOptions options) => new NoiseSchedule(options);

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
    internal abstract double Raised(double time, double factor);
}

/// <summary>How much of image and noise there is in x_t = image x_0 + noise epsilon.</summary>
/// <param name="Image">The factor of the clean image.</param>
/// <param name="Noise">The standard deviation of the noise.</param>
public readonly record struct NoiseLevel(double Image, double Noise);

/// <summary>
/// The variables of a diffusion's ODE, dy / dtau = (y - x_0) / tau with y = x / scale: Karras et al. 2022, eq. 4, for a diffusion that
/// scales its images, where tau is EDM's sigma.
/// </summary>
/// <param name="Scale">Of the images.</param>
/// <param name="Tau">What is integrated over; 0 at the clean image.</param>
public readonly record struct OdeVariables(double Scale, double Tau);
