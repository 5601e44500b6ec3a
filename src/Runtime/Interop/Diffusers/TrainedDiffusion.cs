using System.Text.Json.Nodes;
using UNetGen.Diffusion;

namespace UNetGen.Interop.Diffusers;

/// <summary>A scheduler's diffusion with what only training knows of it, from the spec that the weights were trained by.</summary>
internal static class TrainedDiffusion
{
    /// <param name="said">What the scheduler says, which counts.</param>
    /// <param name="spec">The weights'. One of another type than the scheduler has nothing to add.</param>
    public static DiffusionOptions Of(DiffusionOptions said, EffectiveSpec spec)
    {
        var type = spec.Find("diffusion.type") is null ? DiffusionType.Ddpm : spec.Word<DiffusionType>("diffusion.type");
        if (type != said.Type)
            return said;
        return type switch
        {
            DiffusionType.Flow => said with
            {
                TimestepSampling = spec.Word<TimestepSampling>("diffusion.timestep_sampling"),
                LogitMean = RealOr(said.LogitMean, "diffusion.logit_mean"),
                LogitStd = RealOr(said.LogitStd, "diffusion.logit_std"),
                ModeScale = RealOr(said.ModeScale, "diffusion.mode_scale"),
                WeightingScheme = spec.Find("diffusion.weighting_scheme") is null
                    ? said.WeightingScheme
                    : spec.Word<WeightingScheme>("diffusion.weighting_scheme"),
            },
            DiffusionType.Edm => said with { PMean = spec.Real("diffusion.p_mean"), PStd = spec.Real("diffusion.p_std") },
            _ => OfDdpm(),
        };

        DiffusionOptions OfDdpm()
        {
            var weight = spec.Word<LossWeight>("diffusion.loss_weight");
            var weighed = said with
            {
                LossWeight = weight,
                MinSnrGamma = weight == LossWeight.MinSnr ? spec.Real("diffusion.min_snr_gamma") : said.MinSnrGamma,
            };
            if (spec.Find("diffusion.schedule_scaling") is not { } scaling)
                return weighed;
            // The same betas can be said scaled and not.
            var scaled = weighed with
            {
                ScheduleScaling = scaling == "true",
                BetaStart = RealOr(SpecDefaults.Diffusion.BetaStart, "diffusion.beta_start"),
                BetaEnd = RealOr(SpecDefaults.Diffusion.BetaEnd, "diffusion.beta_end"),
            };
            return JsonNode.DeepEquals(ModelToConfigs.Scheduler(scaled), ModelToConfigs.Scheduler(weighed)) ? scaled : weighed;
        }

        double RealOr(double usual, string key) => spec.Find(key) is null ? usual : spec.Real(key);
    }
}
