using System.Globalization;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>Whether the network predicts what the diffusion reads, and whether its noise grows as it can.</summary>
internal static class DiffusionChecks
{
    private const string Type = "diffusion.type", Variance = "diffusion.variance", Objective = "diffusion.objective";
    private const string Timesteps = "diffusion.timesteps", Schedule = "diffusion.schedule", Scaling = "diffusion.schedule_scaling";
    private const string Start = "diffusion.beta_start", End = "diffusion.beta_end", Rescale = "diffusion.schedule_rescale";
    private const string LossWeight = "diffusion.loss_weight", SigmaMin = "diffusion.sigma_min", SigmaMax = "diffusion.sigma_max";

    public static void Check(CheckContext context)
    {
        CheckVariance(context);
        CheckObjective(context);
        CheckSchedule(context);
        CheckRescale(context);
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
        if (!context.Knows(Type, Schedule, End)
            || diffusion is not { Type: DiffusionType.Ddpm, Schedule: BetaSchedule.Linear or BetaSchedule.ScaledLinear })
            return;
        if (context.Knows(Start) && diffusion.BetaStart > diffusion.BetaEnd)
        {
            var (start, end) = (SpecWords.Number(diffusion.BetaStart), SpecWords.Number(diffusion.BetaEnd));
            context.Report(Rules.Schedule, context.Keys.Has(Start) ? Start : End,
                $"betas would fall from beta_start {start} to beta_end {end}; use beta_start: {end} or less, or beta_end: {start} or more");
        }

        var last = SpecLimits.LastScaledBeta(diffusion.Timesteps, diffusion.BetaEnd);
        if (context.Knows(Timesteps, Scaling)
            && diffusion is { Schedule: BetaSchedule.Linear, ScheduleScaling: true }
            && last >= SpecLimits.NearlyOne)
        {
            context.Report(Rules.Schedule, Timesteps,
                $"the last beta would be {SpecWords.Number(diffusion.BetaEnd)} * 1000 / {diffusion.Timesteps} = "
                + $"{last.ToString("0.###", CultureInfo.InvariantCulture)}, and must be below 1; use {Text.OneOf(WaysBelowOne(diffusion))}");
        }
        else
        {
            CheckSignal(context);
        }
    }

    /// <summary>What mends scaled betas that end above 1, and leaves a signal.</summary>
    private static IEnumerable<string> WaysBelowOne(DiffusionSpec diffusion)
    {
        var enough = (int)SpecLimits.TimestepsFor(diffusion.BetaEnd);
        yield return LeaveSignal(enough, areScaled: true) ? $"at least {enough} timesteps" : "a lower beta_end";
        if (LeaveSignal(diffusion.Timesteps, areScaled: false))
            yield return "schedule_scaling: false";
        yield return "schedule: cosine";

        bool LeaveSignal(int timesteps, bool areScaled) =>
            LinearBetas.FirstWithoutSignal(LinearBetas.Of(timesteps, diffusion.BetaStart, diffusion.BetaEnd, areScaled)) is null;
    }

    private static void CheckSignal(CheckContext context)
    {
        var diffusion = context.Spec.Diffusion;
        var isLinear = diffusion.Schedule == BetaSchedule.Linear;
        if (!context.Knows(Timesteps, Start) || isLinear && !context.Knows(Scaling) || diffusion.BetaStart > diffusion.BetaEnd)
            return;
        var (timesteps, start, end) = (diffusion.Timesteps, diffusion.BetaStart, diffusion.BetaEnd);
        var isScaled = isLinear && diffusion.ScheduleScaling;
        var betas = isLinear ? LinearBetas.Of(timesteps, start, end, isScaled) : LinearBetas.OfRoots(timesteps, start, end);
        if (LinearBetas.FirstWithoutSignal(betas) is { } lost)
            context.Report(Rules.Schedule, context.Keys.First(End, Start, Timesteps, Scaling, Schedule),
                $"betas from {SpecWords.Number(start)} to {SpecWords.Number(end)} leave of the image less than "
                + $"{SpecWords.Number(LinearBetas.LeastSignal)}, the least that float32 holds, from timestep {lost} of {timesteps} on; lower "
                + (isScaled ? "beta_end or beta_start" : "beta_end, beta_start or timesteps"));
    }

    /// <summary>The last timestep is noise alone: it must be one that a network can learn from, and that counts.</summary>
    private static void CheckRescale(CheckContext context)
    {
        var diffusion = context.Spec.Diffusion;
        if (!context.Knows(Type, Rescale)
            || diffusion is not { Type: DiffusionType.Ddpm, ScheduleRescale: ScheduleRescale.ZeroTerminalSnr })
            return;
        if (context.Knows(Timesteps) && diffusion.Timesteps == 1)
        {
            context.Report(Rules.Schedule, Rescale,
                "schedule_rescale: zero_terminal_snr keeps the first timestep as it is and leaves nothing of the image at the last one; "
                + "use at least 2 timesteps, or schedule_rescale: none");
        }

        if (!context.Knows(Objective))
            return;
        if (diffusion.Objective == Specs.Objective.Noise)
        {
            context.Report(Rules.LastTimestep, Rescale,
                "at the last timestep there would be nothing but noise, and with objective: noise the network would say nothing of the "
                + "image there; use objective: v or x0, or schedule_rescale: none");
        }
        else if (context.Knows(LossWeight) && diffusion.LossWeight != Specs.LossWeight.Plain)
        {
            context.Report(Rules.LastTimestep, LossWeight,
                $"loss_weight: {SpecWords.SnakeCase(diffusion.LossWeight.ToString())} weighs the last timestep by its signal, which is 0, "
                + "so that it would never be trained, and every picture starts there; use loss_weight: plain, or schedule_rescale: none");
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
