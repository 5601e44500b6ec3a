using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Compiler.Tests;

/// <summary>A user's own residual block that returns its input where it has as many channels as are asked for.</summary>
public sealed class PassingBlock : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Conv2d? conv;

    public PassingBlock(long dim, long dimOut, long timeEmbDim) : base(nameof(PassingBlock))
    {
        ArgumentOutOfRangeException.ThrowIfNegative(timeEmbDim);
        conv = dim == dimOut ? null : nn.Conv2d(dim, dimOut, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor timeEmb) => conv is null ? x : conv.forward(x);
}
