using UNetGen.Backends;
using UNetGen.Blocks;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using static Onnx.TensorProto.Types;
using KeyStyle = UNetGen.Blocks.KeyStyle;

namespace UNetGen.Onnx.Layers;

/// <summary><see cref="Blocks.TimeEmbedding"/> and its two kinds of embeddings, in float32 but for the linear layers.</summary>
internal static class TimeEmbeddings
{
    /// <param name="at">The module's.</param>
    /// <param name="module">As planned.</param>
    /// <param name="timesteps">[batch], int64 or float32.</param>
    /// <returns>[batch, timeEmbDim].</returns>
    public static Value Of(Scope at, ModulePlan module, Value timesteps)
    {
        var arguments = ModuleArguments.Of(module);
        var (key, first, second, activation) = arguments.Word<KeyStyle>() switch
        {
            KeyStyle.Diffusers => ("time_proj", "linear_1", "linear_2", Activation.Silu),
            KeyStyle.GuidedDiffusion => ("time_proj", "0", "2", Activation.Silu),
            _ => ("0", "1", "3", Activation.Gelu),
        };
        var times = at.Reshape(at.Cast(timesteps, DataType.Float), Value.Batch, 1);
        var inner = arguments.Inner;
        var embedding = inner.Type == typeof(FourierPosEmb).FullName
            ? Fourier(at.Below(key), times)
            : Sinusoidal(at.Below(key), inner, times);
        return Linear(second, Activations.Of(at, Linear(first, embedding), activation));

        Value Linear(string layer, Value x) => at.Below(layer).Gemm(x, at.Below(layer).Operand("weight"), at.Below(layer).Operand("bias"));
    }

    /// <summary><see cref="SinusoidalPosEmb"/>: frequency_i = theta^(-i / (dim / 2 - freqShift)).</summary>
    private static Value Sinusoidal(Scope at, ModulePlan module, Value times)
    {
        var arguments = ModuleArguments.Of(module);
        var half = arguments.Whole("dim") / 2;
        // In float32 as PyTorch computes them: a long way from timestep 0 their last bits show.
        var step = (float)(-Math.Log(arguments.Number("theta", 10000)) / (half - arguments.Whole("freqShift", 1)));
        float[] numbers = [.. Enumerable.Range(0, half).Select(i => MathF.Exp(i * step))];
        var frequencies = at.Graph.Numbers($"{at.Key}/frequencies", numbers, 1, half);
        var angles = at.Mul(times, frequencies);
        var (sines, cosines) = (at.Each("Sin", angles), at.Each("Cos", angles));
        return arguments.Word<SinusoidOrder>() == SinusoidOrder.SinCos ? at.Concat(1, sines, cosines) : at.Concat(1, cosines, sines);
    }

    /// <summary><see cref="FourierPosEmb"/>.</summary>
    private static Value Fourier(Scope at, Value times)
    {
        var weights = at.Weight("weights");
        var row = at.Main.Reshape(weights, 1, weights.Shape[0]);
        var angles = at.Mul(at.Mul(times, row), at.Graph.Number(2 * Math.PI));
        return at.Concat(1, times, at.Each("Sin", angles), at.Each("Cos", angles));
    }
}
