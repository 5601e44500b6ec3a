using Onnx;

namespace UNetGen.Onnx.Graphs;

/// <summary>A tensor of a graph.</summary>
/// <param name="Name">Unique in the file.</param>
/// <param name="Shape">Its sizes; <see cref="Batch"/> is the open number of images, <see cref="Tokens"/> of a context's tokens.</param>
/// <param name="Type">Of its elements.</param>
internal sealed record Value(string Name, int[] Shape, TensorProto.Types.DataType Type = TensorProto.Types.DataType.Float)
{
    /// <summary>The size that isn't known before a file is run. In the shape of a Reshape, 0 keeps the size that there is.</summary>
    public const int Batch = 0;

    /// <summary>
    /// Another size that isn't known before a file is run. In the shape of a Reshape, -1 is what follows from the others, and convolutions
    /// of kernel 1 leave it as it is.
    /// </summary>
    public const int Tokens = -1;

    /// <summary>The value that an operator's optional input has where it isn't given.</summary>
    public static Value None { get; } = new("", []);
}
