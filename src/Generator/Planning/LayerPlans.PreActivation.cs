using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>The blocks of diffusers' and guided-diffusion's U-Nets, which do the same under different keys.</summary>
internal sealed partial class LayerPlans
{
    /// <param name="size">Of the input.</param>
    public ModulePlan PreActResnetBlock(
        string key, string field, KeyStyle keys, int from, int to, ImageSize size, Resampling resampling = Resampling.None)
    {
        if (UserBlock is not null && resampling == Resampling.None)
            return OwnBlock(key, field, from, to, size);

        var guided = keys == KeyStyle.GuidedDiffusion;
        var projected = spec.TimeEmbedding.Conditioning == TimeConditioning.ScaleShift ? 2 * to : to;
        var (summary, end) = resampling switch
        {
            Resampling.Down => ("Residual block that halves the size", size.Halved),
            Resampling.Up => ("Residual block that doubles the size", size.Doubled),
            _ => ("Residual block", size),
        };
        var pixels = (long)size.Height * size.Width;
        var endPixels = (long)end.Height * end.Width;
        var cost = ConvCost(from, to, 3, end)
            + ConvCost(to, to, 3, end)
            + new Cost(2L * spec.TimeEmbDim * projected, 2 * from * pixels + 4 * to * endPixels);
        return new ModulePlan(key, field, Blocks + "PreActResnetBlock", summary, Shapes(from, size, to, end))
        {
            Arguments = Arguments(
                ("dim", from), ("dimOut", to), ("timeEmbDim", spec.TimeEmbDim), BlockOptions, Enum(keys),
                resampling == Resampling.None ? null : Enum(resampling)),
            Parameters = NormWeights(guided ? "in_layers.0." : "norm1.", from)
                .Concat(Weights(guided ? "in_layers.2." : "conv1.", [to, from, 3, 3]))
                .Concat(Linear(guided ? "emb_layers.1." : "time_emb_proj.", spec.TimeEmbDim, projected))
                .Concat(NormWeights(guided ? "out_layers.0." : "norm2.", to))
                .Concat(Weights(guided ? "out_layers.3." : "conv2.", [to, to, 3, 3]))
                .Concat(from == to ? [] : Weights(guided ? "skip_connection." : "conv_shortcut.", [to, from, 1, 1]))
                .ToEquatableArray(),
            Cost = from == to ? cost : cost + ConvCost(from, to, 1, end),
        };
    }

    /// <summary>Attention with its norm and its residual sum inside.</summary>
    public ModulePlan PreActAttention(string key, string field, KeyStyle keys, AttentionKind kind, int width, ImageSize size)
    {
        if (kind == AttentionKind.Linear)
            return Attention(key, field, kind, width, size);

        var tokens = spec.Attention.MemoryTokens;
        var guided = keys == KeyStyle.GuidedDiffusion;
        var parameters = guided
            ? NormWeights("norm.", width).Concat(Weights("qkv.", [3 * width, width, 1])).Concat(Weights("proj_out.", [width, width, 1]))
            : NormWeights("group_norm.", width)
                .Concat(new[] { "to_q.", "to_k.", "to_v.", "to_out.0." }.SelectMany(layer => Linear(layer, width, width)));
        var type = Blocks + (guided ? "QkvAttentionBlock" : "AttentionBlock");
        return new ModulePlan(key, field, type, $"Full attention, {Heads(width)}", Shapes(width, size, width, size))
        {
            Arguments = Arguments(
                ("dim", width), ("heads", spec.HeadsAt(width)), BlockOptions,
                tokens == 0 ? null : ("memoryTokens", tokens),
                guided && spec.Attention.NewOrder ? ("newOrder", true) : null),
            Parameters = (tokens == 0 ? parameters : parameters.Prepend(Memory("", width, linear: false))).ToEquatableArray(),
            Cost = AttentionCost(kind, width, size),
        };
    }

    /// <summary>The norm before the last convolution.</summary>
    public ModulePlan OutNorm(string key, string field, int width, ImageSize size)
    {
        var grouped = spec.Norm == Norm.Group;
        var type = grouped ? "TorchSharp.Modules.GroupNorm" : Blocks + "RMSNorm";
        return new ModulePlan(key, field, type, "Norm before the last convolution", Shapes(width, size, width, size))
        {
            // Not torch.nn.GroupNorm: its weights begin as whatever the memory held.
            Factory = grouped ? Blocks + "Layers.GroupNorm" : null,
            Arguments = grouped
                ? Arguments(("groups", spec.Groups), ("channels", width), ("eps", spec.NormEps))
                : Arguments(("channels", width)),
            Parameters = NormWeights("", width),
            Cost = new Cost(0, 2L * width * size.Height * size.Width),
        };
    }
}
