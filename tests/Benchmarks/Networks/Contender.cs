using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Networks;

/// <summary>A network with all that trains it and draws with it, on its device: either what users of the generator get, or what they would write by hand.</summary>
internal abstract class Contender(nn.Module<Tensor, Tensor, Tensor> network, Device device) : IDisposable
{
    public const double LearningRate = 1e-4;
    public const double Beta1 = 0.9;
    public const double Beta2 = 0.99;
    public const double EmaDecay = 0.995;
    public const int DrawnImages = 16;
    public const int DrawnSteps = 25;

    public nn.Module<Tensor, Tensor, Tensor> Network { get; } = network;

    public Device Device { get; } = device;

    /// <summary>Forward, backward, optimiser, average of the weights. The loss before it.</summary>
    public abstract float Train(NoisedBatch batch);

    /// <summary>The optimiser and the average alone, on the gradients of the last <see cref="Train"/>.</summary>
    public abstract void Update();

    /// <summary>Draws <see cref="DrawnImages"/> images by DDIM in <see cref="DrawnSteps"/> steps.</summary>
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
