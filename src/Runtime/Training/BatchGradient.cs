using UNetGen.Backends.Nodes;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// A batch's loss, with its gradient left in the network's parameters. The batch goes through in equal parts, whose gradients add up to the
/// whole one's; so do those of several ranks.
/// </summary>
/// <param name="network">To be asked.</param>
/// <param name="diffusion">Which noises, and knows the loss.</param>
/// <param name="parts">Of a rank's batch.</param>
/// <param name="ranks">How many there are.</param>
/// <param name="among">Adds up over the ranks; null where there is one.</param>
internal sealed class BatchGradient(
    NoisePredictor network, GaussianDiffusion diffusion, int parts, int ranks = 1, RankGradients? among = null)
{
    // The operators over lists have no binding in TorchSharp; TorchScript reaches every operator of libtorch.
    private const string Source =
        """
        def norm(grads: List[Tensor]) -> Tensor:
            return torch.stack(torch._foreach_norm(grads, 2)).norm()
        def scale(grads: List[Tensor], by: float):
            torch._foreach_mul_(grads, by)
            return 0

        """;

    // PyTorch's clip_grad_norm_ adds it to the norm.
    private const double Epsilon = 1e-6;

    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile(Source.ReplaceLineEndings("\n")));

    /// <summary>Makes the gradient anew.</summary>
    /// <returns>
    /// The loss, the gradient's norm over all parameters, and the mean weight of the batch's timesteps in the loss, so that steps can be
    /// compared whose timesteps weigh differently, as under the objective x_0 by factors of thousands; that is null where the variance is
    /// learned, whose term has another scale. To have them, it waits once for the device, the only time in a step. Of several ranks all
    /// have the same.
    /// </returns>
    public (float Loss, float GradientNorm, double? LossWeight) Compute(Batch batch, StepDraws draws)
    {
        using var scope = NewDisposeScope();
        if (among is null)
            network.zero_grad();
        else
            among.Clear();
        var count = batch.Images.shape[0] / parts;
        var loss = zeros([], ScalarType.Float32, network.Device);
        for (var part = 0; part < parts; part++)
        {
            using var partScope = NewDisposeScope();
            Tensor Part(Tensor whole) => whole.narrow(0, part * count, count).to(network.Device);
            var (x0, t, noise) = (Part(batch.Images), Part(draws.Timesteps), Part(draws.Noise));
            var labels = draws.Labels is null ? null : Part(draws.Labels);
            var xt = diffusion.QSample(x0, t, noise);
            var partLoss = diffusion.Loss(Predict(xt, t, labels, draws.SelfCondition), x0, xt, t, noise) / (parts * ranks);
            Gradients.Backward(partLoss);
            using var noGradients = no_grad();
            loss.add_(partLoss);
        }
        var lossWeight = LossWeight(draws);
        among?.AllReduce(loss, lossWeight);
        var norm = (Tensor)Script.Value.invoke("norm", [AllGradients()]);
        using var read = cat([among?.Totals ?? loss.reshape(1), norm.reshape(1)]).cpu();
        var values = read.data<float>().ToArray();
        if (among?.Read(values) is not var (total, weight))
            return (values[0], values[1], lossWeight);
        return (total, values[^1], lossWeight is null ? null : weight);
    }

    /// <summary>Scales the gradient down to a norm, as PyTorch's <c>clip_grad_norm_</c> does.</summary>
    /// <param name="norm">The one it has.</param>
    /// <param name="limit">The one it may have.</param>
    public void Clip(double norm, double limit)
    {
        using var scope = NewDisposeScope();
        var factor = limit / (norm + Epsilon);
        if (factor < 1)
            Script.Value.invoke("scale", AllGradients(), factor);
    }

    private double? LossWeight(StepDraws draws) => diffusion.Options.Variance == Variance.LearnedRange
        ? null
        : draws.Timesteps.data<long>().Average(t => diffusion.Schedule.LossWeights[(int)t]);

    private Tensor[] AllGradients() => [.. network.parameters().Select(parameter => parameter.grad).OfType<Tensor>()];

    /// <summary>
    /// What the network says of x_t. A self-conditioned one is in some steps given its own first estimate of x_0, without a gradient
    /// through it (Chen et al. 2022, algorithm 1), clipped as samplers clip it.
    /// </summary>
    private Tensor Predict(Tensor xt, Tensor t, Tensor? labels, bool selfCondition)
    {
        Tensor? estimate = null;
        if (selfCondition)
        {
            using var noGradients = no_grad();
            var prediction = network.forward(xt, t, labels).narrow(1, 0, network.Info.Channels);
            estimate = diffusion.PredictX0(xt, t, prediction).clamp_(-1, 1);
        }
        return network.forward(xt, t, labels, estimate);
    }
}
