namespace UNetGen.Diffusion;

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

/// <summary>The diffusion that a network is made for: the <c>diffusion:</c> part of its spec. It travels with the network.</summary>
public sealed record DiffusionOptions
{
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
}
