using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>What the CPU has made, on its way to the device.</summary>
internal static class DeviceCopy
{
    /// <summary>
    /// The same on the device. An NVIDIA GPU is not waited for: it copies from pinned memory, behind what it was given before, and libtorch
    /// keeps that memory until then.
    /// </summary>
    /// <param name="made">On the CPU, contiguous; disposed of, or the result itself.</param>
    /// <param name="device">Where to.</param>
    public static Tensor Send(Tensor made, Device device)
    {
        if (device.type == DeviceType.CPU)
            return made;
        using (made)
        {
            if (device.type != DeviceType.CUDA)
                return made.to(device);
            using var pinned = made.pin_memory();
            return pinned.to(device, non_blocking: true);
        }
    }
}
