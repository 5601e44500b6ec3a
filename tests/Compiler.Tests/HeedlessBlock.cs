using static TorchSharp.torch;

namespace UNetGen.Compiler.Tests;

/// <summary>A user's own residual block that returns its input, however many channels it is asked for.</summary>
public sealed class HeedlessBlock : nn.Module<Tensor, Tensor, Tensor>
{
    public HeedlessBlock(long dim, long dimOut, long timeEmbDim) : base(nameof(HeedlessBlock)) =>
        ArgumentOutOfRangeException.ThrowIfLessThan(dim + dimOut + timeEmbDim, 3);

    public override Tensor forward(Tensor x, Tensor timeEmb) => x;
}
