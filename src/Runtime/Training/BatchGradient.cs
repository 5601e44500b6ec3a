using UNetGen.Data;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>A batch's loss, with its gradient left in the network's parameters. The batch goes through in equal parts, whose gradients add up to the whole one's.</summary>
internal sealed class BatchGradient(NoisePredictor network, GaussianDiffusion diffusion, int parts)
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
    /// <returns>The loss, and the gradient's norm over all parameters. To have both, it waits once for the device, the only time in a step.</returns>
    public (float Loss, float GradientNorm) Compute(Batch batch, StepDraws draws)
    {
        using var scope = NewDisposeScope();
        network.zero_grad();
        var count = batch.Images.shape[0] / parts;
        var loss = zeros([], ScalarType.Float32, network.Device);
        for (var part = 0; part < parts; part++)
        {
            using var partScope = NewDisposeScope();
            Tensor Part(Tensor whole) => whole.narrow(0, part * count, count).to(network.Device);
            var (x0, t, noise) = (Part(batch.Images), Part(draws.Timesteps), Part(draws.Noise));
            var labels = draws.Labels is null ? null : Part(draws.Labels);
            var xt = diffusion.QSample(x0, t, noise);
            var partLoss = diffusion.Loss(Predict(xt, t, labels, draws.SelfCondition), x0, xt, t, noise) / parts;
            partLoss.backward();
            using var noGradients = no_grad();
            loss.add_(partLoss);
        }
        using var both = stack([loss, (Tensor)Script.Value.invoke("norm", [Gradients()])]).cpu();
        var values = both.data<float>();
        return (values[0], values[1]);
    }

    /// <summary>
    /// The mean weight of the batch's timesteps in the loss, so that steps can be compared whose timesteps weigh differently, as under the objective x_0 by factors of thousands.
    /// Null where the variance is learned: its term has another scale.
    /// </summary>
    public double? LossWeight(StepDraws draws) => diffusion.Options.Variance == Variance.LearnedRange
        ? null
        : draws.Timesteps.data<long>().Average(t => diffusion.Schedule.LossWeights[(int)t]);

    /// <summary>Scales the gradient down to a norm, as PyTorch's <c>clip_grad_norm_</c> does.</summary>
    /// <param name="norm">The one it has.</param>
    /// <param name="limit">The one it may have.</param>
    public void Clip(double norm, double limit)
    {
        using var scope = NewDisposeScope();
        var factor = limit / (norm + Epsilon);
        if (factor < 1)
            Script.Value.invoke("scale", Gradients(), factor);
    }

    private Tensor[] Gradients() => [.. network.parameters().Select(parameter => parameter.grad).OfType<Tensor>()];

    /// <summary>
    /// What the network says of x_t. A self-conditioned one is in some steps given its own first estimate of x_0, without a gradient through it
    /// (Chen et al. 2022, algorithm 1), clipped as samplers clip it.
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
