using System.Globalization;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Diffusion;

/// <summary>
/// EDM (Karras et al. 2022): x = x_0 + sigma noise, and a network F that is wrapped so that what goes in and what it is to predict have
/// variance 1 at every sigma: x_0 = c_skip x + c_out F(c_in x, ln(sigma) / 4) (eq. 7, table 1). Times are sigmas, [batch], float64.
/// </summary>
/// <remarks>
/// The paper's loss weighs the squared error of x_0 with (sigma^2 + sigma_data^2) / (sigma sigma_data)^2. That is 1 / c_out^2, so that it
/// is the squared error of F, and this is how it is computed here: <see cref="Target"/> is what F should say.
/// </remarks>
/// <param name="options">A network's <c>NoisePredictor.Diffusion</c>, of type <see cref="DiffusionType.Edm"/>.</param>
/// <exception cref="UNetGenException">The options give no valid diffusion.</exception>
public sealed class Edm(DiffusionOptions options) : DiffusionProcess(options)
{
    // Checks the options, and so comes first.
    /// <inheritdoc/>
    public override NoiseLevels Levels { get; } = new EdmLevels(options);

    private readonly double sigmaData = options.SigmaData;

    /// <inheritdoc/>
    public override Tensor QSample(Tensor x0, Tensor t, Tensor noise)
    {
        CheckTimes(t, x0);
        CheckShapes(x0, noise);
        using var scope = NewDisposeScope();
        return x0.add(Of(x0, t) * noise, Number.One).MoveToOuterDisposeScope();
    }

    /// <summary>
    /// What F should say: (x_0 - c_skip x) / c_out = (sigma / sigma_data x_0 - sigma_data noise) / sqrt(sigma^2 + sigma_data^2), which
    /// takes no difference of nearly equal numbers.
    /// </summary>
    public override Tensor Target(Tensor x0, Tensor t, Tensor noise)
    {
        CheckTimes(t, x0);
        CheckShapes(x0, noise);
        using var scope = NewDisposeScope();
        var norm = Norm(t);
        return Weighted(Of(x0, t / (norm * Number.Of(sigmaData))), x0, Of(x0, norm.reciprocal() * Number.Of(sigmaData)), noise, -1)
            .MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor PredictX0(Tensor xt, Tensor t, Tensor prediction)
    {
        CheckTimes(t, xt);
        CheckShapes(xt, prediction);
        using var scope = NewDisposeScope();
        var norm = Norm(t);
        var skip = (norm * norm).reciprocal() * Number.Of(sigmaData * sigmaData);
        return Weighted(Of(xt, skip), xt, Of(xt, t * Number.Of(sigmaData) / norm), prediction).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override (Tensor Images, Tensor Timesteps) Asked(Tensor xt, Tensor t)
    {
        CheckTimes(t, xt);
        using var scope = NewDisposeScope();
        var images = Of(xt, Norm(t).reciprocal()) * xt;
        var timesteps = AsTimesteps(t.log() / Number.Of(EdmLevels.LogsOfOne), xt);
        return (images.MoveToOuterDisposeScope(), timesteps.MoveToOuterDisposeScope());
    }

    /// <summary>sqrt(sigma^2 + sigma_data^2), the deviation of noised images.</summary>
    private Tensor Norm(Tensor t) => (t * t).add(Number.Of(sigmaData * sigmaData), Number.One).sqrt();
}

/// <summary>The numbers of <see cref="Edm"/>. Times are sigmas: the deviation of the noise beside an image that stays as it is.</summary>
public sealed class EdmLevels : NoiseLevels
{
    /// <summary>The network is told ln(sigma) / 4 (Karras et al. 2022, table 1).</summary>
    internal const double LogsOfOne = 4;

    private readonly DiffusionOptions options;

    /// <summary>The numbers that the options ask for.</summary>
    /// <param name="options">The diffusion part of a network's spec.</param>
    /// <exception cref="UNetGenException">
    /// The diffusion is of another type, a number isn't within its bounds, or the least sigma isn't less than the most.
    /// </exception>
    public EdmLevels(DiffusionOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        options.RequireType(DiffusionType.Edm);
        DiffusionOptions.CheckBetween(options.PMean, -SpecLimits.LogOfTime, SpecLimits.LogOfTime, nameof(options.PMean));
        DiffusionOptions.CheckPositive(options.PStd, nameof(options.PStd));
        DiffusionOptions.CheckBetween(options.PStd, 0, SpecLimits.LogOfTime, nameof(options.PStd));
        DiffusionOptions.CheckBetween(options.SigmaData, SpecLimits.LeastSigmaData, SpecLimits.SigmaData, nameof(options.SigmaData));
        DiffusionOptions.CheckPositive(options.SigmaMin, nameof(options.SigmaMin));
        DiffusionOptions.CheckPositive(options.SigmaMax, nameof(options.SigmaMax));
        if (options.SigmaMin >= options.SigmaMax)
            throw new UNetGenException(string.Create(CultureInfo.InvariantCulture,
                $"`SigmaMin` must be less than `SigmaMax`, but they are {options.SigmaMin} and {options.SigmaMax}."));
        this.options = options;
    }

    /// <summary>The least sigma from which is drawn.</summary>
    public double SigmaMin => options.SigmaMin;

    /// <summary>The sigma with which drawing begins.</summary>
    public double SigmaMax => options.SigmaMax;

    /// <inheritdoc/>
    public override double Clean => 0;

    /// <inheritdoc/>
    public override NoiseLevel At(double time) => new(1, AskedOrClean(time));

    /// <inheritdoc/>
    public override OdeVariables OdeAt(double time) => new(1, AskedOrClean(time));

    /// <inheritdoc/>
    public override Preconditioning PreconditioningAt(double time)
    {
        var data = options.SigmaData;
        var variance = Asked(time) * time + data * data;
        return new(
            In: 1 / Math.Sqrt(variance), Timestep: Math.Log(time) / LogsOfOne, Skip: data * data / variance,
            Out: time * data / Math.Sqrt(variance));
    }

    /// <summary>1, of the squared error of F: the paper's lambda(sigma), of that of x_0, is 1 / c_out^2.</summary>
    public override double LossWeightAt(double time)
    {
        Asked(time);
        return 1;
    }

    internal override bool CanBeAskedAt(double time) => time > 0 && double.IsFinite(time);

    internal override string AskedTimes => "above 0";

    internal override double DeviationAtFirst(double time) => time;

    internal override double TimeOf(ulong first, ulong second) => TimeOfNormal(Normal(first, second));

    /// <summary>The sigma of a standard normal number.</summary>
    internal double TimeOfNormal(double normal) => Math.Exp(options.PMean + options.PStd * normal);

    internal override double Raised(double time, double factor, bool isFractional) => factor * time;
}
