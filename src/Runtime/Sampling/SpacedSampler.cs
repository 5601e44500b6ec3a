using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>A sampler of a few steps, at timesteps that a spacing chooses.</summary>
public abstract class SpacedSampler : Sampler
{
    private readonly int stepsOffset;
    private readonly bool isFractional;

    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">From 1; of a DDPM to its timesteps.</param>
    /// <param name="spacing">At which times; null: as is usual for the network's diffusion.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or no spacing.</exception>
    protected SpacedSampler(int steps, TimestepSpacing? spacing)
    {
        if (steps < 1)
            throw new ArgumentOutOfRangeException(
                nameof(steps), FormattableString.Invariant($"A sampler needs at least 1 step, not {steps}."));
        if (spacing is { } given && !Enum.IsDefined(given))
            throw new ArgumentOutOfRangeException(nameof(spacing), $"There is no spacing {spacing}.");
        Steps = steps;
        Spacing = spacing;
    }

    /// <summary>
    /// How many steps it takes; with <see cref="TimestepSpacing.LogSnr"/> and <see cref="TimestepSpacing.Karras"/> fewer where timesteps
    /// would repeat.
    /// </summary>
    public int Steps { get; }

    /// <summary>
    /// At which times; null: <see cref="TimestepSpacing.Even"/> for a DDPM and a flow, <see cref="TimestepSpacing.Karras"/> for EDM, and for
    /// a DDPM under <see cref="HeunSampler"/>.
    /// </summary>
    public TimestepSpacing? Spacing { get; private set; }

    /// <summary>Of a DDPM's timesteps, where none is given.</summary>
    private protected virtual TimestepSpacing UsualSpacing => TimestepSpacing.Even;

    /// <summary>
    /// What is added to each timestep of <see cref="TimestepSpacing.Leading"/>: diffusers' steps_offset, 0 by default there too, and 1 in
    /// Stable Diffusion's settings.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative, or the spacing another.</exception>
    public int StepsOffset
    {
        get => stepsOffset;
        init => stepsOffset = value == 0 || (value > 0 && Spacing == TimestepSpacing.Leading)
            ? value
            : throw new ArgumentOutOfRangeException(
                nameof(value),
                FormattableString.Invariant(
                    $"An offset is a whole number of at least 0 for the spacing {TimestepSpacing.Leading.Word()}, but {value} is given for ")
                    + $"{Spacing?.Word() ?? "none"}.");
    }

    /// <summary>
    /// Of a DDPM under <see cref="TimestepSpacing.Karras"/>, <see cref="TimestepSpacing.LogSnr"/> and
    /// <see cref="TimestepSpacing.Linspace"/>: whether the network is asked at times between timesteps, where ln sigma is linear, as by
    /// diffusers' HeunDiscreteScheduler and k-diffusion, instead of at the nearest. Under the last the sigmas are linear between those of
    /// timesteps, as in diffusers without Karras' sigmas, and the network is told the time of such a sigma.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is for another spacing.</exception>
    public bool IsFractional
    {
        get => isFractional;
        init
        {
            var spacing = Spacing ?? UsualSpacing;
            if (value && spacing is not (TimestepSpacing.Karras or TimestepSpacing.LogSnr or TimestepSpacing.Linspace))
                throw new ArgumentOutOfRangeException(
                    nameof(value), $"Times between timesteps are for the spacings karras, log-snr and linspace, not for {spacing.Word()}.");
            isFractional = value;
        }
    }

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(NoiseLevels levels) => levels switch
    {
        NoiseSchedule schedule when IsFractional => SpacedTimes.Of(SpacingOf(levels), Steps, schedule),
        NoiseSchedule schedule => [.. SpacedTimesteps.Of(SpacingOf(levels), Steps, schedule, StepsOffset)],
        FlowLevels flow => SpacedTimes.Of(SpacingOf(levels), Steps, flow),
        EdmLevels edm => SpacedTimes.Of(SpacingOf(levels), Steps, edm),
        _ => throw new UNetGenException($"There are no times of {levels.GetType().Name}."),
    };

    /// <inheritdoc/>
    public override string DescriptionFor(NoiseLevels levels)
    {
        var named = (SpacedSampler)MemberwiseClone();
        named.Spacing = SpacingOf(levels);
        return named.Description;
    }

    private TimestepSpacing SpacingOf(NoiseLevels levels) => Spacing ?? levels switch
    {
        FlowLevels => TimestepSpacing.Even,
        EdmLevels => TimestepSpacing.Karras,
        _ => UsualSpacing,
    };

    /// <summary>Steps and spacing in words, for <see cref="Sampler.Description"/>.</summary>
    private protected string Settings =>
        $"{Steps} {(Steps == 1 ? "step" : "steps")}, {(Spacing is { } given ? $"spacing {given.Word()}" : "usual spacing")}"
            + $"{(StepsOffset > 0 ? $" from {StepsOffset}" : "")}{(IsFractional ? ", between timesteps" : "")}";
}
