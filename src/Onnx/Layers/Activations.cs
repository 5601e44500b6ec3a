using UNetGen.Backends;
using UNetGen.Onnx.Graphs;

namespace UNetGen.Onnx.Layers;

/// <summary>Nonlinearities.</summary>
internal static class Activations
{
    public static Value Of(Scope at, Value x, Activation activation) => activation switch
    {
        Activation.Silu => at.Mul(x, at.Each("Sigmoid", x)),
        Activation.Relu => at.Each("Relu", x),
        Activation.Mish => at.Mul(x, at.Each("Tanh", at.Each("Softplus", x))),
        Activation.Gelu => Gelu(at, x),
        _ => throw new ArgumentOutOfRangeException(nameof(activation), activation, null),
    };

    /// <summary>x (1 + erf(x / sqrt(2))) / 2, in the order in which ONNX Runtime knows it again and has one operator for it.</summary>
    private static Value Gelu(Scope at, Value x)
    {
        var erf = at.Each("Erf", at.Div(x, at.Graph.Number(Math.Sqrt(2))));
        return at.Mul(at.Mul(x, at.Add(erf, at.Graph.Number(1))), at.Graph.Number(0.5));
    }
}
