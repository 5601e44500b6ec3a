namespace UNetGen.Generator.Specs;

internal sealed record DiffusionSpec
{
    public DiffusionType Type { get; init; }

    public int Timesteps { get; init; } = SpecDefaults.Diffusion.Timesteps;

    public BetaSchedule Schedule { get; init; }

    public bool ScheduleScaling { get; init; } = SpecDefaults.Diffusion.ScheduleScaling;

    public double BetaStart { get; init; } = SpecDefaults.Diffusion.BetaStart;

    public double BetaEnd { get; init; } = SpecDefaults.Diffusion.BetaEnd;

    public ScheduleRescale ScheduleRescale { get; init; }

    public Objective Objective { get; init; }

    public LossWeight? GivenLossWeight { get; init; }

    public LossWeight LossWeight =>
        GivenLossWeight ?? (ScheduleRescale == ScheduleRescale.ZeroTerminalSnr ? LossWeight.Plain : LossWeight.None);

    public double MinSnrGamma { get; init; } = SpecDefaults.Diffusion.MinSnrGamma;

    public Variance? GivenVariance { get; init; }

    public bool ClipSample { get; init; } = SpecDefaults.Diffusion.ClipSample;

    public FlowSpec Flow { get; init; } = new();

    public EdmSpec Edm { get; init; } = new();
}

/// <summary>What a diffusion of type flow says.</summary>
internal sealed record FlowSpec
{
    public TimestepSampling TimestepSampling { get; init; }

    public double LogitMean { get; init; } = SpecDefaults.Diffusion.LogitMean;

    public double LogitStd { get; init; } = SpecDefaults.Diffusion.LogitStd;

    public double ModeScale { get; init; } = SpecDefaults.Diffusion.ModeScale;

    public double Shift { get; init; } = SpecDefaults.Diffusion.Shift;

    public WeightingScheme WeightingScheme { get; init; }
}

/// <summary>What a diffusion of type edm says.</summary>
internal sealed record EdmSpec
{
    public double PMean { get; init; } = SpecDefaults.Diffusion.PMean;

    public double PStd { get; init; } = SpecDefaults.Diffusion.PStd;

    public double SigmaData { get; init; } = SpecDefaults.Diffusion.SigmaData;

    public double SigmaMin { get; init; } = SpecDefaults.Diffusion.SigmaMin;

    public double SigmaMax { get; init; } = SpecDefaults.Diffusion.SigmaMax;
}
