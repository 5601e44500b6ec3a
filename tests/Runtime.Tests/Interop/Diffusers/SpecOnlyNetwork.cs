using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary><see cref="DdpmTinyUNet"/>'s description with some lines of its spec changed, and no weights: for what is decided by the spec alone.</summary>
internal sealed class SpecOnlyNetwork : NoisePredictor
{
    public SpecOnlyNetwork(params (string Line, string Instead)[] changes) : this(new DiffusionOptions(), changes)
    {
    }

    public SpecOnlyNetwork(DiffusionOptions diffusion, params (string Line, string Instead)[] changes) : base(nameof(SpecOnlyNetwork))
    {
        var spec = DdpmTinyUNet.Description.Spec;
        foreach (var (line, instead) in changes)
        {
            Assert.Contains(line, spec);
            spec = spec.Replace(line, instead);
        }

        Info = DdpmTinyUNet.Description with { Name = nameof(SpecOnlyNetwork), Spec = spec };
        Diffusion = diffusion;
    }

    public override NetworkInfo Info { get; }

    public override DiffusionOptions Diffusion { get; }

    public override Tensor forward(Tensor x, Tensor timesteps) => throw new NotSupportedException();
}
