using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

/// <summary>
/// guided-diffusion's UNetModel as one writes it down from PyTorch, without classes: scale and shift by the time, residual blocks that
/// resample, attention in the legacy order, nothing that begins at 0.
/// Its attention is asked for as a whole, as one has it today, instead of by two products.
/// </summary>
internal sealed class AdmPeer : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly long dim;
    private readonly Sequential time_embed;
    private readonly ModuleList<ModuleList<nn.Module>> input_blocks = [];
    private readonly ModuleList<nn.Module> middle_block;
    private readonly ModuleList<ModuleList<nn.Module>> output_blocks = [];
    private readonly Sequential @out;

    /// <param name="attention">Whether there is any, level by level; in the middle there always is.</param>
    public AdmPeer(long dim, long[] multipliers, int blocks, bool[] attention, long headDim, long channels) : base(nameof(AdmPeer))
    {
        this.dim = dim;
        var time = 4 * dim;
        var last = multipliers.Length - 1;
        var width = multipliers[0] * dim;
        var skips = new Stack<long>([width]);

        time_embed = nn.Sequential(nn.Linear(dim, time), nn.SiLU(), nn.Linear(time, time));
        input_blocks.Add(new ModuleList<nn.Module>(nn.Conv2d(channels, width, 3, padding: 1)));
        for (var level = 0; level <= last; level++)
        {
            for (var block = 0; block < blocks; block++)
            {
                input_blocks.Add(Layers(width, level));
                skips.Push(width);
            }

            if (level < last)
            {
                input_blocks.Add(new ModuleList<nn.Module>(new ResBlock(width, width, time, Resampling.Down)));
                skips.Push(width);
            }
        }

        middle_block = new(new ResBlock(width, width, time), new AttentionBlock(width, headDim), new ResBlock(width, width, time));
        for (var level = last; level >= 0; level--)
        {
            for (var block = 0; block <= blocks; block++)
            {
                var layers = Layers(width + skips.Pop(), level);
                if (level > 0 && block == blocks)
                    layers.Add(new ResBlock(width, width, time, Resampling.Up));
                output_blocks.Add(layers);
            }
        }

        @out = nn.Sequential(CommonLayers.GroupNorm(32, width), nn.SiLU(), nn.Conv2d(width, channels, 3, padding: 1));
        RegisterComponents();

        ModuleList<nn.Module> Layers(long from, int level)
        {
            width = multipliers[level] * dim;
            var layers = new ModuleList<nn.Module>(new ResBlock(from, width, time));
            if (attention[level])
                layers.Add(new AttentionBlock(width, headDim));
            return layers;
        }
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var t = time_embed.forward(TimestepEmbedding(timesteps));
        var skips = new Stack<Tensor>();
        foreach (var layers in input_blocks)
        {
            x = Apply(layers, x, t);
            skips.Push(x);
        }

        x = Apply(middle_block, x, t);
        foreach (var layers in output_blocks)
            x = Apply(layers, cat([x, skips.Pop()], 1), t);
        return @out.forward(x).MoveToOuterDisposeScope();
    }

    private static Tensor Apply(ModuleList<nn.Module> layers, Tensor x, Tensor t)
    {
        foreach (var layer in layers)
            x = layer is ResBlock block ? block.forward(x, t) : ((nn.Module<Tensor, Tensor>)layer).forward(x);
        return x;
    }

    /// <summary>[batch] to cosines, then sines, [batch, dim].</summary>
    private Tensor TimestepEmbedding(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var half = dim / 2;
        var frequencies = exp(arange(half, float32, timesteps.device) * (-Math.Log(10000) / half));
        var angles = timesteps.to(float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cat([angles.cos(), angles.sin()], -1).MoveToOuterDisposeScope();
    }

    private enum Resampling
    {
        None,
        Down,
        Up,
    }

    private sealed class ResBlock : nn.Module<Tensor, Tensor, Tensor>
    {
        private readonly Resampling resampling;
        private readonly Sequential in_layers;
        private readonly Sequential emb_layers;
        private readonly Sequential out_layers;
        private readonly nn.Module<Tensor, Tensor> skip_connection;

        public ResBlock(long dim, long dimOut, long timeEmbDim, Resampling resampling = Resampling.None) : base(nameof(ResBlock))
        {
            this.resampling = resampling;
            in_layers = nn.Sequential(CommonLayers.GroupNorm(32, dim), nn.SiLU(), nn.Conv2d(dim, dimOut, 3, padding: 1));
            emb_layers = nn.Sequential(nn.SiLU(), nn.Linear(timeEmbDim, 2 * dimOut));
            // Third is the dropout, of nothing here.
            out_layers = nn.Sequential(
                CommonLayers.GroupNorm(32, dimOut), nn.SiLU(), nn.Identity(), nn.Conv2d(dimOut, dimOut, 3, padding: 1));
            skip_connection = dim == dimOut ? nn.Identity() : nn.Conv2d(dim, dimOut, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x, Tensor timeEmb)
        {
            using var scope = NewDisposeScope();
            var h = Resample(nn.functional.silu(in_layers[0].call(x)));
            h = in_layers[2].call(h);
            x = Resample(x);
            var halves = emb_layers.forward(timeEmb).unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
            h = out_layers[0].call(h) * (1 + halves[0]) + halves[1];
            h = out_layers[3].call(nn.functional.silu(h));
            return (skip_connection.forward(x) + h).MoveToOuterDisposeScope();
        }

        private Tensor Resample(Tensor x) => resampling switch
        {
            Resampling.Down => nn.functional.avg_pool2d(x, 2),
            Resampling.Up => nn.functional.interpolate(x, scale_factor: [2, 2], mode: InterpolationMode.Nearest),
            _ => x,
        };
    }

    private sealed class AttentionBlock : nn.Module<Tensor, Tensor>
    {
        private readonly long headDim;
        private readonly GroupNorm norm;
        private readonly Conv1d qkv;
        private readonly Conv1d proj_out;

        public AttentionBlock(long dim, long headDim) : base(nameof(AttentionBlock))
        {
            this.headDim = headDim;
            norm = CommonLayers.GroupNorm(32, dim);
            qkv = nn.Conv1d(dim, 3 * dim, 1);
            proj_out = nn.Conv1d(dim, dim, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var (b, width, pixels) = (x.shape[0], x.shape[1], x.shape[2] * x.shape[3]);
            // The heads are split before q, k and v.
            var parts = qkv.forward(norm.forward(x).flatten(2)).reshape(b, width / headDim, 3 * headDim, pixels).transpose(-2, -1)
                .chunk(3, -1);
            var result = nn.functional.scaled_dot_product_attention(parts[0], parts[1], parts[2]).transpose(-2, -1);
            result = proj_out.forward(result.reshape(b, width, pixels)).reshape(x.shape);
            return (x + result).MoveToOuterDisposeScope();
        }
    }
}
