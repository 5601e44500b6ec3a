namespace UNetGen.Diffusion;

/// <summary>A sampler of a few steps, at timesteps that a spacing chooses.</summary>
public abstract class SpacedSampler : Sampler
{
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

    /// <summary>How many steps it takes; with <see cref="TimestepSpacing.LogSnr"/> and <see cref="TimestepSpacing.Karras"/> fewer where timesteps would repeat.</summary>
    public int Steps { get; }

    /// <summary>At which timesteps.</summary>
    public TimestepSpacing Spacing { get; }

    /// <inheritdoc/>
    public sealed override IReadOnlyList<int> Times(NoiseSchedule schedule) => SpacedTimesteps.Of(Spacing, Steps, schedule);

    /// <summary>Steps and spacing in words, for <see cref="Sampler.Description"/>.</summary>
    private protected string Settings => $"{Steps} {(Steps == 1 ? "step" : "steps")}, spacing {Spacing}";
}
