using static TorchSharp.torch;

namespace UNetGen.Backends.Gpu;

/// <summary>
/// What a kernel is given: the address of a tensor's numbers, or a number. Whoever gives a tensor keeps it alive until the launch returned.
/// </summary>
internal readonly struct KernelArgument
{
    private KernelArgument(ulong bits) => Bits = bits;

    /// <summary>Its bytes, from the lowest on; a kernel takes as many as its parameter has.</summary>
    public ulong Bits { get; }

    /// <summary>Where the numbers lie; 0 for none.</summary>
    public static implicit operator KernelArgument(Tensor? tensor) => new(tensor is null ? 0 : (ulong)Native.Libtorch.AddressOf(tensor));

    /// <summary>An int.</summary>
    public static implicit operator KernelArgument(int number) => new((uint)number);

    /// <summary>A float.</summary>
    public static implicit operator KernelArgument(float number) => new(BitConverter.SingleToUInt32Bits(number));
}
