using UNetGen.Backends;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Backends;

/// <summary>A block, and images for it.</summary>
/// <param name="Make">The block, whose time embedding, where it has one, is <see cref="TimeWidth"/> wide.</param>
/// <param name="Shape">Of its images.</param>
public sealed record BlockCase(Func<nn.Module> Make, params long[] Shape)
{
    public const long TimeWidth = 20;

    /// <summary>Of a transformer's context, whose tokens are a time embedding's features four by four.</summary>
    private const long ContextWidth = 4;

    /// <summary>
    /// What every backend must compute as the reference does: blocks that kernels fit, and blocks that none fits or only some of a block's
    /// layers.
    /// </summary>
    public static readonly IReadOnlyDictionary<string, BlockCase> All = new Dictionary<string, BlockCase>
    {
        ["residual, wider"] = Resnet(32, 48, new()),
        ["residual, as wide"] = Resnet(32, 32, new()),
        ["residual, standardised weights"] = Resnet(32, 48, new() { WeightStandardization = true }),
        ["residual, time added"] = Resnet(32, 48, new() { Conditioning = TimeConditioning.Add }),
        ["residual, ReLU"] = Resnet(32, 32, new() { Activation = Activation.Relu }),
        ["residual, GELU"] = Resnet(32, 32, new() { Activation = Activation.Gelu }),
        ["residual, Mish"] = Resnet(32, 32, new() { Activation = Activation.Mish }),
        ["residual, RMSNorm"] = Resnet(32, 48, new() { Norm = Norm.Rms }),
        ["residual, of twice the width"] = Resnet(32, 64, new()),
        ["residual, without time"] = new(() => new ResnetBlock(32, 64), 3, 32, 8, 8),
        ["residual, as wide, without time"] =
            new(() => new ResnetBlock(32, 32, null, new ResnetBlockOptions { Conditioning = TimeConditioning.Add }), 3, 32, 8, 8),
        ["residual, of half the width, time added"] = Resnet(64, 32, new() { Conditioning = TimeConditioning.Add }),
        ["residual, of twice the width, standardised weights"] = Resnet(32, 64, new() { WeightStandardization = true }),
        ["residual, of few pixels"] = new(() => new ResnetBlock(32, 48, TimeWidth, new ResnetBlockOptions()), 3, 32, 8, 6),
        ["residual, of odd widths"] = Resnet(20, 36, new() { Groups = 4 }),
        ["pre-activation, wider"] = PreAct(32, 48, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, scale and shift"] = PreAct(32, 32, new()),
        ["pre-activation, of twice the width"] = PreAct(32, 64, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, of half the width, scale and shift"] = PreAct(64, 32, new()),
        ["pre-activation, as wide, time added"] = PreAct(32, 32, new() { Conditioning = TimeConditioning.Add }),
        ["pre-activation, standardised weights"] = PreAct(32, 64, new() { WeightStandardization = true }),
        ["pre-activation, ReLU"] = PreAct(32, 32, new() { Activation = Activation.Relu }),
        ["pre-activation, RMSNorm"] = PreAct(32, 48, new() { Norm = Norm.Rms }),
        ["pre-activation, down"] = PreAct(32, 48, new(), Resampling.Down),
        ["pre-activation, up"] = PreAct(32, 48, new(), Resampling.Up),
        ["half of a residual block"] = new(() => new Block(32, 48, new(), last: false), 3, 32, 8, 6),
        ["upsampling"] = new(() => new UNetGen.Blocks.Upsample(32, 48), 3, 32, 8, 6),
        ["upsampling, transposed"] = new(() => new UNetGen.Blocks.Upsample(32, 48, UpsampleKind.ConvTranspose), 3, 32, 8, 6),
        ["downsampling"] = new(() => new Downsample(32, 48), 3, 32, 8, 6),
        ["downsampling, 3 x 3"] = new(() => new Downsample(32, 48, DownsampleKind.Conv), 3, 32, 8, 6),
        ["downsampling, 3 x 3, asymmetric"] = new(() => new Downsample(32, 48, DownsampleKind.ConvAsymmetric), 3, 32, 8, 6),
        ["downsampling, mean"] = new(() => new Downsample(32, 48, DownsampleKind.AvgPool), 3, 32, 8, 6),
        ["standardised convolution, 3 x 3"] = new(() => new WeightStandardizedConv2d(32, 48, 3), 3, 32, 8, 10),
        ["standardised convolution, 5 x 5"] = new(() => new WeightStandardizedConv2d(7, 5, 5), 2, 7, 9, 5),
        ["linear attention"] = new(() => new LinearAttention(32), 2, 32, 16, 16),
        ["linear attention, 4 memory tokens"] = new(() => new LinearAttention(32, memoryTokens: 4), 2, 32, 16, 8),
        ["linear attention, group norm outside"] = new(() => new LinearAttention(32, norm: Norm.Group), 3, 32, 16, 16),
        ["linear attention, group norm, 1 memory token"] =
            new(() => new LinearAttention(48, heads: 2, headDim: 16, memoryTokens: 1, norm: Norm.Group), 1, 48, 12, 6),
        ["linear attention, wide"] = new(() => new LinearAttention(128, heads: 3, headDim: 64, memoryTokens: 2), 2, 128, 4, 4),
        ["linear attention, odd sizes"] = new(() => new LinearAttention(20, heads: 3, headDim: 6, memoryTokens: 2), 2, 20, 5, 7),
        ["linear attention, 8 pixels of 1 image"] = new(() => new LinearAttention(16, heads: 1, headDim: 16, memoryTokens: 5), 1, 16, 2, 4),
        ["linear attention, odd positions"] = new(() => new LinearAttention(16, heads: 2, headDim: 16), 2, 16, 5, 7),
        ["linear attention, one pixel"] = new(() => new LinearAttention(16, heads: 2, headDim: 16), 2, 16, 1, 1),
        ["attention"] = new(() => new Attention(64), 2, 64, 8, 8),
        ["attention, 4 memory tokens"] = new(() => new Attention(32, memoryTokens: 4), 2, 32, 8, 4),
        ["attention, group norm outside"] = new(() => new Attention(32, heads: 2, headDim: 16, norm: Norm.Group), 2, 32, 16, 16),
        ["attention, one head"] = new(() => new Attention(32, heads: 1), 2, 32, 8, 8),
        ["attention, odd sizes"] = new(() => new Attention(20, heads: 3, headDim: 6, memoryTokens: 1), 2, 20, 5, 3),
        ["ddpm's attention"] = new(() => new AttentionBlock(64, 1, new()), 2, 64, 16, 16),
        ["ddpm's attention, one image"] = new(() => new AttentionBlock(32, 1, new()), 1, 32, 12, 12),
        ["ddpm's attention, fewer positions than channels"] = new(() => new AttentionBlock(64, 1, new()), 2, 64, 4, 4),
        ["ddpm's attention, heads, memory tokens, RMSNorm"] =
            new(() => new AttentionBlock(48, 3, new() { Norm = Norm.Rms }, memoryTokens: 2), 2, 48, 4, 6),
        ["ddpm's attention, more positions than at once"] = new(() => new AttentionBlock(32, 2, new(), memoryTokens: 17), 3, 32, 12, 12),
        ["guided-diffusion's attention"] = new(() => new QkvAttentionBlock(64, 4, new()), 2, 64, 8, 8),
        ["guided-diffusion's attention, one head"] = new(() => new QkvAttentionBlock(32, 1, new()), 2, 32, 8, 8),
        ["guided-diffusion's attention, memory tokens, RMSNorm"] =
            new(() => new QkvAttentionBlock(24, 3, new() { Norm = Norm.Rms }, memoryTokens: 2), 2, 24, 5, 3),
        ["guided-diffusion's attention, newer order"] = new(() => new QkvAttentionBlock(64, 4, new(), newOrder: true), 2, 64, 8, 8),
        ["transformer"] = new(() => new SpatialTransformer(64, 4, ContextWidth, groups: 8), 2, 64, 8, 8),
        ["transformer, two layers, linear projections, more pixels"] =
            new(() => new SpatialTransformer(32, 2, ContextWidth, layers: 2, groups: 4, linearProjection: true), 3, 32, 16, 12),
        ["transformer, odd sizes, one image"] = new(() => new SpatialTransformer(20, 4, ContextWidth, groups: 4), 1, 20, 5, 3),
        ["transformer, two pixels"] = new(() => new SpatialTransformer(32, 1, ContextWidth, groups: 4), 2, 32, 1, 2),
        ["RMSNorm"] = new(() => new RMSNorm(32), 2, 32, 8, 8),
        ["RMSNorm, odd sizes"] = new(() => new RMSNorm(13), 2, 13, 5, 3),
        ["linear attention in its PreNorm"] = new(() => new ResidualPreNorm<LinearAttention>(32, new(32, norm: Norm.Group)), 2, 32, 8, 8),
        ["attention in its PreNorm"] = new(() => new ResidualPreNorm<Attention>(32, new(32, norm: Norm.Group)), 2, 32, 8, 8),
    };

    /// <summary>One pass of the block.</summary>
    /// <param name="block">Made by <see cref="Make"/>.</param>
    /// <param name="x">Images.</param>
    /// <param name="time">[batch, <see cref="TimeWidth"/>].</param>
    public static Tensor Forward(nn.Module block, Tensor x, Tensor time) => block switch
    {
        ResnetBlock residual => residual.forward(x, time),
        PreActResnetBlock residual => residual.forward(x, time),
        SpatialTransformer transformer => transformer.forward(x, time.reshape(x.size(0), -1, ContextWidth)),
        Block half => half.forward(x),
        _ => ((nn.Module<Tensor, Tensor>)block).forward(x),
    };

    /// <summary>
    /// A result, and along a direction the gradients by everything, by name; the parameters' own are gone afterwards.
    /// </summary>
    /// <param name="block">With its parameters.</param>
    /// <param name="result">Of a pass.</param>
    /// <param name="direction">As large as the result.</param>
    /// <param name="leaf">What the images come from.</param>
    /// <param name="embedding">The time's.</param>
    public static Dictionary<string, Tensor> Outcome(nn.Module block, Tensor result, Tensor direction, Tensor leaf, Tensor embedding)
    {
        result.backward([direction]);
        var results = block.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!);
        (results["result"], results["input"]) = (result.detach(), leaf.grad!);
        if (embedding.grad is { } byTime)
            results["time"] = byTime;
        foreach (var parameter in block.parameters())
            parameter.grad = null;
        return results;
    }

    /// <summary>With neither gains of 1 nor biases of 0, of which a backend could forget one.</summary>
    public static nn.Module Randomized(nn.Module block)
    {
        using var off = no_grad();
        foreach (var parameter in block.parameters())
            parameter.add_(randn(parameter.shape) * 0.2);
        return block;
    }

    /// <summary>Whether the block has a time embedding.</summary>
    public static bool TakesTime(nn.Module block) => block is ResnetBlock { mlp: not null } or PreActResnetBlock;

    private static BlockCase Resnet(long from, long to, ResnetBlockOptions options) =>
        new(() => new ResnetBlock(from, to, TimeWidth, options), 3, from, 8, 10);

    private static BlockCase PreAct(long from, long to, ResnetBlockOptions options, Resampling resampling = Resampling.None) =>
        new(() => new PreActResnetBlock(from, to, TimeWidth, options, KeyStyle.Diffusers, resampling), 3, from, 8, 12);
}
