using UNetGen.Blocks;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using KeyStyle = UNetGen.Blocks.KeyStyle;
using Resampling = UNetGen.Backends.Resampling;

namespace UNetGen.Onnx.Layers;

/// <summary>Residual blocks: what <see cref="Backends.Reference"/> computes, as operators.</summary>
internal static class ResidualBlocks
{
    /// <summary><see cref="Blocks.ResnetBlock"/>.</summary>
    /// <param name="at">The block's.</param>
    /// <param name="module">As planned.</param>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="time">[batch, timeEmbDim].</param>
    /// <returns>[batch, dimOut, height, width].</returns>
    public static Value ResnetBlock(Scope at, ModulePlan module, Value x, Value time)
    {
        var arguments = ModuleArguments.Of(module);
        var (options, width) = (arguments.BlockOptions, arguments.Whole("dimOut"));
        var condition = Projected(at, at.Below("mlp.1"), time, options, width);
        var h = Half(at.Below("block1"), x, condition);
        h = Half(at.Below("block2"), options.Conditioning == TimeConditioning.Add ? at.Add(h, condition[0]) : h, []);
        return at.Add(h, arguments.Whole("dim") == width ? x : Convolutions.Same(at.Below("res_conv"), x));

        Value Half(Scope half, Value input, Value[] scaleShift)
        {
            var normed = Norms.Of(half.Below("norm"), Convolve(half.Below("proj"), input, options), options);
            return Activations.Of(half, Scaled(half, normed, options, scaleShift), options.Activation);
        }
    }

    /// <summary><see cref="Blocks.PreActResnetBlock"/>.</summary>
    /// <param name="at">The block's.</param>
    /// <param name="module">As planned.</param>
    /// <param name="x">[batch, dim, height, width].</param>
    /// <param name="time">[batch, timeEmbDim].</param>
    /// <returns>[batch, dimOut, height, width], or half or twice as high and wide.</returns>
    public static Value PreActResnetBlock(Scope at, ModulePlan module, Value x, Value time)
    {
        var arguments = ModuleArguments.Of(module);
        var (options, width) = (arguments.BlockOptions, arguments.Whole("dimOut"));
        var resampling = arguments.Word<Resampling>();
        var guided = arguments.Word<KeyStyle>() == KeyStyle.GuidedDiffusion;
        var h = Activations.Of(at, Norms.Of(at.Below(guided ? "in_layers.0" : "norm1"), x, options), options.Activation);
        h = Convolve(at.Below(guided ? "in_layers.2" : "conv1"), Resampled(at, h, resampling), options);
        var condition = Projected(at, at.Below(guided ? "emb_layers.1" : "time_emb_proj"), time, options, width);
        if (options.Conditioning == TimeConditioning.Add)
            h = at.Add(h, condition[0]);
        h = Norms.Of(at.Below(guided ? "out_layers.0" : "norm2"), h, options);
        h = Activations.Of(at, Scaled(at, h, options, condition), options.Activation);
        h = Convolve(at.Below(guided ? "out_layers.3" : "conv2"), h, options);
        var shortcut = Resampled(at, x, resampling);
        return at.Add(h, arguments.Whole("dim") == width
            ? shortcut
            : Convolutions.Same(at.Below(guided ? "skip_connection" : "conv_shortcut"), shortcut));
    }

    /// <summary>What the time does to a block: scale and shift, or what is added, [batch, width, 1, 1] each.</summary>
    private static Value[] Projected(Scope at, Scope layer, Value time, ResnetBlockOptions options, int width)
    {
        var projected = layer.Gemm(Activations.Of(at, time, options.Activation), layer.Operand("weight"), layer.Operand("bias"));
        var images = at.Reshape(projected, Value.Batch, projected.Shape[1], 1, 1);
        return projected.Shape[1] == width ? [images] : at.Split(images, 1, 2);
    }

    /// <summary>x * (scale + 1) + shift, where the time enters so.</summary>
    private static Value Scaled(Scope at, Value x, ResnetBlockOptions options, Value[] condition) =>
        options.Conditioning == TimeConditioning.ScaleShift && condition is [var scale, var shift]
            ? at.Add(at.Mul(x, at.Add(scale, at.Graph.Number(1))), shift)
            : x;

    private static Value Convolve(Scope at, Value x, ResnetBlockOptions options) =>
        options.WeightStandardization ? Convolutions.Standardized(at, x) : Convolutions.Same(at, x);

    private static Value Resampled(Scope at, Value x, Resampling resampling) => resampling switch
    {
        Resampling.Down => at.AveragePool(x),
        Resampling.Up => at.Doubled(x),
        _ => x,
    };
}
