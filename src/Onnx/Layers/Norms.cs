using UNetGen.Blocks;
using UNetGen.Onnx.Graphs;

namespace UNetGen.Onnx.Layers;

/// <summary>Norms, always in float32.</summary>
internal static class Norms
{
    /// <summary>The norm of a network's residual blocks.</summary>
    public static Value Of(Scope at, Value x, ResnetBlockOptions options) =>
        options.Norm == Norm.Rms ? Rms(at, x) : Group(at, x, (int)options.Groups, options.NormEps);

    /// <summary>GroupNorm (Wu and He 2018) of images [batch, channels, height, width].</summary>
    public static Value Group(Scope at, Value x, int groups, double eps)
    {
        var channels = x.Shape[1];
        // A group is one channel of an instance norm.
        var grouped = at.Reshape(x, Value.Batch, groups, x.Shape[1..].Aggregate(1, (product, size) => product * size) / groups);
        var normed = at.Reshape(at.InstanceNormalization(grouped, eps), x.Shape);
        var (weight, bias) = (PerChannel("weight"), PerChannel("bias"));
        return at.Add(at.Mul(normed, weight), bias);

        Value PerChannel(string name) => at.Main.Reshape(at.Weight(name), channels, 1, 1);
    }

    /// <summary>LayerNorm (Ba et al. 2016) of tokens with positions last, [batch, features, positions].</summary>
    public static Value Layer(Scope at, Value tokens, double eps)
    {
        var features = tokens.Shape[1];
        var centered = at.Sub(tokens, at.ReduceMean(tokens, 1));
        var variance = at.ReduceMean(at.Mul(centered, centered), 1);
        var normed = at.Div(centered, at.Each("Sqrt", at.Add(variance, at.Graph.Number(eps))));
        return at.Add(at.Mul(normed, PerFeature("weight")), PerFeature("bias"));

        Value PerFeature(string name) => at.Main.Reshape(at.Weight(name), features, 1);
    }

    /// <summary>x / max(|x|, 1e-12) * g * sqrt(channels), the norm |x| over the channels of each pixel.</summary>
    public static Value Rms(Scope at, Value x)
    {
        var gain = at.Main.Mul(at.Weight("g"), at.Graph.Number(Math.Sqrt(x.Shape[1])));
        var length = at.Max(at.ReduceL2(x, 1), at.Graph.Number(1e-12));
        return at.Mul(at.Div(x, length), gain);
    }
}
