using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>
/// A network's description, by default <see cref="DdpmTinyUNet"/>'s, with some lines of its spec changed, and no weights: for what is
/// decided by the spec alone.
/// </summary>
internal sealed class SpecOnlyNetwork : NoisePredictor
{
    public SpecOnlyNetwork(params (string Line, string Instead)[] changes) : this(DdpmTinyUNet.Description, new(), changes)
    {
    }

    public SpecOnlyNetwork(NetworkInfo info, DiffusionOptions diffusion, params (string Line, string Instead)[] changes) : base(
        nameof(SpecOnlyNetwork))
    {
        var spec = info.Spec;
        foreach (var (line, instead) in changes)
        {
            Assert.Contains(line, spec);
            spec = spec.Replace(line, instead);
        }

        Info = info with { Name = nameof(SpecOnlyNetwork), Spec = spec };
        Diffusion = diffusion;
    }

    public override NetworkInfo Info { get; }

    public override DiffusionOptions Diffusion { get; }

    public override Tensor forward(Tensor x, Tensor timesteps) => throw new NotSupportedException();
}
