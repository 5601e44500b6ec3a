namespace UNetGen.Onnx;

/// <summary>What was exported.</summary>
/// <param name="Network">The network's class.</param>
/// <param name="Paths">The .onnx file, and, where its weights have 2 GB or more, the file with them beside it.</param>
/// <param name="Inputs">Names, types and shapes: <c>noise float32 [batch, 1, 28, 28]</c>.</param>
/// <param name="Output">The same of what comes out.</param>
/// <param name="Doubts">What speaks against drawing with these weights, a sentence each; the file's metadata has it too.</param>
public sealed record OnnxFile(
    string Network, IReadOnlyList<string> Paths, IReadOnlyList<string> Inputs, string Output, IReadOnlyList<string> Doubts)
{
    /// <summary>Of all files together.</summary>
    public long ByteCount => Paths.Sum(path => new FileInfo(path).Length);
}
