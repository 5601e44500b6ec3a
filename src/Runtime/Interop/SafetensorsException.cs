namespace UNetGen.Interop;

/// <summary>
/// A file isn't what the safetensors format allows, or was damaged; the message names the file, the tensor and what is wrong.
/// </summary>
public sealed class SafetensorsException : UNetGenException
{
    internal SafetensorsException(string path, string problem, Exception? inner = null)
        : base($"{path} is no valid safetensors file: {problem}", inner) => Path = path;

    /// <summary>The file.</summary>
    public string Path { get; }
}
