using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>One tensor of a safetensors file, as its header describes it.</summary>
/// <param name="Name">Its key.</param>
/// <param name="DType">The type of its elements.</param>
/// <param name="Shape">Its dimensions; empty for a scalar.</param>
/// <param name="Offset">Where its bytes begin in the data behind the header.</param>
/// <param name="Length">How many bytes it has.</param>
public sealed record SafetensorsEntry(string Name, ScalarType DType, IReadOnlyList<long> Shape, long Offset, long Length);
