using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>
/// A network at work, on its device: what users of the generator have, or what they would write by hand. What only training needs is made
/// by the first step, so that a process that draws doesn't hold it.
/// </summary>
/// <param name="network">Already on its device; it is this object's from now on.</param>
internal abstract class Workload(nn.Module<Tensor, Tensor, Tensor> network, Device device) : IDisposable
{
    public const double LearningRate = 1e-4;
    public const double Beta1 = 0.9;
    public const double Beta2 = 0.99;
    public const double EmaDecay = 0.995;

    public nn.Module<Tensor, Tensor, Tensor> Network { get; } = network;

    public Device Device { get; } = device;

    /// <summary>Forward, backward, optimiser, average of the weights. The loss before it.</summary>
    public abstract float Train(NoisedBatch batch);

    /// <summary>The optimiser and the average alone, on the gradients of the last <see cref="Train"/>.</summary>
    public abstract void Update();

    /// <summary>Draws the case's number of images by DDIM.</summary>
    /// <returns>[images, channels, height, width].</returns>
    public abstract Tensor Sample();

    /// <summary>One pass without gradients.</summary>
    public void Forward(Tensor x, Tensor timesteps)
    {
        using var noGradients = no_grad();
        Network.forward(x, timesteps).Dispose();
    }

    public virtual void Dispose() => Network.Dispose();
}
