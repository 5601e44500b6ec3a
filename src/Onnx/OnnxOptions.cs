using UNetGen.Onnx.Files;
using UNetGen.Sampling;

namespace UNetGen.Onnx;

/// <summary>What is exported, and in which numbers.</summary>
public sealed record OnnxOptions
{
    /// <summary>
    /// Whether weights are stored and convolutions, linear layers and products of matrices computed in float16, half the bytes. Norms,
    /// softmaxes, sums and the sampler stay in float32.
    /// </summary>
    public bool Half { get; init; }

    /// <summary>
    /// Draws whole pictures: the file takes noise and gives pictures. DDIM without eta, DPM-Solver++(2M) or Heun without churn, whose
    /// pictures depend on their first noise alone. Null: the file is the network, one pass.
    /// </summary>
    public SpacedSampler? Sampler { get; init; }

    /// <summary>Bytes of weights that the .onnx file itself may hold; more lie in a second file beside it.</summary>
    internal long MostInside { get; init; } = ModelFile.MostInside;
}
