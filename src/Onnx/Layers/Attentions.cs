using UNetGen.Blocks;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;

namespace UNetGen.Onnx.Layers;

/// <summary>
/// Attention: what <see cref="Backends.Reference"/> computes, with positions last throughout, so that images needn't be turned.
/// </summary>
internal static class Attentions
{
    /// <summary><see cref="Blocks.Attention"/>.</summary>
    public static Value Attention(Scope at, ModulePlan module, Value x)
    {
        var arguments = ModuleArguments.Of(module);
        var heads = arguments.Whole("heads", 4);
        var pixels = Pixels(at, arguments.Word<Norm>() == Norm.Rms ? Norms.Rms(at.Below("norm"), x) : x);
        var qkv = at.Split(Convolutions.Pointwise(at.Below("to_qkv"), pixels, biased: false), 1, 3);
        var result = Attend(at, Heads(at, qkv[0], heads), Heads(at, qkv[1], heads), Heads(at, qkv[2], heads), arguments);
        return at.Reshape(Convolutions.Pointwise(at.Below("to_out"), result), x.Shape);
    }

    /// <summary><see cref="Blocks.AttentionBlock"/>.</summary>
    public static Value AttentionBlock(Scope at, ModulePlan module, Value x)
    {
        var arguments = ModuleArguments.Of(module);
        var heads = arguments.Whole("heads");
        var pixels = Pixels(at, Norms.Of(at.Below("group_norm"), x, arguments.BlockOptions));
        var (q, k, v) = (Projected("to_q"), Projected("to_k"), Projected("to_v"));
        var result = Convolutions.Pointwise(at.Below("to_out.0"), Attend(at, q, k, v, arguments));
        return at.Add(at.Reshape(result, x.Shape), x);

        Value Projected(string layer) => Heads(at, Convolutions.Pointwise(at.Below(layer), pixels), heads);
    }

    /// <summary><see cref="Blocks.QkvAttentionBlock"/>.</summary>
    public static Value QkvAttentionBlock(Scope at, ModulePlan module, Value x)
    {
        var arguments = ModuleArguments.Of(module);
        var (heads, width) = (arguments.Whole("heads"), x.Shape[1]);
        var pixels = Pixels(at, Norms.Of(at.Below("norm"), x, arguments.BlockOptions));
        var qkv = Convolutions.Pointwise(at.Below("qkv"), pixels);
        Value[] parts = arguments.Is("newOrder")
            ? [.. at.Split(qkv, 1, 3).Select(part => Heads(at, part, heads))]
            : at.Split(Heads(at, qkv, heads), 2, 3);
        var result = Convolutions.Pointwise(at.Below("proj_out"), Attend(at, parts[0], parts[1], parts[2], arguments));
        return at.Add(at.Reshape(result, Value.Batch, width, x.Shape[2], x.Shape[3]), x);
    }

    /// <summary><see cref="TokenAttention"/>, with positions last.</summary>
    /// <param name="at">The module's.</param>
    /// <param name="tokens">[batch, dim, positions].</param>
    /// <param name="attended">[batch, dim of these, tokens], of this graph or the main one.</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, dim, positions].</returns>
    public static Value OfTokens(Scope at, Value tokens, Value attended, int heads)
    {
        // What a context gives is the same in each turn of a loop.
        var keys = ReferenceEquals(tokens, attended) ? at : at.Main;
        var (q, k, v) = (Projected(at, "to_q", tokens), Projected(keys, "to_k", attended), Projected(keys, "to_v", attended));
        return Convolutions.Pointwise(at.Below("to_out.0"), Attend(at, q, k, v));

        Value Projected(Scope where, string layer, Value x) =>
            Heads(where, Convolutions.Pointwise(where.Below(layer), x, biased: false), heads);
    }

    /// <summary><see cref="Blocks.LinearAttention"/>.</summary>
    public static Value LinearAttention(Scope at, ModulePlan module, Value x)
    {
        var arguments = ModuleArguments.Of(module);
        var (heads, isRms) = (arguments.Whole("heads", 4), arguments.Word<Norm>() == Norm.Rms);
        var pixels = Pixels(at, isRms ? Norms.Rms(at.Below("norm"), x) : x);
        var qkv = at.Split(Convolutions.Pointwise(at.Below("to_qkv"), pixels, biased: false), 1, 3);
        var (q, k, v) = (Heads(at, qkv[0], heads), Heads(at, qkv[1], heads), Heads(at, qkv[2], heads)); // each [batch, heads, d, positions]
        if (arguments.Whole("memoryTokens") > 0)
            (k, v) = (WithMemory(at, k, 0, arePositionsLast: true), WithMemory(at, v, 1, arePositionsLast: true));
        q = at.Div(at.Softmax(q, 2), at.Graph.Number(Math.Sqrt(q.Shape[2])));
        var context = at.MatMul(at.Softmax(k, 3), at.Transpose(v, 0, 1, 3, 2)); // [batch, heads, d of k, d of v]
        var result = at.MatMul(at.Transpose(context, 0, 1, 3, 2), q);
        var output = Convolutions.Pointwise(at.Below("to_out.0"), Joined(at, result));
        var (norm, images) = (at.Below("to_out.1"), at.Reshape(output, x.Shape));
        return isRms ? Norms.Rms(norm, images) : Norms.Group(norm, images, 1, arguments.Number("normEps", 1e-5));
    }

    /// <summary>softmax(q k^T / sqrt(d)) v of each head.</summary>
    /// <param name="at">The block's, with <c>mem_kv</c> where it has memory tokens.</param>
    /// <param name="q">[batch, heads, d, positions].</param>
    /// <param name="k">The same.</param>
    /// <param name="v">The same.</param>
    /// <param name="arguments">The block's.</param>
    /// <returns>[batch, heads * d, positions].</returns>
    private static Value Attend(Scope at, Value q, Value k, Value v, ModuleArguments arguments)
    {
        if (arguments.Whole("memoryTokens") > 0)
            (k, v) = (WithMemory(at, k, 0, arePositionsLast: false), WithMemory(at, v, 1, arePositionsLast: false));
        return Attend(at, q, k, v);
    }

    /// <summary>The same without memory tokens.</summary>
    private static Value Attend(Scope at, Value q, Value k, Value v)
    {
        // Before the product, where float16 could overflow.
        var scaled = at.Mul(at.Transpose(q, 0, 1, 3, 2), at.Graph.Number(1 / Math.Sqrt(q.Shape[2])));
        var scores = at.Softmax(at.MatMul(scaled, k), 3); // [batch, heads, positions, positions of k]
        var result = at.MatMul(scores, at.Transpose(v, 0, 1, 3, 2));
        return Joined(at, at.Transpose(result, 0, 1, 3, 2));
    }

    /// <summary>The keys or values of learned positions, which every image has, before its own.</summary>
    /// <param name="at">With <c>mem_kv</c> [2, heads, tokens, d], or with positions last.</param>
    /// <param name="own">[batch, heads, d, positions].</param>
    /// <param name="which">0: keys, 1: values.</param>
    /// <param name="arePositionsLast">Whether <c>mem_kv</c> is [2, heads, d, tokens].</param>
    private static Value WithMemory(Scope at, Value own, int which, bool arePositionsLast)
    {
        var main = at.Main;
        var memory = main.Gather(at.Weight("mem_kv"), at.Graph.Whole(which)); // [1, heads, ...]
        if (!arePositionsLast)
            memory = main.Transpose(memory, 0, 1, 3, 2);
        return at.Concat(3, at.Expand(memory, at.BatchOf(own)), own);
    }

    /// <summary>[batch, channels, height, width] to [batch, channels, positions].</summary>
    public static Value Pixels(Scope at, Value x) => at.Reshape(x, Value.Batch, x.Shape[1], x.Shape[2] * x.Shape[3]);

    /// <summary>[batch, heads * d, positions] to [batch, heads, d, positions].</summary>
    private static Value Heads(Scope at, Value x, int heads) => at.Reshape(x, Value.Batch, heads, x.Shape[1] / heads, x.Shape[2]);

    /// <summary>And back.</summary>
    private static Value Joined(Scope at, Value x) => at.Reshape(x, Value.Batch, x.Shape[1] * x.Shape[2], x.Shape[3]);
}
