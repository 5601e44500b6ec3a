using TorchSharp.Modules;
using UNetGen.Diffusion;
using UNetGen.Native;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// A batch's loss, with its gradient left in the network's parameters. The batch goes through in equal parts, whose gradients add up to the
/// whole one's; so do those of several ranks.
/// </summary>
/// <param name="network">To be asked.</param>
/// <param name="parameters">
/// Those that are trained. The list serves in every step: to go through a network's modules for it takes as long as starting a kernel for
/// each.
/// </param>
/// <param name="diffusion">Which noises, and knows the loss.</param>
/// <param name="parts">Of a rank's batch.</param>
/// <param name="ranks">How many there are.</param>
/// <param name="among">Adds up over the ranks; null where there is one.</param>
internal sealed class BatchGradient(
    NoisePredictor network, IReadOnlyList<Parameter> parameters, DiffusionProcess diffusion, int parts, int ranks = 1,
    RankGradients? among = null)
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

    // The gradients without those that aren't.
    private Tensor[] there = [];

    /// <summary>
    /// Of each parameter, in their order, where it has one; since the last <see cref="Compute"/>, for as long as the dispose scope lives
    /// in which that was called.
    /// </summary>
    public Tensor?[] Gradients { get; private set; } = [];

    /// <summary>Makes the gradient anew. What it makes belongs to the caller's dispose scope.</summary>
    /// <param name="batch">The images, and what was drawn for them.</param>
    /// <param name="selfCondition">Whether a self-conditioned network is given its own estimate.</param>
    /// <param name="lossScale">
    /// A power of 2 that the loss is multiplied by before the backward pass, and by which the gradients are divided after it.
    /// </param>
    /// <param name="meanwhile">What else can be done before the device is waited for.</param>
    /// <returns>
    /// The loss, the gradient's norm over all parameters, and the mean weight of the batch's timesteps in the loss, so that steps can be
    /// compared whose timesteps weigh differently, as under the objective x_0 by factors of thousands; that is null where the variance is
    /// learned, whose term has another scale. To have them, it waits once for the device, the only time in a step. Of several ranks all
    /// have the same.
    /// </returns>
    public (float Loss, float GradientNorm, double? LossWeight) Compute(
        StepBatch batch, bool selfCondition, double lossScale = 1, Action? meanwhile = null)
    {
        Clear();
        var loss = Backward(batch, selfCondition, lossScale);
        var lossWeight = LossWeight(batch);
        among?.AllReduce(loss, lossWeight);
        Fetch();
        if (lossScale != 1)
            Scale(1 / lossScale);
        using var read = cat([among?.Totals ?? loss.reshape(1), Norm().reshape(1)]);
        meanwhile?.Invoke();
        using var fetched = read.cpu();
        var values = fetched.data<float>().ToArray();
        if (among?.Read(values) is not var (total, weight))
            return (values[0], values[1], lossWeight);
        return (total, values[^1], lossWeight is null ? null : weight);
    }

    /// <summary>Scales the gradient down to a norm, as PyTorch's <c>clip_grad_norm_</c> does.</summary>
    /// <param name="norm">The one it has.</param>
    /// <param name="limit">The one it may have.</param>
    public void Clip(double norm, double limit)
    {
        var factor = limit / (norm + Epsilon);
        if (factor < 1)
            Scale(factor);
    }

    private void Scale(double factor)
    {
        using var by = Number.Once(factor);
        Script.Value.invoke("scale", there, by);
    }

    /// <summary>Drops the gradients of the step before.</summary>
    private void Clear()
    {
        (Gradients, there) = ([], []);
        if (among is not null)
        {
            among.Clear();
            return;
        }
        foreach (var parameter in parameters)
            parameter.grad = null;
    }

    private Tensor Backward(StepBatch batch, bool selfCondition, double lossScale)
    {
        var count = batch.Images.shape[0] / parts;
        var loss = zeros([], ScalarType.Float32, network.Device);
        for (var part = 0; part < parts; part++)
        {
            using var partScope = NewDisposeScope();
            Tensor Part(Tensor whole) => parts == 1 ? whole : whole.narrow(0, part * count, count);
            var (x0, t, noise) = (Part(batch.Images), Part(batch.Timesteps), Part(batch.Noise));
            var labels = batch.Labels is null ? null : Part(batch.Labels);
            var context = batch.Context is null ? null : Part(batch.Context);
            var condition = batch.Condition is null ? null : Part(batch.Condition);
            var xt = diffusion.QSample(x0, t, noise);
            var prediction = Predict(xt, t, condition, context, labels, selfCondition);
            RequireTrainable(prediction, xt);
            var partLoss = diffusion.Loss(prediction, x0, xt, t, noise) / Number.Of(parts * ranks);
            Backends.Nodes.Gradients.Backward(lossScale == 1 ? partLoss : partLoss * Number.Of(lossScale));
            using var noGradients = no_grad();
            loss.add_(partLoss, Number.One);
        }
        return loss;
    }

    /// <summary>Of a class that was written by hand libtorch would tell in the midst of the backward pass.</summary>
    private void RequireTrainable(Tensor? prediction, Tensor images)
    {
        if (prediction is null || (prediction.dtype == images.dtype && prediction.requires_grad))
            return;
        throw new InvalidOperationException(prediction.dtype == images.dtype
            ? $"The forward of {network.Info.Name} has returned a tensor without a gradient, of which nothing is learnt: it is detached, or "
                + "computed within no_grad."
            : $"The forward of {network.Info.Name} has returned {prediction.dtype} for images of {images.dtype}: let it return the images' "
                + "type.");
    }

    /// <summary>Takes the gradients that backward has left, once for all that a step does with them.</summary>
    private void Fetch()
    {
        Gradients = new Tensor?[parameters.Count];
        for (var index = 0; index < Gradients.Length; index++)
            Gradients[index] = parameters[index].grad;
        there = Array.IndexOf(Gradients, null) < 0 ? (Tensor[])Gradients! : [.. Gradients.OfType<Tensor>()];
    }

    private Tensor Norm() => (Tensor)Script.Value.invoke("norm", [there]);

    private double? LossWeight(StepBatch batch) => diffusion.Options.Variance == Variance.LearnedRange
        ? null
        : batch.Times.Average(diffusion.Levels.LossWeightAt);

    /// <summary>
    /// What the network says of x_t. A self-conditioned one is in some steps given its own first estimate of x_0, without a gradient
    /// through it (Chen et al. 2022, algorithm 1), clipped where samplers clip it.
    /// </summary>
    private Tensor Predict(Tensor xt, Tensor t, Tensor? condition, Tensor? context, Tensor? labels, bool selfCondition)
    {
        var (noised, timesteps) = diffusion.Asked(xt, t);
        var images = condition is null ? noised : cat([noised, condition], 1);
        Tensor? estimate = null;
        if (selfCondition)
        {
            using var noGradients = no_grad();
            var (prediction, _) = diffusion.Split(network.forward(images, timesteps, context, labels, null), xt.shape);
            estimate = diffusion.PredictX0(xt, t, prediction);
            if (diffusion.Options.ClipsEstimates)
                estimate.clamp_(Number.Of(-1), Number.Of(1));
        }
        return network.forward(images, timesteps, context, labels, estimate);
    }
}
