using Onnx;

namespace UNetGen.Onnx.Tests;

/// <summary>What is in a file.</summary>
internal static class Model
{
    public static ModelProto Read(string path) => ModelProto.Parser.ParseFrom(File.ReadAllBytes(path));

    /// <summary>Its free text by key.</summary>
    public static Dictionary<string, string> Metadata(string path) =>
        Read(path).MetadataProps.ToDictionary(pair => pair.Key, pair => pair.Value);
}
