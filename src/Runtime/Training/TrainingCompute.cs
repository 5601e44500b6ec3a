using UNetGen.Backends;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>
/// How a network computes while it is trained: in training mode, in which numbers, and what it keeps for the gradient. On CUDA the numbers
/// include what the device does with float32 inside convolutions and products: with <see cref="Precision.Float32"/> all 32 bits count, with
/// another what is left in float32 may be rounded to TF32's 19; and cuDNN tries its algorithms. What was before comes back when disposed.
/// </summary>
internal sealed class TrainingCompute : IDisposable
{
    private readonly NoisePredictor network;
    private readonly TrainingOptions options;
    private readonly CudaArithmetic arithmetic;
    private (Precision Precision, bool GradientCheckpointing, bool Training)? before;

    public TrainingCompute(NoisePredictor network, TrainingOptions options)
    {
        (this.network, this.options) = (network, options);
        arithmetic = new(network.Device, tf32: options.Precision != Precision.Float32);
    }

    /// <summary>Sets it for a step: a report may have left it otherwise. Called where nobody draws.</summary>
    public void Set()
    {
        before ??= (network.Precision, network.GradientCheckpointing, network.training);
        (network.Precision, network.GradientCheckpointing) = (options.Precision, options.GradientCheckpointing);
        if (!network.training)
            network.train();
    }

    public void Dispose()
    {
        if (before is { } was)
        {
            using var alone = NetworkUse.Alone(network);
            (network.Precision, network.GradientCheckpointing) = (was.Precision, was.GradientCheckpointing);
            network.train(was.Training);
        }
        arithmetic.Dispose();
    }
}
