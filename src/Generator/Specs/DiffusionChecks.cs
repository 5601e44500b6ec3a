using System.Globalization;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the network predicts what the diffusion reads, and whether its noise grows as it can.</summary>
internal static class DiffusionChecks
{
    private const string Variance = "diffusion.variance", Objective = "diffusion.objective", Timesteps = "diffusion.timesteps",
        Type = "diffusion.type", SigmaMin = "diffusion.sigma_min", SigmaMax = "diffusion.sigma_max";

    public static void Check(CheckContext context)
    {
        CheckVariance(context);
        CheckObjective(context);
        CheckSchedule(context);
        CheckSigmas(context);
    }

    private static void CheckVariance(CheckContext context)
    {
        var spec = context.Spec;
        if (!context.Knows("learned_variance", Type) || !context.AreCertain(Variance))
            return;
        if (spec.Diffusion.Type != DiffusionType.Ddpm)
        {
            if (spec.LearnedVariance)
                context.Report(Rules.LearnedVariance, Type,
                    $"learned_variance: true predicts the variance of a DDPM's steps, and type: "
                        + $"{SpecWords.SnakeCase(spec.Diffusion.Type.ToString())} has no such steps; "
                    + "use learned_variance: false, or type: ddpm");
            return;
        }
        if (spec.LearnedVariance && spec.Variance != Specs.Variance.LearnedRange)
        {
            context.Report(Rules.LearnedVariance, Variance,
                $"learned_variance: true predicts the variance, and variance: {SpecWords.SnakeCase(spec.Variance.ToString())} would "
                    + "ignore it; "
                + "use variance: learned_range, or learned_variance: false");
        }
        else if (!spec.LearnedVariance && spec.Variance == Specs.Variance.LearnedRange)
        {
            context.Report(Rules.LearnedVariance, Variance,
                "variance: learned_range reads what the network predicts; use learned_variance: true, or variance: fixed_small");
        }
    }

    private static void CheckObjective(CheckContext context)
    {
        if (context.Knows("learned_variance", Objective, Type)
            && context.Spec is { LearnedVariance: true, Diffusion: { Type: DiffusionType.Ddpm, Objective: Specs.Objective.V } })
        {
            context.Report(Rules.LearnedVariance, Objective,
                "learned_variance goes with objective: noise or x0, for which its loss is defined (Nichol and Dhariwal 2021); "
                + "use one of them, or learned_variance: false");
        }
    }

    private static void CheckSchedule(CheckContext context)
    {
        var diffusion = context.Spec.Diffusion;
        var last = SpecLimits.LastScaledBeta(diffusion.Timesteps);
        if (context.Knows(Type, Timesteps, "diffusion.schedule", "diffusion.schedule_scaling")
            && diffusion is { Type: DiffusionType.Ddpm, Schedule: BetaSchedule.Linear, ScheduleScaling: true }
            && last >= 1)
        {
            context.Report(Rules.Schedule, Timesteps,
                $"the last beta would be 0.02 * 1000 / {diffusion.Timesteps} = {last.ToString("0.###", CultureInfo.InvariantCulture)}, "
                + "and must be below 1; use at least 21 timesteps, schedule_scaling: false or schedule: cosine");
        }
    }

    private static void CheckSigmas(CheckContext context)
    {
        var diffusion = context.Spec.Diffusion;
        if (context.Knows(Type, SigmaMin, SigmaMax)
            && diffusion is { Type: DiffusionType.Edm, Edm: var edm } && edm.SigmaMin >= edm.SigmaMax)
            context.Report(Rules.Schedule, context.Keys.First(SigmaMin, SigmaMax),
                $"the noise falls from sigma_max {SpecWords.Number(edm.SigmaMax)} to sigma_min {SpecWords.Number(edm.SigmaMin)}, "
                    + "which must be less; the defaults are "
                + $"sigma_max: {SpecWords.Number(SpecDefaults.Diffusion.SigmaMax)} and "
                    + $"sigma_min: {SpecWords.Number(SpecDefaults.Diffusion.SigmaMin)}");
    }
}
