using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>The blocks of The Annotated Diffusion Model and denoising-diffusion-pytorch.</summary>
internal sealed partial class LayerPlans
{
    public ModulePlan ResnetBlock(string key, string field, int from, int to, ImageSize size)
    {
        if (UserBlock is not null)
            return OwnBlock(key, field, from, to, size);
        var projected = spec.TimeEmbedding.Conditioning == TimeConditioning.ScaleShift ? 2 * to : to;
        var parameters = Linear("mlp.1.", spec.TimeEmbDim, projected)
            .Concat(Half("block1.", from)).Concat(Half("block2.", to))
            .Concat(from == to ? [] : Weights("res_conv.", [to, from, 1, 1]));
        var pixels = (long)size.Height * size.Width;
        var cost = ConvCost(from, to, 3, size) + ConvCost(to, to, 3, size) + new Cost(2L * spec.TimeEmbDim * projected, 5 * to * pixels);
        return new ModulePlan(key, field, Blocks + "ResnetBlock", "Residual block", Shapes(from, size, to, size))
        {
            Arguments = Arguments(("dim", from), ("dimOut", to), ("timeEmbDim", spec.TimeEmbDim), BlockOptions),
            Parameters = parameters.ToEquatableArray(),
            Cost = from == to ? cost : cost + ConvCost(from, to, 1, size),
        };

        IEnumerable<ParameterPlan> Half(string prefix, int width) =>
            Weights(prefix + "proj.", [to, width, 3, 3]).Concat(NormWeights(prefix + "norm.", to));
    }

    /// <summary>
    /// Attention with its residual sum inside (annotated, and what ddpm and adm have of linear attention) or outside (lucidrains).
    /// </summary>
    public ModulePlan Attention(string key, string field, AttentionKind kind, int width, ImageSize size)
    {
        var annotated = spec.Preset != Preset.Lucidrains;
        var (heads, headDim, tokens) = (spec.HeadsAt(width), spec.HeadDimAt(width), spec.Attention.MemoryTokens);
        var hidden = heads * headDim;
        var linear = kind == AttentionKind.Linear;
        var type = Blocks + (linear ? "LinearAttention" : "Attention");
        var summary = $"{(linear ? "Linear" : "Full")} attention, {Heads(width)}";
        var inner = new ModulePlan(key, field, type, summary, Shapes(width, size, width, size))
        {
            Arguments = Arguments(("dim", width), ("heads", heads), ("headDim", headDim),
                tokens == 0 ? null : ("memoryTokens", tokens),
                ("norm", Enum(annotated ? Norm.Group : Norm.Rms)),
                annotated && linear ? ("normEps", spec.NormEps) : null,
                spec.ZeroInit ? ("zeroInit", true) : null),
            Parameters = Parameters(annotated ? "fn.fn." : "").ToEquatableArray(),
            Cost = AttentionCost(kind, width, size),
        };
        return !annotated ? inner : new ModulePlan(key, field, $"{Blocks}ResidualPreNorm<{type}>", summary, inner.Shapes)
        {
            Arguments = Arguments(("dim", width), inner, ("normEps", spec.NormEps)),
            Parameters = inner.Parameters.Concat(Affine("fn.norm.", width)).ToEquatableArray(),
            Cost = inner.Cost,
        };

        IEnumerable<ParameterPlan> Parameters(string prefix)
        {
            if (tokens > 0)
                yield return Memory(prefix, width, linear);

            if (!annotated)
                yield return Gain(prefix + "norm.", width)[0];
            yield return new ParameterPlan(prefix + "to_qkv.weight", Shape(3 * hidden, width, 1, 1));
            foreach (var weight in Weights(prefix + (linear ? "to_out.0." : "to_out."), [width, hidden, 1, 1]))
                yield return weight;
            if (!linear)
                yield break;
            foreach (var weight in annotated ? Affine(prefix + "to_out.1.", width) : Gain(prefix + "to_out.1.", width))
                yield return weight;
        }
    }
}
