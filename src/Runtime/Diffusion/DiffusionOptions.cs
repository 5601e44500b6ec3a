using System.Globalization;

namespace UNetGen.Diffusion;

/// <summary>What the way from image to noise is.</summary>
public enum DiffusionType
{
    /// <summary>Noise comes in timesteps, by a schedule (Ho et al. 2020): <see cref="GaussianDiffusion"/>.</summary>
    Ddpm,

    /// <summary>A straight line from image to noise (Liu et al. 2022; Lipman et al. 2022): <see cref="RectifiedFlow"/>.</summary>
    Flow,

    /// <summary>Noise of any deviation is added (Karras et al. 2022): <see cref="Diffusion.Edm"/>.</summary>
    Edm,
}

/// <summary>How a flow's training draws its times.</summary>
public enum TimestepSampling
{
    /// <summary>Their logits are normally distributed (Esser et al. 2024, eq. 19): the middle more often than the ends.</summary>
    LogitNormal,

    /// <summary>All alike.</summary>
    Uniform,

    /// <summary>The middle more often, and the ends less but not never (Esser et al. 2024, eq. 20).</summary>
    Mode,
}

/// <summary>How a flow's loss weighs times, as diffusers' training scripts name it.</summary>
public enum WeightingScheme
{
    /// <summary>All alike.</summary>
    None,

    /// <summary>1 / t^2: the least noise counts most.</summary>
    SigmaSqrt,

    /// <summary>2 / (pi (1 - 2 t + 2 t^2)) (Esser et al. 2024, eq. 21): the middle twice as much as the ends.</summary>
    Cosmap,
}

/// <summary>How fast the noise grows with the timestep.</summary>
public enum BetaSchedule
{
    /// <summary>Betas in even steps, from 1e-4 to 0.02 unless others are given (Ho et al. 2020).</summary>
    Linear,

    /// <summary>alpha-bar as a squared cosine, s = 0.008, betas clipped to 0.999 (Nichol and Dhariwal 2021, eq. 17).</summary>
    Cosine,

    /// <summary>alpha-bar as a sigmoid from -3 to 3, tau 1 (Jabri et al. 2022).</summary>
    Sigmoid,

    /// <summary>Square roots of betas in even steps, from sqrt(1e-4) to sqrt(0.02) unless other betas are given.</summary>
    ScaledLinear,
}

/// <summary>What is done to a schedule's betas.</summary>
public enum ScheduleRescale
{
    /// <summary>Nothing.</summary>
    None,

    /// <summary>
    /// alpha-bar's roots are shifted and scaled so that the last is 0 and the first stays: nothing is left of the image at the last
    /// timestep (Lin et al. 2023, algorithm 1). It goes with <see cref="Objective.V"/> and <see cref="Objective.X0"/>, and with
    /// <see cref="LossWeight.Plain"/>.
    /// </summary>
    ZeroTerminalSnr,
}

/// <summary>What the network predicts.</summary>
public enum Objective
{
    /// <summary>The noise in x_t (Ho et al. 2020).</summary>
    Noise,

    /// <summary>The clean image.</summary>
    X0,

    /// <summary>sqrt(alpha-bar) noise - sqrt(1 - alpha-bar) x_0 (Salimans and Ho 2022).</summary>
    V,
}

/// <summary>How timesteps are weighted against each other in the loss.</summary>
public enum LossWeight
{
    /// <summary>Every timestep as its noise prediction would weigh: noise 1, x_0 snr, v snr / (snr + 1).</summary>
    None,

    /// <summary>The same with snr clipped from above (Hang et al. 2023).</summary>
    MinSnr,

    /// <summary>Every timestep weighs 1, whatever is predicted.</summary>
    Plain,
}

/// <summary>The variance of an ancestral step.</summary>
public enum Variance
{
    /// <summary>beta-tilde, the true posterior's for a single image (Ho et al. 2020, eq. 7).</summary>
    FixedSmall,

    /// <summary>beta (Ho et al. 2020, section 3.2).</summary>
    FixedLarge,

    /// <summary>Between the two, by a factor that the network predicts for each value (Nichol and Dhariwal 2021, eq. 15).</summary>
    LearnedRange,
}

/// <summary>
/// The diffusion that a network is made for: the <c>diffusion:</c> part of its spec. It travels with the network. Each property counts for
/// the type that it names; those that name none are a DDPM's.
/// </summary>
public sealed record DiffusionOptions
{
    /// <summary>What the way from image to noise is.</summary>
    public DiffusionType Type { get; init; }

    /// <summary>Steps from image to noise.</summary>
    public int Timesteps { get; init; } = SpecDefaults.Diffusion.Timesteps;

    /// <summary>How fast the noise grows.</summary>
    public BetaSchedule Schedule { get; init; } = BetaSchedule.Linear;

    /// <summary>Linear betas are multiplied by 1000 / <see cref="Timesteps"/>, so that fewer steps end as noisy.</summary>
    public bool ScheduleScaling { get; init; } = SpecDefaults.Diffusion.ScheduleScaling;

    /// <summary>The first beta of <see cref="BetaSchedule.Linear"/> and <see cref="BetaSchedule.ScaledLinear"/>, in (0, 1).</summary>
    public double BetaStart { get; init; } = SpecDefaults.Diffusion.BetaStart;

    /// <summary>Their last beta, from <see cref="BetaStart"/> to below 1.</summary>
    public double BetaEnd { get; init; } = SpecDefaults.Diffusion.BetaEnd;

    /// <summary>What is done to the schedule's betas.</summary>
    public ScheduleRescale ScheduleRescale { get; init; } = ScheduleRescale.None;

    /// <summary>What the network predicts.</summary>
    public Objective Objective { get; init; } = Objective.Noise;

    /// <summary>How the loss weighs timesteps.</summary>
    public LossWeight LossWeight { get; init; } = LossWeight.None;

    /// <summary>Where <see cref="LossWeight.MinSnr"/> clips.</summary>
    public double MinSnrGamma { get; init; } = SpecDefaults.Diffusion.MinSnrGamma;

    /// <summary>The variance of ancestral steps.</summary>
    public Variance Variance { get; init; } = Variance.FixedSmall;

    /// <summary>
    /// Whether estimates of the clean image are clipped to [-1, 1] where nothing else is asked for: not those of latents, which have no
    /// such bounds. Of a flow and of EDM nothing is clipped in any case, as their references have it.
    /// </summary>
    public bool ClipSample { get; init; } = SpecDefaults.Diffusion.ClipSample;

    /// <summary>Of a flow: how training draws its times.</summary>
    public TimestepSampling TimestepSampling { get; init; }

    /// <summary>Of a flow: the mean of a time's logit under <see cref="TimestepSampling.LogitNormal"/>; above 0 for more noise.</summary>
    public double LogitMean { get; init; } = SpecDefaults.Diffusion.LogitMean;

    /// <summary>Of a flow: the standard deviation of a time's logit under <see cref="TimestepSampling.LogitNormal"/>.</summary>
    public double LogitStd { get; init; } = SpecDefaults.Diffusion.LogitStd;

    /// <summary>
    /// Of a flow: the s of <see cref="TimestepSampling.Mode"/>, from -1 to below 1.7519; above 0 the middle is drawn more often.
    /// </summary>
    public double ModeScale { get; init; } = SpecDefaults.Diffusion.ModeScale;

    /// <summary>Of a flow: how the loss weighs times.</summary>
    public WeightingScheme WeightingScheme { get; init; }

    /// <summary>
    /// Of a flow: times of training and of drawing are moved to shift t / (1 + (shift - 1) t) (Esser et al. 2024, eq. 23), above 1 towards
    /// noise.
    /// </summary>
    public double Shift { get; init; } = SpecDefaults.Diffusion.Shift;

    /// <summary>Of EDM: the mean of ln sigma in training.</summary>
    public double PMean { get; init; } = SpecDefaults.Diffusion.PMean;

    /// <summary>Of EDM: the standard deviation of ln sigma in training.</summary>
    public double PStd { get; init; } = SpecDefaults.Diffusion.PStd;

    /// <summary>Of EDM: the images' standard deviation.</summary>
    public double SigmaData { get; init; } = SpecDefaults.Diffusion.SigmaData;

    /// <summary>Of EDM: the least noise from which is drawn.</summary>
    public double SigmaMin { get; init; } = SpecDefaults.Diffusion.SigmaMin;

    /// <summary>Of EDM: the most noise, with which drawing begins.</summary>
    public double SigmaMax { get; init; } = SpecDefaults.Diffusion.SigmaMax;

    /// <summary>Whether estimates of the clean image are clipped to [-1, 1] where nothing else is asked for.</summary>
    internal bool ClipsEstimates => Type == DiffusionType.Ddpm && ClipSample;

    /// <exception cref="UNetGenException">The diffusion is of another type.</exception>
    internal void RequireType(DiffusionType type)
    {
        if (Type != type)
            throw new UNetGenException(
                $"What is made here is of a diffusion of type {type}, but these options are of type {Type}: take "
                    + $"{nameof(DiffusionProcess)}.{nameof(DiffusionProcess.Of)} or {nameof(NoiseLevels)}.{nameof(NoiseLevels.Of)}.");
    }

    /// <exception cref="UNetGenException">A word isn't one of its kind.</exception>
    internal static void CheckWord<T>(T word, string option) where T : struct, Enum
    {
        if (!Enum.IsDefined(word))
            throw new UNetGenException($"`{option}` must be one of {string.Join(", ", Enum.GetNames<T>())}, but is {word}.");
    }

    /// <exception cref="UNetGenException">The number isn't positive, or none that float32 holds.</exception>
    internal static void CheckPositive(double number, string option)
    {
        if (!Float32.IsPositive(number))
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture, $"`{option}` must be {Float32.Range}, but is {number}."));
    }

    /// <exception cref="UNetGenException">The number is less than one or more than the other.</exception>
    internal static void CheckBetween(double number, double least, double most, string option)
    {
        if (!(number >= least && number <= most))
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture, $"`{option}` must be a number from {least} to {most}, but is {number}."));
    }
}
