using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends.Memory;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>How weights lie in a GPU's memory.</summary>
internal static class WeightLayout
{
    /// <summary>
    /// Puts the channels of convolutions' filters together on a GPU, as its tensor cores take them: otherwise each pass copies every filter
    /// into that order, and each gradient back. Numbers, shapes and what is saved stay; does nothing elsewhere, or a second time.
    /// </summary>
    /// <param name="network">Before an optimiser is made, whose moments lie as the weights do.</param>
    public static void ForDevice(nn.Module network)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        foreach (var convolution in network.modules().OfType<Conv2d>())
        {
            var weight = convolution.weight;
            if (weight.device_type != DeviceType.CUDA)
                continue;
            var together = TensorMemory.ChannelsLast(weight);
            if (!ReferenceEquals(together, weight))
                weight.set_(together);
        }
    }
}
