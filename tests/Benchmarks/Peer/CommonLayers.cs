using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Benchmarks.Peer;

/// <summary>What the hand-written networks have in common.</summary>
internal static class CommonLayers
{
    /// <summary>TorchSharp's begins with whatever the memory held as weight and bias; PyTorch's with ones and zeros.</summary>
    public static GroupNorm GroupNorm(long groups, long channels, double eps = 1e-5)
    {
        var norm = nn.GroupNorm(groups, channels, eps);
        nn.init.ones_(norm.weight);
        nn.init.zeros_(norm.bias);
        return norm;
    }
}

/// <summary>Timesteps [batch] to sines, then cosines, [batch, dim] (Vaswani et al. 2017).</summary>
internal sealed class SinusoidalPosEmb(long dim) : nn.Module<Tensor, Tensor>(nameof(SinusoidalPosEmb))
{
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var half = dim / 2;
        var frequencies = exp(arange(half, float32, timesteps.device) * (-Math.Log(10000) / (half - 1)));
        var angles = timesteps.to(float32).unsqueeze(1) * frequencies.unsqueeze(0);
        return cat([angles.sin(), angles.cos()], -1).MoveToOuterDisposeScope();
    }
}
