using TorchSharp.Modules;
using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// A transformer over the pixels of images, which attend to one another and to a context (Rombach et al. 2022, section 3.3 and appendix
/// E.2.1), as diffusers' Transformer2DModel has it: x + proj_out(layers(proj_in(norm(x)))), with the pixels as tokens, row by row.
/// </summary>
/// <remarks>
/// Keys <c>norm</c>, <c>proj_in</c>, <c>transformer_blocks.0</c> and so on, <c>proj_out</c>. The norm's eps is 1e-6 and the layers' 1e-5,
/// whatever the residual blocks around have.
/// </remarks>
public sealed class SpatialTransformer : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Of <see cref="norm"/>.</summary>
    internal const double NormEps = 1e-6;

    /// <summary>Before everything else.</summary>
    public readonly GroupNorm norm;

    /// <summary>dim to dim, each pixel by itself: a 1 x 1 <see cref="Conv2d"/> or a <see cref="Linear"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> proj_in;

    /// <summary>One after another.</summary>
    public readonly IReadOnlyList<TransformerBlock> transformer_blocks;

    /// <summary>As <see cref="proj_in"/>.</summary>
    public readonly nn.Module<Tensor, Tensor> proj_out;

    /// <param name="dim">Channels of input and output.</param>
    /// <param name="heads">Attention heads; must divide <paramref name="dim"/>.</param>
    /// <param name="contextDim">Width of the context's tokens.</param>
    /// <param name="layers">How many <see cref="TransformerBlock"/>s.</param>
    /// <param name="groups">Of the norm; must divide <paramref name="dim"/>.</param>
    /// <param name="linearProjection">
    /// Whether <see cref="proj_in"/> and <see cref="proj_out"/> are linear layers: the same numbers under other shapes.
    /// </param>
    /// <param name="zeroInit">Whether <see cref="proj_out"/> starts at 0.</param>
    public SpatialTransformer(
        long dim, long heads, long contextDim, long layers = 1, long groups = 32, bool linearProjection = false, bool zeroInit = false)
        : base(nameof(SpatialTransformer))
    {
        norm = Layers.GroupNorm(groups, dim, NormEps);
        proj_in = Projection();
        transformer_blocks = [.. Enumerable.Range(0, (int)layers).Select(_ => new TransformerBlock(dim, heads, contextDim))];
        proj_out = Projection();
        if (zeroInit)
        {
            var output = proj_out.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter);
            Layers.Zero(output["weight"], output["bias"]);
        }

        register_module("norm", norm);
        register_module("proj_in", proj_in);
        for (var i = 0; i < transformer_blocks.Count; i++)
            ModuleGroup.Register(this, $"transformer_blocks.{i}", transformer_blocks[i]);
        register_module("proj_out", proj_out);

        nn.Module<Tensor, Tensor> Projection() => linearProjection ? nn.Linear(dim, dim) : nn.Conv2d(dim, dim, 1);
    }

    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="context">[batch, tokens, contextDim].</param>
    /// <returns>The shape of <paramref name="x"/>.</returns>
    public override Tensor forward(Tensor x, Tensor context)
    {
        using var scope = NewDisposeScope();
        var weights = new TransformerWeights(new GroupNormWeights(norm), LayerWeights.OfPixels(proj_in),
            [.. transformer_blocks.Select(block => block.Weights)], LayerWeights.OfPixels(proj_out));
        return Compute.Backend.Transformer(x, context, weights).MoveToOuterDisposeScope();
    }

    /// <summary>Nothing: the constructor registered the layers under PyTorch's keys.</summary>
    protected override void RegisterComponents()
    {
    }
}
