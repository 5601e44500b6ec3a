using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

/// <summary>
/// denoising-diffusion-pytorch's Unet, version 1.11.1, as one writes it down from PyTorch: full attention at the lowest level, linear
/// above.
/// </summary>
internal sealed class LucidrainsPeer : nn.Module<Tensor, Tensor, Tensor>
{
    private const int Groups = 8;

    private readonly Conv2d init_conv;
    private readonly Sequential time_mlp;
    private readonly ModuleList<ModuleList<nn.Module>> downs = [];
    private readonly ModuleList<ModuleList<nn.Module>> ups = [];
    private readonly ResnetBlock mid_block1;
    private readonly FullAttention mid_attn;
    private readonly ResnetBlock mid_block2;
    private readonly ResnetBlock final_res_block;
    private readonly Conv2d final_conv;

    public LucidrainsPeer(long dim, long[] multipliers, long channels) : base(nameof(LucidrainsPeer))
    {
        var time = 4 * dim;
        long[] dims = [dim, .. multipliers.Select(multiplier => multiplier * dim)];
        var last = multipliers.Length - 1;

        init_conv = nn.Conv2d(channels, dim, 7, padding: 3);
        time_mlp = nn.Sequential(new SinusoidalPosEmb(dim), nn.Linear(dim, time), nn.GELU(), nn.Linear(time, time));
        for (var level = 0; level <= last; level++)
        {
            var (from, to) = (dims[level], dims[level + 1]);
            downs.Add(new ModuleList<nn.Module>(Resnet(from, from), Resnet(from, from), Attention(from, level == last),
                level == last ? nn.Conv2d(from, to, 3, padding: 1) : Resampling.Downsample(from, to)));
        }

        mid_block1 = Resnet(dims[^1], dims[^1]);
        mid_attn = new FullAttention(dims[^1]);
        mid_block2 = Resnet(dims[^1], dims[^1]);
        for (var level = last; level >= 0; level--)
        {
            var (from, to) = (dims[level], dims[level + 1]);
            ups.Add(new ModuleList<nn.Module>(Resnet(to + from, to), Resnet(to + from, to), Attention(to, level == last),
                level == 0 ? nn.Conv2d(to, from, 3, padding: 1) : Resampling.Upsample(to, from)));
        }

        final_res_block = Resnet(2 * dim, dim);
        final_conv = nn.Conv2d(dim, channels, 1);
        RegisterComponents();

        ResnetBlock Resnet(long from, long to) => new(from, to, time, Groups, standardized: false);

        static nn.Module<Tensor, Tensor> Attention(long width, bool full) => full ? new FullAttention(width) : new LinearAttention(width);
    }

    public override Tensor forward(Tensor x, Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var t = time_mlp.forward(timesteps);
        x = init_conv.forward(x);
        var first = x;
        var skips = new Stack<Tensor>();

        foreach (var level in downs)
        {
            x = ((ResnetBlock)level[0]).forward(x, t);
            skips.Push(x);
            x = ((ResnetBlock)level[1]).forward(x, t);
            x = ((nn.Module<Tensor, Tensor>)level[2]).forward(x) + x;
            skips.Push(x);
            x = ((nn.Module<Tensor, Tensor>)level[3]).forward(x);
        }

        x = mid_block1.forward(x, t);
        x = mid_attn.forward(x) + x;
        x = mid_block2.forward(x, t);

        foreach (var level in ups)
        {
            x = ((ResnetBlock)level[0]).forward(cat([x, skips.Pop()], 1), t);
            x = ((ResnetBlock)level[1]).forward(cat([x, skips.Pop()], 1), t);
            x = ((nn.Module<Tensor, Tensor>)level[2]).forward(x) + x;
            x = ((nn.Module<Tensor, Tensor>)level[3]).forward(x);
        }

        x = final_res_block.forward(cat([x, first], 1), t);
        return final_conv.forward(x).MoveToOuterDisposeScope();
    }

    /// <summary>x / |x| over the channels, times g and the root of their number.</summary>
    private sealed class RMSNorm : nn.Module<Tensor, Tensor>
    {
        private readonly Parameter g;
        private readonly double scale;

        public RMSNorm(long dim) : base(nameof(RMSNorm))
        {
            g = nn.Parameter(ones(1, dim, 1, 1));
            scale = Math.Sqrt(dim);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return (nn.functional.normalize(x, dim: 1) * g * scale).MoveToOuterDisposeScope();
        }
    }

    private sealed class LinearAttention : nn.Module<Tensor, Tensor>
    {
        private const int Heads = 4, HeadDim = 32, MemoryTokens = 4;

        private readonly RMSNorm norm;
        private readonly Parameter mem_kv;
        private readonly Conv2d to_qkv;
        private readonly Sequential to_out;

        public LinearAttention(long dim) : base(nameof(LinearAttention))
        {
            norm = new RMSNorm(dim);
            mem_kv = nn.Parameter(randn(2, Heads, HeadDim, MemoryTokens));
            to_qkv = nn.Conv2d(dim, 3 * Heads * HeadDim, 1, bias: false);
            to_out = nn.Sequential(nn.Conv2d(Heads * HeadDim, dim, 1), new RMSNorm(dim));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var (b, h, w) = (x.shape[0], x.shape[2], x.shape[3]);
            var qkv = to_qkv.forward(norm.forward(x)).chunk(3, 1).Select(part => part.reshape(b, Heads, HeadDim, h * w)).ToArray();
            var memory = mem_kv.unsqueeze(1).expand(-1, b, -1, -1, -1);
            var (q, k, v) = (qkv[0], cat([memory[0], qkv[1]], -1), cat([memory[1], qkv[2]], -1));

            q = q.softmax(-2) * Math.Pow(HeadDim, -0.5);
            k = k.softmax(-1);
            var context = einsum("bhdn,bhen->bhde", k, v);
            var result = einsum("bhde,bhdn->bhen", context, q);
            return to_out.forward(result.reshape(b, Heads * HeadDim, h, w)).MoveToOuterDisposeScope();
        }
    }

    private sealed class FullAttention : nn.Module<Tensor, Tensor>
    {
        private const int Heads = 4, HeadDim = 32, MemoryTokens = 4;

        private readonly RMSNorm norm;
        private readonly Parameter mem_kv;
        private readonly Conv2d to_qkv;
        private readonly Conv2d to_out;

        public FullAttention(long dim) : base(nameof(FullAttention))
        {
            norm = new RMSNorm(dim);
            mem_kv = nn.Parameter(randn(2, Heads, MemoryTokens, HeadDim));
            to_qkv = nn.Conv2d(dim, 3 * Heads * HeadDim, 1, bias: false);
            to_out = nn.Conv2d(Heads * HeadDim, dim, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var (b, h, w) = (x.shape[0], x.shape[2], x.shape[3]);
            var qkv = to_qkv.forward(norm.forward(x)).chunk(3, 1).Select(part => part.reshape(b, Heads, HeadDim, h * w).transpose(-2, -1))
                .ToArray();
            var memory = mem_kv.unsqueeze(1).expand(-1, b, -1, -1, -1);
            var (q, k, v) = (qkv[0], cat([memory[0], qkv[1]], -2), cat([memory[1], qkv[2]], -2));

            var weights = (einsum("bhid,bhjd->bhij", q, k) * Math.Pow(HeadDim, -0.5)).softmax(-1);
            var result = einsum("bhij,bhjd->bhid", weights, v);
            return to_out.forward(result.transpose(-2, -1).reshape(b, Heads * HeadDim, h, w)).MoveToOuterDisposeScope();
        }
    }
}
