using System.Globalization;

namespace UNetGen.Sampling.Editing;

/// <summary>An edit that noises pictures to one of a sampler's times and draws from there.</summary>
public abstract class NoisedEdit : PictureEdit
{
    private protected NoisedEdit(double strength)
    {
        if (strength is not (> 0 and <= 1))
            throw new ArgumentOutOfRangeException(
                nameof(strength),
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"A strength must lie above 0, where nothing would change, and be at most 1, but is {strength}."));
        Strength = strength;
    }

    /// <summary>
    /// The share of the sampler's steps that is drawn, in (0, 1], rounded down to whole steps: of 50 steps at 0.6 the last 30, as
    /// diffusers' img2img has it. At 1 all steps are, and of the picture is left what the diffusion's first time leaves of it.
    /// </summary>
    public double Strength { get; }

    /// <summary>The strength in words, for <see cref="PictureEdit.Description"/>.</summary>
    private protected string Settings => string.Create(CultureInfo.InvariantCulture, $"strength {Strength}");

    /// <inheritdoc/>
    internal sealed override IReadOnlyList<double> Walk(IReadOnlyList<double> times)
    {
        var steps = times.Count - 1;
        var drawn = (int)(steps * Strength);
        var least = Math.Ceiling(10_000.0 / steps) / 10_000;
        return drawn > 0
            ? [.. times.Skip(steps - drawn)]
            : throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture,
                $"A strength of {Strength} is less than one of {Counted.Of(steps, "step")}, so that nothing would be drawn. "
                    + $"Use more steps, or a strength of {least:0.####}{(least < 1 ? " or more" : "")}."));
    }
}
