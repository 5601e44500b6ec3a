using UNetGen.Blocks;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using Activation = UNetGen.Backends.Activation;

namespace UNetGen.Onnx.Layers;

/// <summary>Transformers over pixels: what <see cref="Backends.Reference"/> computes, with positions last throughout.</summary>
internal static class Transformers
{
    /// <summary><see cref="Blocks.SpatialTransformer"/>.</summary>
    /// <param name="at">The block's.</param>
    /// <param name="module">As planned.</param>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="context">[batch, tokens, contextDim], of the main graph.</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public static Value SpatialTransformer(Scope at, ModulePlan module, Value x, Value context)
    {
        var arguments = ModuleArguments.Of(module);
        var heads = arguments.Whole("heads");
        var attended = at.Main.Transpose(context, 0, 2, 1);
        var normed = Norms.Group(at.Below("norm"), x, arguments.Whole("groups", 32), Blocks.SpatialTransformer.NormEps);
        var tokens = Convolutions.Pointwise(at.Below("proj_in"), Attentions.Pixels(at, normed));
        for (var layer = 0; layer < arguments.Whole("layers", 1); layer++)
            tokens = Layer(at.Below($"transformer_blocks.{layer}"), tokens, attended, heads);
        return at.Add(at.Reshape(Convolutions.Pointwise(at.Below("proj_out"), tokens), x.Shape), x);
    }

    /// <summary><see cref="TransformerBlock"/>, of [batch, dim, positions] and [batch, contextDim, tokens].</summary>
    private static Value Layer(Scope at, Value tokens, Value attended, int heads)
    {
        var normed = Normed("norm1", tokens);
        var h = at.Add(Attentions.OfTokens(at.Below("attn1"), normed, normed, heads), tokens);
        h = at.Add(Attentions.OfTokens(at.Below("attn2"), Normed("norm2", h), attended, heads), h);
        return at.Add(FeedForward(at.Below("ff"), Normed("norm3", h)), h);

        Value Normed(string norm, Value x) => Norms.Layer(at.Below(norm), x, TransformerBlock.NormEps);
    }

    /// <summary><see cref="Blocks.FeedForward"/>.</summary>
    private static Value FeedForward(Scope at, Value tokens)
    {
        var halves = at.Split(Convolutions.Pointwise(at.Below("net.0.proj"), tokens), 1, 2);
        var gated = at.Mul(halves[0], Activations.Of(at, halves[1], Activation.Gelu));
        return Convolutions.Pointwise(at.Below("net.2"), gated);
    }
}
