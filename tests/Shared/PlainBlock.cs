using TorchSharp.Modules;
using static TorchSharp.torch;

namespace UNetGen.Tests;

/// <summary>
/// A user's own residual block, as specs own_block.unet.yaml of tests name it: two convolutions, the time embedding between them.
/// </summary>
public sealed class PlainBlock : nn.Module<Tensor, Tensor, Tensor>
{
    private readonly Conv2d first;
    private readonly Linear time;
    private readonly Conv2d second;
    private readonly Conv2d shortcut;

    public PlainBlock(long dim, long dimOut, long timeEmbDim) : base(nameof(PlainBlock))
    {
        first = nn.Conv2d(dim, dimOut, 3, padding: 1);
        time = nn.Linear(timeEmbDim, dimOut);
        second = nn.Conv2d(dimOut, dimOut, 3, padding: 1);
        shortcut = nn.Conv2d(dim, dimOut, 1);
        RegisterComponents();
    }

    public override Tensor forward(Tensor x, Tensor timeEmb)
    {
        using var scope = NewDisposeScope();
        var h = nn.functional.silu(first.forward(x) + time.forward(timeEmb).unsqueeze(-1).unsqueeze(-1));
        return (second.forward(h) + shortcut.forward(x)).MoveToOuterDisposeScope();
    }
}
