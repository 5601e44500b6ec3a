using Microsoft.ML.OnnxRuntime;

namespace UNetGen.Onnx.Tests;

/// <summary>A file in ONNX Runtime, on the CPU.</summary>
internal sealed class OnnxRun : IDisposable
{
    private readonly InferenceSession session;

    public OnnxRun(string path)
    {
        // What ONNX Runtime says of itself is none of a test's matter.
        using var options = new SessionOptions { LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_ERROR, IntraOpNumThreads = 1 };
        session = new InferenceSession(path, options);
    }

    public IReadOnlyDictionary<string, string> Metadata => session.ModelMetadata.CustomMetadataMap;

    public IReadOnlyDictionary<string, NodeMetadata> Inputs => session.InputMetadata;

    /// <summary>Its only output, and the shape of it.</summary>
    /// <param name="inputs">Arrays of float or long, with their shapes, by name.</param>
    public (T[] Values, long[] Shape) Run<T>(params (string Name, Array Values, long[] Shape)[] inputs)
        where T : unmanaged
    {
        var given = inputs.ToDictionary(input => input.Name, input => input.Values switch
        {
            float[] numbers => OrtValue.CreateTensorValueFromMemory(numbers, input.Shape),
            long[] numbers => OrtValue.CreateTensorValueFromMemory(numbers, input.Shape),
            _ => throw new ArgumentException($"No input is {input.Values}.", nameof(inputs)),
        });
        using var options = new RunOptions();
        using var results = session.Run(options, given, session.OutputNames);
        foreach (var value in given.Values)
            value.Dispose();
        return (results[0].GetTensorDataAsSpan<T>().ToArray(), results[0].GetTensorTypeAndShape().Shape);
    }

    public void Dispose() => session.Dispose();
}
