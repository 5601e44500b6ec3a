using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

/// <summary>
/// The Annotated Diffusion Model's Unet as one writes it down from PyTorch: linear attention at every level, full attention in the middle.
/// </summary>
internal sealed class AnnotatedPeer : nn.Module<Tensor, Tensor, Tensor>
{
    private const int Groups = 4;

    private readonly Conv2d init_conv;
    private readonly Sequential time_mlp;
    private readonly ModuleList<ModuleList<nn.Module>> downs = [];
    private readonly ModuleList<ModuleList<nn.Module>> ups = [];
    private readonly ResnetBlock mid_block1;
    private readonly Residual mid_attn;
    private readonly ResnetBlock mid_block2;
    private readonly ResnetBlock final_res_block;
    private readonly Conv2d final_conv;

    public AnnotatedPeer(long dim, long[] multipliers, long channels) : base(nameof(AnnotatedPeer))
    {
        var time = 4 * dim;
        long[] dims = [dim, .. multipliers.Select(multiplier => multiplier * dim)];
        var last = multipliers.Length - 1;

        init_conv = nn.Conv2d(channels, dim, 1);
        time_mlp = nn.Sequential(new SinusoidalPosEmb(dim), nn.Linear(dim, time), nn.GELU(), nn.Linear(time, time));
        for (var level = 0; level <= last; level++)
        {
            var (from, to) = (dims[level], dims[level + 1]);
            downs.Add(
                new ModuleList<nn.Module>(
                    Resnet(from, from), Resnet(from, from), new Residual(new PreNorm(from, new LinearAttention(from))),
                level == last ? nn.Conv2d(from, to, 3, padding: 1) : Resampling.Downsample(from, to)));
        }

        mid_block1 = Resnet(dims[^1], dims[^1]);
        mid_attn = new Residual(new PreNorm(dims[^1], new FullAttention(dims[^1])));
        mid_block2 = Resnet(dims[^1], dims[^1]);
        for (var level = last; level >= 0; level--)
        {
            var (from, to) = (dims[level], dims[level + 1]);
            ups.Add(new ModuleList<nn.Module>(
                Resnet(to + from, to), Resnet(to + from, to), new Residual(new PreNorm(to, new LinearAttention(to))),
                level == 0 ? nn.Conv2d(to, from, 3, padding: 1) : Resampling.Upsample(to, from)));
        }

        final_res_block = Resnet(2 * dim, dim);
        final_conv = nn.Conv2d(dim, channels, 1);
        RegisterComponents();

        ResnetBlock Resnet(long from, long to) => new(from, to, time, Groups, standardized: true);
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
            x = ((Residual)level[2]).forward(x);
            skips.Push(x);
            x = ((nn.Module<Tensor, Tensor>)level[3]).forward(x);
        }

        x = mid_block1.forward(x, t);
        x = mid_attn.forward(x);
        x = mid_block2.forward(x, t);

        foreach (var level in ups)
        {
            x = ((ResnetBlock)level[0]).forward(cat([x, skips.Pop()], 1), t);
            x = ((ResnetBlock)level[1]).forward(cat([x, skips.Pop()], 1), t);
            x = ((Residual)level[2]).forward(x);
            x = ((nn.Module<Tensor, Tensor>)level[3]).forward(x);
        }

        x = final_res_block.forward(cat([x, first], 1), t);
        return final_conv.forward(x).MoveToOuterDisposeScope();
    }

    private sealed class Residual : nn.Module<Tensor, Tensor>
    {
        private readonly PreNorm fn;

        public Residual(PreNorm fn) : base(nameof(Residual))
        {
            this.fn = fn;
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return (fn.forward(x) + x).MoveToOuterDisposeScope();
        }
    }

    private sealed class PreNorm : nn.Module<Tensor, Tensor>
    {
        private readonly nn.Module<Tensor, Tensor> fn;
        private readonly GroupNorm norm;

        public PreNorm(long dim, nn.Module<Tensor, Tensor> fn) : base(nameof(PreNorm))
        {
            this.fn = fn;
            norm = CommonLayers.GroupNorm(1, dim);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            return fn.forward(norm.forward(x)).MoveToOuterDisposeScope();
        }
    }

    private sealed class LinearAttention : nn.Module<Tensor, Tensor>
    {
        private const int Heads = 4, HeadDim = 32;

        private readonly Conv2d to_qkv;
        private readonly Sequential to_out;

        public LinearAttention(long dim) : base(nameof(LinearAttention))
        {
            to_qkv = nn.Conv2d(dim, 3 * Heads * HeadDim, 1, bias: false);
            to_out = nn.Sequential(nn.Conv2d(Heads * HeadDim, dim, 1), CommonLayers.GroupNorm(1, dim));
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var (b, h, w) = (x.shape[0], x.shape[2], x.shape[3]);
            var qkv = to_qkv.forward(x).chunk(3, 1).Select(part => part.reshape(b, Heads, HeadDim, h * w)).ToArray();
            var q = qkv[0].softmax(-2) * Math.Pow(HeadDim, -0.5);
            var k = qkv[1].softmax(-1);
            var context = einsum("bhdn,bhen->bhde", k, qkv[2]);
            var result = einsum("bhde,bhdn->bhen", context, q);
            return to_out.forward(result.reshape(b, Heads * HeadDim, h, w)).MoveToOuterDisposeScope();
        }
    }

    private sealed class FullAttention : nn.Module<Tensor, Tensor>
    {
        private const int Heads = 4, HeadDim = 32;

        private readonly Conv2d to_qkv;
        private readonly Conv2d to_out;

        public FullAttention(long dim) : base(nameof(FullAttention))
        {
            to_qkv = nn.Conv2d(dim, 3 * Heads * HeadDim, 1, bias: false);
            to_out = nn.Conv2d(Heads * HeadDim, dim, 1);
            RegisterComponents();
        }

        public override Tensor forward(Tensor x)
        {
            using var scope = NewDisposeScope();
            var (b, h, w) = (x.shape[0], x.shape[2], x.shape[3]);
            var qkv = to_qkv.forward(x).chunk(3, 1).Select(part => part.reshape(b, Heads, HeadDim, h * w)).ToArray();
            var similarity = einsum("bhdi,bhdj->bhij", qkv[0] * Math.Pow(HeadDim, -0.5), qkv[1]);
            var result = einsum("bhij,bhdj->bhid", similarity.softmax(-1), qkv[2]);
            return to_out.forward(result.transpose(-2, -1).reshape(b, Heads * HeadDim, h, w)).MoveToOuterDisposeScope();
        }
    }
}
