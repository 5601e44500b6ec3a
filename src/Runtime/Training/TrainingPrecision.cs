using UNetGen.Backends;
using UNetGen.Networks;

namespace UNetGen.Training;

/// <summary>
/// The numbers in which a network computes while it is trained. On CUDA that includes what the device does with float32 inside convolutions
/// and products: with <see cref="Precision.Float32"/> all 32 bits count, with <see cref="Precision.BFloat16"/> what is left in float32 may
/// be rounded to TF32's 19; and cuDNN tries its algorithms. What was before comes back when disposed.
/// </summary>
internal sealed class TrainingPrecision : IDisposable
{
    private readonly NoisePredictor network;
    private readonly Precision before;
    private readonly CudaArithmetic arithmetic;

    public TrainingPrecision(NoisePredictor network, Precision precision)
    {
        this.network = network;
        before = network.Precision;
        network.Precision = precision;
        arithmetic = new(network.Device, tf32: precision == Precision.BFloat16);
    }

    public void Dispose()
    {
        network.Precision = before;
        arithmetic.Dispose();
    }
}
