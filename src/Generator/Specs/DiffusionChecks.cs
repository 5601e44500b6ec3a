using System.Globalization;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the network predicts what the diffusion reads, and whether its noise grows as it can.</summary>
internal static class DiffusionChecks
{
    private const string Variance = "diffusion.variance", Objective = "diffusion.objective", Timesteps = "diffusion.timesteps";

    public static void Check(SpecReading reading)
    {
        CheckVariance(reading);
        CheckObjective(reading);
        CheckSchedule(reading);
    }

    private static void CheckVariance(SpecReading reading)
    {
        var spec = reading.Spec;
        if (!reading.Knows("learned_variance") || !reading.AreCertain(Variance))
            return;
        if (spec.LearnedVariance && spec.Variance != Specs.Variance.LearnedRange)
        {
            reading.Report(Rules.LearnedVariance, Variance,
                $"learned_variance: true predicts the variance, and variance: {SpecWords.SnakeCase(spec.Variance.ToString())} would ignore it; use variance: learned_range, or learned_variance: false");
        }
        else if (!spec.LearnedVariance && spec.Variance == Specs.Variance.LearnedRange)
        {
            reading.Report(Rules.LearnedVariance, Variance, "variance: learned_range reads what the network predicts; use learned_variance: true, or variance: fixed_small");
        }
    }

    private static void CheckObjective(SpecReading reading)
    {
        if (reading.Knows("learned_variance", Objective) && reading.Spec is { LearnedVariance: true, Diffusion.Objective: Specs.Objective.V })
        {
            reading.Report(Rules.LearnedVariance, Objective,
                "learned_variance goes with objective: noise or x0, for which its loss is defined (Nichol and Dhariwal 2021); use one of them, or learned_variance: false");
        }
    }

    private static void CheckSchedule(SpecReading reading)
    {
        const double lastBeta = 0.02;
        var diffusion = reading.Spec.Diffusion;
        var last = lastBeta * 1000 / diffusion.Timesteps;
        if (reading.Knows(Timesteps, "diffusion.schedule", "diffusion.schedule_scaling") && diffusion is { Schedule: BetaSchedule.Linear, ScheduleScaling: true } && last >= 1)
        {
            reading.Report(Rules.Schedule, Timesteps,
                $"the last beta would be 0.02 * 1000 / {diffusion.Timesteps} = {last.ToString("0.###", CultureInfo.InvariantCulture)}, and must be below 1; use at least 21 timesteps, schedule_scaling: false or schedule: cosine");
        }
    }
}
