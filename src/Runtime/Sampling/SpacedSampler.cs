using UNetGen.Diffusion;

namespace UNetGen.Sampling;

/// <summary>A sampler of a few steps, at timesteps that a spacing chooses.</summary>
public abstract class SpacedSampler : Sampler
{
    private readonly int stepsOffset;

    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">From 1 to the diffusion's timesteps.</param>
    /// <param name="spacing">At which timesteps.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or no spacing.</exception>
    protected SpacedSampler(int steps, TimestepSpacing spacing)
    {
        if (steps < 1)
            throw new ArgumentOutOfRangeException(nameof(steps), $"A sampler needs at least 1 step, not {steps}.");
        if (!Enum.IsDefined(spacing))
            throw new ArgumentOutOfRangeException(nameof(spacing), $"There is no spacing {spacing}.");
        Steps = steps;
        Spacing = spacing;
    }

    /// <summary>
    /// How many steps it takes; with <see cref="TimestepSpacing.LogSnr"/> and <see cref="TimestepSpacing.Karras"/> fewer where timesteps
    /// would repeat.
    /// </summary>
    public int Steps { get; }

    /// <summary>At which timesteps.</summary>
    public TimestepSpacing Spacing { get; }

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
                $"An offset is a whole number of at least 0 for the spacing {TimestepSpacing.Leading}, but {value} is given for "
                    + $"{Spacing}.");
    }

    /// <inheritdoc/>
    public override IReadOnlyList<double> Times(NoiseLevels levels) => levels switch
    {
        NoiseSchedule schedule => [.. SpacedTimesteps.Of(Spacing, Steps, schedule, StepsOffset)],
        _ => throw new UNetGenException($"There are no times of {levels.GetType().Name}."),
    };

    /// <summary>Steps and spacing in words, for <see cref="Sampler.Description"/>.</summary>
    private protected string Settings =>
        $"{Steps} {(Steps == 1 ? "step" : "steps")}, spacing {Spacing}{(StepsOffset > 0 ? $" from {StepsOffset}" : "")}";
}
