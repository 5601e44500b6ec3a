using UNetGen.Diffusion;
using UNetGen.Sampling;

namespace UNetGen.Onnx.Drawing;

/// <summary>A sum of what a pass knows, each times a factor.</summary>
/// <param name="X">Of the images that the network was asked about.</param>
/// <param name="X0">Of the clean images that it sees in them, clipped.</param>
/// <param name="Unclipped">Of the same, not clipped.</param>
/// <param name="Memory">Of what the pass before has kept.</param>
internal readonly record struct Combination(double X = 0, double X0 = 0, double Unclipped = 0, double Memory = 0);

/// <summary>
/// One pass through the network on the way from noise to pictures. All samplers that add no noise are such passes: each gives the images
/// to ask about next, and something to keep, as sums whose factors depend on nothing but the pass.
/// </summary>
/// <param name="Time">The time, of a DDPM the timestep, at which the network is asked.</param>
/// <param name="Next">The images for the next pass; of the last one, the pictures.</param>
/// <param name="Kept">What the next pass knows as <see cref="Combination.Memory"/>.</param>
internal sealed record Pass(double Time, Combination Next, Combination Kept = default)
{
    /// <summary>The passes of a sampler.</summary>
    /// <exception cref="UNetGenException">It adds noise of its own, or isn't one of the three.</exception>
    public static IReadOnlyList<Pass> Of(SpacedSampler sampler, NoiseLevels levels)
    {
        var step = StepOf(sampler, levels);
        var times = sampler.Times(levels);
        var passes = new List<Pass>();
        for (var i = 0; i + 1 < times.Count; i++)
        {
            var (time, next) = (times[i], times[i + 1]);
            if (next == levels.Clean)
                passes.Add(new(time, new(X0: 1)));
            else
                passes.AddRange(step(i == 0 ? null : times[i - 1], time, next));
        }
        return passes;
    }

    private delegate IEnumerable<Pass> Step(double? previous, double time, double next);

    private static Step StepOf(SpacedSampler sampler, NoiseLevels levels) => sampler switch
    {
        DdimSampler { Eta: 0 } ddim => (_, time, next) => [Ddim(ddim, levels, time, next)],
        DpmSolverSampler => (previous, time, next) => [DpmSolver(levels, previous, time, next)],
        HeunSampler { Churn: 0 } => (_, time, next) => Heun(levels, time, next),
        DdimSampler or HeunSampler => throw new UNetGenException(
            $"{sampler.DescriptionFor(levels)} adds fresh noise in each step, and a file's pictures depend on its first noise alone: take DDIM with "
                + "eta 0, or Heun with churn 0."),
        _ => throw new UNetGenException(
            $"{sampler.DescriptionFor(levels)} can't be part of a file: DDIM, DPM-Solver++(2M) and Heun can. Export the network, and take the steps "
                + "in your own program."),
    };

    /// <summary>DDIM (Song et al. 2021, eq. 12) with eta 0, as <see cref="DdimSampler"/> has it.</summary>
    private static Pass Ddim(DdimSampler sampler, NoiseLevels levels, double time, double next)
    {
        var (now, then) = (levels.At(time), levels.At(next));
        var (image, direction) = (then.Image, then.Noise);
        // noise = (x - image x_0) / deviation
        var (ofX, ofX0) = (1 / now.Noise, -now.Image / now.Noise);
        return new(time, sampler.RederivesNoise
            ? new(X: direction * ofX, X0: image + direction * ofX0)
            : new(X: direction * ofX, X0: image, Unclipped: direction * ofX0));
    }

    /// <summary>DPM-Solver++(2M) (Lu et al. 2022, algorithm 2), as <see cref="DpmSolverSampler"/> has it; it keeps x_0.</summary>
    private static Pass DpmSolver(NoiseLevels levels, double? previous, double time, double next)
    {
        var h = Lambda(next) - Lambda(time);
        var ofImage = levels.At(next).Noise / levels.At(time).Noise;
        var ofTarget = -levels.At(next).Image * double.ExpM1(-h);
        // target = x_0 + slope (x_0 - x_0 of the step before)
        var slope = previous is { } before ? h / (2 * (Lambda(time) - Lambda(before))) : 0;
        return new(time, new(X: ofImage, X0: ofTarget * (1 + slope), Memory: -ofTarget * slope), Kept: new(X0: 1));

        double Lambda(double t) => -Math.Log(levels.At(t).Sigma);
    }

    /// <summary>
    /// Heun's two passes (Karras et al. 2022, algorithm 1), as <see cref="HeunSampler"/> has them, in images instead of EDM's y = x /
    /// factor: the first one goes by Euler's step and keeps the half of it, to which the second one adds the half of its own slope.
    /// </summary>
    private static Pass[] Heun(NoiseLevels levels, double time, double next)
    {
        var ((factor, sigma), (factorNext, sigmaNext)) = (levels.OdeAt(time), levels.OdeAt(next));
        var way = sigmaNext - sigma;
        return
        [
            new(time, Euler(way / sigma), Kept: Euler(way / (2 * sigma))),
            new(next, new(X: way / (2 * sigmaNext), X0: -factorNext * way / (2 * sigmaNext), Memory: 1)),
        ];

        // factorNext (y + share (y - x_0))
        Combination Euler(double share) => new(X: factorNext / factor * (1 + share), X0: -factorNext * share);
    }
}
