using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

// The fields are named as PyTorch names them: the keys of the weights are made of them.

/// <summary>Convolution, norm, scale and shift by the time, SiLU.</summary>
internal sealed class Block : nn.Module<Tensor, (Tensor Scale, Tensor Shift)?, Tensor>
{
    private readonly nn.Module<Tensor, Tensor> proj;
    private readonly GroupNorm norm;

    public Block(long dim, long dimOut, long groups, bool standardized) : base(nameof(Block))
    {
        proj = standardized ? new WeightStandardizedConv2d(dim, dimOut) : nn.Conv2d(dim, dimOut, 3, padding: 1);
        norm = CommonLayers.GroupNorm(groups, dimOut);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, (Tensor Scale, Tensor Shift)? time)
    {
        using var scope = NewDisposeScope();
        x = norm.forward(proj.forward(x));
        if (time is var (scale, shift))
            x = x * (scale + 1) + shift;
        return nn.functional.silu(x).MoveToOuterDisposeScope();
    }
}

/// <summary>The residual block of The Annotated Diffusion Model and of denoising-diffusion-pytorch.</summary>
internal sealed class ResnetBlock : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Sequential mlp;
    private readonly Block block1;
    private readonly Block block2;
    private readonly nn.Module<Tensor, Tensor> res_conv;

    public ResnetBlock(long dim, long dimOut, long timeEmbDim, long groups, bool standardized) : base(nameof(ResnetBlock))
    {
        mlp = nn.Sequential(nn.SiLU(), nn.Linear(timeEmbDim, 2 * dimOut));
        block1 = new Block(dim, dimOut, groups, standardized);
        block2 = new Block(dimOut, dimOut, groups, standardized);
        res_conv = dim == dimOut ? nn.Identity() : nn.Conv2d(dim, dimOut, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor timeEmb)
    {
        using var scope = NewDisposeScope();
        var halves = mlp.forward(timeEmb).unsqueeze(-1).unsqueeze(-1).chunk(2, 1);
        var h = block1.forward(x, (halves[0], halves[1]));
        h = block2.forward(h, null);
        return (h + res_conv.forward(x)).MoveToOuterDisposeScope();
    }
}

/// <summary>A 3 x 3 convolution whose filters have mean 0 and variance 1 (Qiao et al. 2019).</summary>
internal sealed class WeightStandardizedConv2d : nn.Module<Tensor, Tensor>
{
    private readonly Parameter weight;
    private readonly Parameter bias;

    public WeightStandardizedConv2d(long dim, long dimOut) : base(nameof(WeightStandardizedConv2d))
    {
        using var initial = nn.Conv2d(dim, dimOut, 3);
        weight = nn.Parameter(initial.weight.detach().clone());
        bias = nn.Parameter(initial.bias!.detach().clone());
        RegisterComponents();
    }

    public override Tensor forward(Tensor x)
    {
        using var scope = NewDisposeScope();
        var mean = weight.mean([1, 2, 3], keepdim: true);
        var variance = weight.var([1, 2, 3], unbiased: false, keepdim: true);
        var standardized = (weight - mean) * (variance + 1e-5).rsqrt();
        return nn.functional.conv2d(x, standardized, bias, padding: [1, 1]).MoveToOuterDisposeScope();
    }
}

/// <summary>The steps between levels.</summary>
internal static class Resampling
{
    public static Sequential Downsample(long dim, long dimOut) => nn.Sequential(nn.PixelUnshuffle(2), nn.Conv2d(4 * dim, dimOut, 1));

    public static Sequential Upsample(long dim, long dimOut) =>
        nn.Sequential(nn.Upsample(scale_factor: [2, 2], mode: UpsampleMode.Nearest), nn.Conv2d(dim, dimOut, 3, padding: 1));
}
