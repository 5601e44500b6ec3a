using TorchSharp;
using UNetGen.Backends;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// The numbers in which a network computes while it is trained. On CUDA that includes what the device does with float32 inside convolutions
/// and products: with <see cref="Precision.Float32"/> all 32 bits count, with <see cref="Precision.BFloat16"/> what is left in float32 may
/// be rounded to TF32's 19. What was before comes back when disposed.
/// </summary>
internal sealed class TrainingPrecision : IDisposable
{
    private readonly NoisePredictor network;
    private readonly Precision before;
    private readonly (bool Products, bool Convolutions)? tf32;

    public TrainingPrecision(NoisePredictor network, Precision precision)
    {
        this.network = network;
        before = network.Precision;
        network.Precision = precision;
        if (network.Device.type != DeviceType.CUDA)
            return;
        tf32 = (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32);
        (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (precision == Precision.BFloat16, precision == Precision.BFloat16);
    }

    public void Dispose()
    {
        network.Precision = before;
        if (tf32 is var (products, convolutions))
            (backends.cuda.matmul.allow_tf32, backends.cudnn.allow_tf32) = (products, convolutions);
    }
}
