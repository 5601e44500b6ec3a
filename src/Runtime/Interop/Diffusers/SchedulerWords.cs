using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>What schedulers are called, and what DDPMScheduler calls things.</summary>
internal static class SchedulerWords
{
    public const string Ddpm = "DDPMScheduler";
    public const string FlowEuler = "FlowMatchEulerDiscreteScheduler";
    public const string FlowHeun = "FlowMatchHeunDiscreteScheduler";
    public const string EdmEuler = "EDMEulerScheduler";
    public const string EdmDpmSolver = "EDMDPMSolverMultistepScheduler";

    /// <summary>Without sigmoid, which there is another.</summary>
    public static readonly IReadOnlyDictionary<BetaSchedule, string> Schedules = new Dictionary<BetaSchedule, string>
    {
        [BetaSchedule.Linear] = "linear",
        [BetaSchedule.ScaledLinear] = "scaled_linear",
        [BetaSchedule.Cosine] = "squaredcos_cap_v2",
    };

    public static readonly IReadOnlyDictionary<Objective, string> Objectives = new Dictionary<Objective, string>
    {
        [Objective.Noise] = "epsilon",
        [Objective.X0] = "sample",
        [Objective.V] = "v_prediction",
    };

    public static readonly IReadOnlyDictionary<Variance, string> Variances = new Dictionary<Variance, string>
    {
        [Variance.FixedSmall] = "fixed_small",
        [Variance.FixedLarge] = "fixed_large",
        [Variance.LearnedRange] = "learned_range",
    };
}
