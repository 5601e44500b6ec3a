using CsCheck;
using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Diffusion;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>Whatever both sides can say survives diffusers' files.</summary>
public sealed class DiffusersModelLaws
{
    /// <summary>As far as schedulers know of them.</summary>
    private static readonly Gen<DiffusionOptions> Continuous =
        from flows in Gen.Bool
        from shift in Gen.Double[0.1, 10]
        from sigmas in Gen.Select(Gen.Double[0.1, 2], Gen.Double[1e-3, 0.5], Gen.Double[1, 500])
        select flows
            ? new DiffusionOptions { Type = DiffusionType.Flow, Shift = shift }
            : new DiffusionOptions
            {
                Type = DiffusionType.Edm,
                SigmaData = sigmas.Item1,
                SigmaMin = sigmas.Item2,
                SigmaMax = sigmas.Item3,
            };

    private static readonly Gen<DiffusionOptions> Ddpms =
        from timesteps in Gen.Int[21, 4000]
        from schedule in Gen.OneOf(BetaSchedule.Linear, BetaSchedule.ScaledLinear, BetaSchedule.Cosine)
        from scaling in Gen.Bool
        from betas in Gen.Select(Gen.Double[1e-5, 1e-3], Gen.Double[1e-2, 0.9])
        from hasBetas in Gen.Bool
        from objective in Gen.OneOf(Objective.Noise, Objective.X0)
        from rescales in Gen.Bool
        from clips in Gen.Bool
        from variance in Gen.OneOf(Variance.FixedSmall, Variance.FixedLarge, Variance.LearnedRange)
            // At a thousand timesteps both scalings are one, and scaled betas of other ends come back as they are.
        let isScaled = schedule != BetaSchedule.Linear || timesteps == 1000 || (scaling && !hasBetas)
        // Of many timesteps large betas would leave less of the image than float32 holds.
        let ends = hasBetas && schedule != BetaSchedule.Cosine
            ? (betas.Item1, Math.Min(betas.Item2, 80.0 / timesteps))
            : (SpecDefaults.Diffusion.BetaStart, SpecDefaults.Diffusion.BetaEnd)
        let learnsLast = rescales && objective == Objective.X0
        select new DiffusionOptions
        {
            Timesteps = timesteps,
            Schedule = schedule,
            ScheduleScaling = isScaled,
            BetaStart = ends.Item1,
            BetaEnd = ends.Item2,
            ScheduleRescale = learnsLast ? ScheduleRescale.ZeroTerminalSnr : ScheduleRescale.None,
            LossWeight = learnsLast ? LossWeight.Plain : LossWeight.None,
            Objective = objective,
            Variance = variance,
            ClipSample = clips,
        };

    private static readonly Gen<DiffusersModel> Models =
        from levels in Gen.Int[1, 4]
        from multipliers in Gen.Int[1, 4].Array[levels]
        from height in Gen.Int[1, 4]
        from width in Gen.Int[1, 4]
        from attention in Gen.Bool.Array[levels]
        from bits in Gen.Bool.Array[7]
        from headDim in Gen.OneOf<int?>(null, 2, 4)
        from words in Gen.Select(
            Gen.Enum<Activation>(), Gen.OneOf("conv", "conv_asymmetric", "resblock"), Gen.OneOf("nearest_conv", "resblock"))
        from numbers in Gen.Select(Gen.Int[1, 6], Gen.Int[1, 512], Gen.Double[1e-9, 1e-2], Gen.Double[0, 0.9])
        from classes in Gen.Int[1, 1000]
        from diffusion in Gen.OneOf(Ddpms, Ddpms, Continuous)
        let block = Enumerable.Range(0, levels).Select(level => level == 0 ? 8 : 8 * multipliers[level]).ToArray()
        select new DiffusersModel
        {
            Height = height << (levels - 1),
            Width = width << (levels - 1),
            Channels = numbers.Item1,
            Widths = block,
            TimeEmbDim = numbers.Item2,
            BlocksPerLevel = numbers.Item1,
            Groups = 8,
            NormEps = numbers.Item3,
            Activation = words.Item1,
            Dropout = Math.Round(numbers.Item4, 6), // none that float32 makes 0
            Order = bits[0] ? SinusoidOrder.CosSin : SinusoidOrder.SinCos,
            FreqShift = bits[1] ? 1 : 0,
            Conditioning = bits[2] ? TimeConditioning.ScaleShift : TimeConditioning.Add,
            Attention = attention,
            AttentionInTheMiddle = bits[3],
            HeadDim = bits[3] || attention.Any(attends => attends) ? headDim : null,
            Downsample = levels == 1 ? DiffusersModel.DefaultDownsample : words.Item2,
            Upsample = levels == 1 ? DiffusersModel.DefaultUpsample : words.Item3,
            LearnedVariance = diffusion.Variance == Variance.LearnedRange,
            NumClasses = bits[4] ? classes : null,
            Diffusion = diffusion,
        };

    [Fact]
    public void A_model_that_is_written_and_read_is_the_same()
    {
        using var folder = new TemporaryFolder();
        Models.Sample(model =>
        {
            var reasons = new List<string>();
            File.WriteAllText(folder.File("scheduler.json"), ModelToConfigs.Scheduler(model.Diffusion).ToJsonString());
            File.WriteAllText(folder.File("unet.json"), ModelToConfigs.UNet(model).ToJsonString());
            var read = ModelFromConfigs.Read(
                ConfigFile.Read(folder.File("unet.json"), reasons),
                DiffusionFromConfig.Read(ConfigFile.Read(folder.File("scheduler.json"), reasons)));
            Assert.Empty(reasons);
            // Records compare their lists by reference.
            Assert.Equal(model.Widths, read!.Widths);
            Assert.Equal(model.Attention, read.Attention);
            Assert.Equal(model, read with { Widths = model.Widths, Attention = model.Attention });
        }, iter: 300, threads: 1);
    }
}
