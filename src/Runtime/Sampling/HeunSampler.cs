using System.Globalization;
using System.Runtime.CompilerServices;
using UNetGen.Diffusion;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>
/// Heun's method as EDM has it (Karras et al. 2022, algorithms 1 and 2). Of a DDPM sigma = sqrt(1 - alpha-bar) / sqrt(alpha-bar), at the
/// timesteps next to EDM's; of a flow the variable is its own time, as in diffusers. A step asks the network where it starts and where it
/// ends, and goes by the mean of both slopes; the last one, to the clean image, asks once.
/// </summary>
public sealed class HeunSampler : SpacedSampler
{
    // Karras et al. 2022, algorithm 2: no more new noise than half of the old.
    private static readonly double LargestGamma = Math.Sqrt(2) - 1;

    /// <summary>A sampler of so many steps.</summary>
    /// <param name="steps">Steps; the network is asked 2 steps - 1 times.</param>
    /// <param name="churn">
    /// EDM's S_churn: before a step sigma is raised to the timestep next to (1 + churn / steps) sigma by fresh noise, as far as the
    /// diffusion goes. 0 adds none: the picture depends on its first noise alone.
    /// </param>
    /// <param name="spacing">At which timesteps.</param>
    /// <exception cref="ArgumentOutOfRangeException">Less than 1 step, or a negative churn.</exception>
    public HeunSampler(int steps = 18, double churn = 0, TimestepSpacing? spacing = null) : base(steps, spacing)
    {
        if (!double.IsFinite(churn) || churn < 0)
            throw new ArgumentOutOfRangeException(
                nameof(churn),
                string.Create(CultureInfo.InvariantCulture, $"Heun's churn must be a number of at least 0, but is {churn}."));
        Churn = churn;
    }

    /// <inheritdoc/>
    public override string? AgainstInpainting =>
        "its steps ask the network at two times, and the known pixels are put in at one of them only";

    /// <summary>EDM's S_churn.</summary>
    public double Churn { get; }

    /// <summary>EDM's S_min: no churn below this sigma, the noise in proportion to the image.</summary>
    /// <exception cref="ArgumentOutOfRangeException">
    /// It is negative or no finite number, or above <see cref="ChurnTo"/>, which leaves no sigma.
    /// </exception>
    public double ChurnFrom
    {
        get;
        init => field = double.IsFinite(value) && value >= 0 && value <= ChurnTo
            ? value
            : throw Refused(value, $"at least 0 and at most {nameof(ChurnTo)}, {Text(ChurnTo)}");
    }

    /// <summary>EDM's S_max: no churn above this sigma.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is below <see cref="ChurnFrom"/>, which leaves no sigma, or no number.</exception>
    public double ChurnTo
    {
        get;
        init => field = value >= ChurnFrom ? value : throw Refused(value, $"at least {nameof(ChurnFrom)}, {Text(ChurnFrom)}");
    } = double.PositiveInfinity;

    /// <summary>EDM's S_noise: what churn's noise is multiplied with.</summary>
    /// <exception cref="ArgumentOutOfRangeException">It is negative or no finite number.</exception>
    public double ChurnNoise
    {
        get;
        init => field = double.IsFinite(value) && value >= 0 ? value : throw Refused(value, "a number of at least 0");
    } = 1;

    /// <inheritdoc/>
    public override string Description =>
        string.Create(CultureInfo.InvariantCulture, $"Heun (EDM), {Settings}, churn {Churn}{ChurnSettings}");

    private protected override TimestepSpacing UsualSpacing => TimestepSpacing.Karras;

    private string ChurnSettings => (ChurnFrom, ChurnTo, ChurnNoise) == (0, double.PositiveInfinity, 1)
        ? ""
        : string.Create(CultureInfo.InvariantCulture, $" from sigma {ChurnFrom} to {ChurnTo}, noise {ChurnNoise}");

    private static ArgumentOutOfRangeException Refused(double value, string wanted, [CallerMemberName] string name = "") =>
        new(name, $"Heun's {name} must be {wanted}, but is {Text(value)}.");

    private static string Text(double value) => value.ToString(CultureInfo.InvariantCulture);

    /// <inheritdoc/>
    /// <exception cref="UNetGenException">Nothing is left of the image at its first time: sigma is infinite there.</exception>
    public override IReadOnlyList<double> Times(NoiseLevels levels)
    {
        var times = base.Times(levels);
        // The only step of one goes to the clean image, and needs no slope.
        if (times.Count > 2 && double.IsInfinity(levels.OdeAt(times[0]).Tau))
            throw new UNetGenException(string.Create(
                CultureInfo.InvariantCulture,
                $"Heun can't begin at time {times[0]}, where the network's schedule leaves nothing of the image: sigma is infinite there, "
                    + $"as is the slope. Use the spacing karras or log-snr, which begin at sigma 80, or another sampler."));
        return times;
    }

    /// <inheritdoc/>
    public override Tensor Step(Denoiser denoiser, Tensor x, double time, double next)
    {
        ArgumentNullException.ThrowIfNull(denoiser);
        var levels = denoiser.Diffusion.Levels;
        if (Churn > 0)
            (x, time) = Raise(denoiser, x, time);
        var x0 = denoiser.Denoise(x, time).X0;
        if (next == levels.Clean)
            return x0;

        // EDM's variable is the image plus noise, x over the image's factor.
        var (now, then) = (levels.OdeAt(time), levels.OdeAt(next));
        var y = x / Number.Of(now.Scale);
        var slope = (y - x0) / Number.Of(now.Tau);
        var euler = y.add(Number.Of(then.Tau - now.Tau) * slope, Number.One);

        var slopeNext = (euler - denoiser.Denoise(euler * Number.Of(then.Scale), next).X0) / Number.Of(then.Tau);
        return y.add(Number.Of((then.Tau - now.Tau) / 2) * slope.add(slopeNext, Number.One), Number.One) * Number.Of(then.Scale);
    }

    private (Tensor X, double Time) Raise(Denoiser denoiser, Tensor x, double time)
    {
        var levels = denoiser.Diffusion.Levels;
        var sigma = levels.At(time).Sigma;
        if (sigma < ChurnFrom || sigma > ChurnTo)
            return (x, time);
        var raised = levels.Raised(time, 1 + Math.Min(Churn / Steps, LargestGamma), IsFractional);
        if (raised <= time)
            return (x, time);
        var (left, added) = levels.Between(time, raised);
        return ((Number.Of(left) * x).add(Number.Of(ChurnNoise * added) * denoiser.Noise(), Number.One), raised);
    }
}
