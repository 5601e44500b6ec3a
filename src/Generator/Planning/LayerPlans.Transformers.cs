using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>The transformers of preset conditional, under diffusers' keys.</summary>
internal sealed partial class LayerPlans
{
    /// <summary>Of the context, for what a forward pass costs: as many as CLIP's text encoder has.</summary>
    public const int CountedTokens = 77;

    /// <summary>GroupNorm, a projection, layers of self-attention, cross-attention and feed-forward, a projection, and the sum.</summary>
    public ModulePlan SpatialTransformer(string key, string field, int layers, int width, ImageSize size)
    {
        var (contextDim, heads) = (spec.ContextDim!.Value, spec.HeadsAt(width));
        int[] projection = spec.Attention.LinearProjection ? [width, width] : [width, width, 1, 1];
        var summary = $"Transformer, {(layers == 1 ? "" : $"{layers} layers of ")}{Heads(width)}, attends to the context";
        return new ModulePlan(key, field, Blocks + "SpatialTransformer", summary, Shapes(width, size, width, size))
        {
            Arguments = Arguments(
                ("dim", width), ("heads", heads), ("contextDim", contextDim),
                layers == 1 ? null : ("layers", layers),
                ("groups", spec.Groups),
                spec.Attention.LinearProjection ? ("linearProjection", true) : null,
                spec.ZeroInit ? ("zeroInit", true) : null),
            Parameters = Affine("norm.", width)
                .Concat(Weights("proj_in.", projection))
                .Concat(Enumerable.Range(0, layers)
                    .SelectMany(layer => TransformerLayer($"transformer_blocks.{layer}.", width, contextDim)))
                .Concat(Weights("proj_out.", projection))
                .ToEquatableArray(),
            Cost = TransformerCost(layers, width, contextDim, heads, size),
        };
    }

    private static IEnumerable<ParameterPlan> TransformerLayer(string prefix, int width, int contextDim) =>
    [
        .. Affine($"{prefix}norm1.", width),
        .. TokenAttention($"{prefix}attn1.", width, width),
        .. Affine($"{prefix}norm2.", width),
        .. TokenAttention($"{prefix}attn2.", width, contextDim),
        .. Affine($"{prefix}norm3.", width),
        .. Linear($"{prefix}ff.net.0.proj.", width, 2 * FeedForwardWidth(width)),
        .. Linear($"{prefix}ff.net.2.", FeedForwardWidth(width), width),
    ];

    private static IEnumerable<ParameterPlan> TokenAttention(string prefix, int width, int attended) =>
    [
        new(prefix + "to_q.weight", Shape(width, width)),
        new(prefix + "to_k.weight", Shape(width, attended)),
        new(prefix + "to_v.weight", Shape(width, attended)),
        .. Linear(prefix + "to_out.0.", width, width),
    ];

    private static int FeedForwardWidth(int width) => 4 * width;

    private static Cost TransformerCost(int layers, int width, int contextDim, int heads, ImageSize size)
    {
        var pixels = (long)size.Height * size.Width;
        // To queries and from the results; to keys and values; products with both.
        var self = new Cost(
            4L * width * width * pixels + 4L * width * width * pixels + 4L * width * pixels * pixels,
            (6 * width + heads) * pixels);
        var cross = new Cost(
            4L * width * width * pixels + 4L * contextDim * width * CountedTokens + 4L * width * CountedTokens * pixels,
            (4 * width + heads) * pixels + 2L * width * CountedTokens);
        var hidden = FeedForwardWidth(width);
        var feedForward = new Cost(6L * width * hidden * pixels, (3 * hidden + 2 * width) * pixels);
        return Enumerable.Repeat(self + cross + feedForward, layers).Aggregate(
            ConvCost(width, width, 1, size) + ConvCost(width, width, 1, size) + new Cost(0, width * pixels), (sum, layer) => sum + layer);
    }
}
