#if NETSTANDARD
namespace UNetGen.Generator.Specs;
#else
using UNetGen.Backends;
using UNetGen.Blocks;

namespace UNetGen.Diffusion;
#endif

/// <summary>
/// What a spec means where it says nothing, as far as the runtime must know it too: the generator reads specs by it, and the runtime
/// leaves out what it says. The types of words are each
/// project's own, of the same names.
/// </summary>
internal static class SpecDefaults
{
    public const int BlocksPerLevel = 2;
    public const Activation Nonlinearity = Activation.Silu;
    public const UpsampleKind Upsample = UpsampleKind.NearestConv;

    /// <summary>Preset ddpm's.</summary>
    public static class Ddpm
    {
        public const int Groups = 32;
        public const double NormEps = 1e-6;
        public const TimeConditioning Conditioning = TimeConditioning.Add;

        /// <summary>The size of the levels that attend.</summary>
        public const int AttendedSize = 16;

        public const DownsampleKind Downsample = DownsampleKind.ConvAsymmetric;
    }

    /// <summary>Preset conditional's: diffusers' UNet2DConditionModel's, and the width of CLIP's tokens in Stable Diffusion 1.</summary>
    public static class Conditional
    {
        public const int Groups = 32;
        public const int Heads = 8;
        public const int ContextDim = 768;
        public const DownsampleKind Downsample = DownsampleKind.Conv;
    }

    /// <summary>Of all presets but adm and conditional.</summary>
    public static class TimeEmbedding
    {
        public const SinusoidOrder Order = SinusoidOrder.SinCos;
        public const int FreqShift = 1;
    }

    /// <summary>The part <c>diffusion</c>.</summary>
    public static class Diffusion
    {
        public const int Timesteps = 1000;
        public const bool ScheduleScaling = true;
        public const double MinSnrGamma = 5;
        public const bool ClipSample = true;

        /// <summary>The first of the linear schedules' betas (Ho et al. 2020).</summary>
        public const double BetaStart = 1e-4;

        /// <summary>The last of them.</summary>
        public const double BetaEnd = 0.02;

        /// <summary>Of <c>logit_normal</c>: Esser et al. 2024's choice.</summary>
        public const double LogitMean = 0;

        public const double LogitStd = 1;

        /// <summary>Of <c>mode</c>: that of diffusers' training scripts.</summary>
        public const double ModeScale = 1.29;

        public const double Shift = 1;

        /// <summary>Karras et al. 2022, table 1, as all of EDM's.</summary>
        public const double PMean = -1.2;

        public const double PStd = 1.2;
        public const double SigmaData = 0.5;
        public const double SigmaMin = 0.002;
        public const double SigmaMax = 80;
    }
}
