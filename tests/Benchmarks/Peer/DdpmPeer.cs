using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

/// <summary>
/// The network of Ho et al. 2020 as one writes it down from diffusers' UNet2DModel: two residual blocks a level, attention where asked for.
/// </summary>
internal sealed class DdpmPeer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Conv2d conv_in;
    private readonly TimestepEmbedding time_embedding;
    private readonly ModuleList<Level> down_blocks = [];
    private readonly ModuleList<Level> up_blocks = [];
    private readonly Level mid_block;
    private readonly GroupNorm conv_norm_out;
    private readonly Conv2d conv_out;

    /// <param name="attention">Whether there is any, level by level; in the middle there always is.</param>
    public DdpmPeer(long dim, long[] multipliers, bool[] attention, long channels) : base(nameof(DdpmPeer))
    {
        const int blocks = 2;
        var time = 4 * dim;
        long[] widths = [.. multipliers.Select(multiplier => multiplier * dim)];
        var last = widths.Length - 1;
        var skips = new Stack<long>([dim]);

        conv_in = nn.Conv2d(channels, dim, 3, padding: 1);
        time_embedding = new TimestepEmbedding(dim, time);
        var width = dim;
        for (var level = 0; level <= last; level++)
        {
            var resnets = new List<ResnetBlock>();
            for (var block = 0; block < blocks; block++)
            {
                resnets.Add(new ResnetBlock(width, widths[level], time));
                width = widths[level];
                skips.Push(width);
            }

            if (level < last)
                skips.Push(width);
            down_blocks.Add(new Level(width, resnets, attention[level] ? blocks : 0, level < last ? new Downsample(width) : null, null));
        }

        mid_block = new Level(width, [new ResnetBlock(width, width, time), new ResnetBlock(width, width, time)], 1, null, null);
        for (var level = last; level >= 0; level--)
        {
            var resnets = new List<ResnetBlock>();
            for (var block = 0; block <= blocks; block++)
            {
                resnets.Add(new ResnetBlock(width + skips.Pop(), widths[level], time));
                width = widths[level];
            }

            up_blocks.Add(new Level(width, resnets, attention[level] ? blocks + 1 : 0, null, level > 0 ? new Upsample(width) : null));
        }

        conv_norm_out = CommonLayers.GroupNorm(32, dim, 1e-6);
        conv_out = nn.Conv2d(dim, channels, 3, padding: 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var t = time_embedding.forward(timesteps);
        x = conv_in.forward(x);
        var skips = new Stack<Tensor>([x]);

        foreach (var level in down_blocks)
        {
            for (var block = 0; block < level.resnets.Count; block++)
            {
                x = level.resnets[block].forward(x, t);
                if (level.attentions is not null)
                    x = level.attentions[block].forward(x);
                skips.Push(x);
            }

            if (level.downsamplers is not null)
            {
                x = level.downsamplers[0].forward(x);
                skips.Push(x);
            }
        }

        x = mid_block.resnets[0].forward(x, t);
        x = mid_block.attentions![0].forward(x);
        x = mid_block.resnets[1].forward(x, t);

        foreach (var level in up_blocks)
        {
            for (var block = 0; block < level.resnets.Count; block++)
            {
                x = level.resnets[block].forward(cat([x, skips.Pop()], 1), t);
                if (level.attentions is not null)
                    x = level.attentions[block].forward(x);
            }

            if (level.upsamplers is not null)
                x = level.upsamplers[0].forward(x);
        }

        x = nn.functional.silu(conv_norm_out.forward(x));
        return conv_out.forward(x).MoveToOuterDisposeScope();
    }

    /// <summary>What one level has, on one of the two ways, or the middle.</summary>
    private sealed class Level : nn.Module
    {
        public readonly ModuleList<AttentionBlock>? attentions;
        public readonly ModuleList<ResnetBlock> resnets;
        public readonly ModuleList<Downsample>? downsamplers;
        public readonly ModuleList<Upsample>? upsamplers;

        public Level(long width, List<ResnetBlock> resnets, int attentions, Downsample? downsampler, Upsample? upsampler) : base(
            nameof(Level))
        {
            this.attentions = attentions == 0 ? null : new([.. Enumerable.Range(0, attentions).Select(_ => new AttentionBlock(width))]);
            this.resnets = new([.. resnets]);
            downsamplers = downsampler is null ? null : new(downsampler);
            upsamplers = upsampler is null ? null : new(upsampler);
            RegisterComponents();
        }
    }

    private sealed class TimestepEmbedding : nn.Module<Tensor, Tensor>
    {
        private readonly SinusoidalPosEmb time_proj;
        private readonly Linear linear_1;
        private readonly Linear linear_2;

        public TimestepEmbedding(long dim, long timeEmbDim) : base(nameof(TimestepEmbedding))
        {
            time_proj = new SinusoidalPosEmb(dim);
            linear_1 = nn.Linear(dim, timeEmbDim);
            linear_2 = nn.Linear(timeEmbDim, timeEmbDim);
            RegisterComponents();
        }

        public override Tensor forward(Tensor timesteps)
        {
            using var scope = NewDisposeScope();
            return linear_2.forward(nn.functional.silu(linear_1.forward(time_proj.forward(timesteps)))).MoveToOuterDisposeScope();
        }
    }

    private sealed class ResnetBlock : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly GroupNorm norm1;
        private readonly Conv2d conv1;
        private readonly Linear time_emb_proj;
        private readonly GroupNorm norm2;
        private readonly Conv2d conv2;
        private readonly Conv2d? conv_shortcut;

        public ResnetBlock(long dim, long dimOut, long timeEmbDim) : base(nameof(ResnetBlock))
        {
            norm1 = CommonLayers.GroupNorm(32, dim, 1e-6);
            conv1 = nn.Conv2d(dim, dimOut, 3, padding: 1);
            time_emb_proj = nn.Linear(timeEmbDim, dimOut);
            norm2 = CommonLayers.GroupNorm(32, dimOut, 1e-6);
            conv2 = nn.Conv2d(dimOut, dimOut, 3, padding: 1);
            conv_shortcut = dim == dimOut ? null : nn.Conv2d(dim, dimOut, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x, Tensor timeEmb)
        {
            using var scope = NewDisposeScope();
            var h = conv1.forward(nn.functional.silu(norm1.forward(x)));
            h = h + time_emb_proj.forward(nn.functional.silu(timeEmb)).unsqueeze(-1).unsqueeze(-1);
            h = conv2.forward(nn.functional.silu(norm2.forward(h)));
            return (h + (conv_shortcut is null ? x : conv_shortcut.forward(x))).MoveToOuterDisposeScope();
        }
    }

    /// <summary>One head. diffusers asks PyTorch for it as a whole, so this does too.</summary>
    private sealed class AttentionBlock : nn.Module<Tensor, Tensor>
    {
        private readonly GroupNorm group_norm;
        private readonly Linear to_q;
        private readonly Linear to_k;
        private readonly Linear to_v;
        private readonly ModuleList<Linear> to_out;

        public AttentionBlock(long dim) : base(nameof(AttentionBlock))
        {
            group_norm = CommonLayers.GroupNorm(32, dim, 1e-6);
            to_q = nn.Linear(dim, dim);
            to_k = nn.Linear(dim, dim);
            to_v = nn.Linear(dim, dim);
            to_out = new(nn.Linear(dim, dim));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var pixels = group_norm.forward(x).flatten(2).transpose(1, 2);
            var (q, k, v) = (to_q.forward(pixels).unsqueeze(1), to_k.forward(pixels).unsqueeze(1), to_v.forward(pixels).unsqueeze(1));
            var result = nn.functional.scaled_dot_product_attention(q, k, v).squeeze(1);
            result = to_out[0].forward(result).transpose(1, 2).reshape(x.shape);
            return (result + x).MoveToOuterDisposeScope();
        }
    }

    private sealed class Downsample : nn.Module<Tensor, Tensor>
    {
        private readonly Conv2d conv;

        public Downsample(long dim) : base(nameof(Downsample))
        {
            conv = nn.Conv2d(dim, dim, 3, stride: 2);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return conv.forward(nn.functional.pad(x, (0, 1, 0, 1))).MoveToOuterDisposeScope();
        }
    }

    private sealed class Upsample : nn.Module<Tensor, Tensor>
    {
        private readonly Conv2d conv;

        public Upsample(long dim) : base(nameof(Upsample))
        {
            conv = nn.Conv2d(dim, dim, 3, padding: 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return conv.forward(
                nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest)).MoveToOuterDisposeScope();
        }
    }
}
