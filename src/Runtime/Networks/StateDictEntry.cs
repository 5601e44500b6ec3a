using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>One tensor of a network's <c>state_dict</c>, without its values.</summary>
/// <param name="Key">Its key, PyTorch's: <c>downs.0.0.block1.proj.weight</c>.</param>
/// <param name="DType">The type of its elements as the network is made; a network can be moved to another.</param>
/// <param name="Shape">Its dimensions; empty for a scalar.</param>
/// <param name="Trainable">False for a buffer and for a parameter that is fixed.</param>
public sealed record StateDictEntry(string Key, ScalarType DType, IReadOnlyList<long> Shape, bool Trainable)
{
    /// <summary><c>init_conv.weight float32 [16, 3, 7, 7]</c>, and <c>fixed</c> behind it where it isn't trained.</summary>
    public override string ToString() =>
        $"{Key} {DType.ToString().ToLowerInvariant()} [{string.Join(", ", Shape)}]{(Trainable ? "" : " fixed")}";
}
