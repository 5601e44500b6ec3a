using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// A residual block as one node of autograd's graph (<see cref="ResidualPass"/>): the graph, its tensors and their release cost the one thread that walks it more than the smaller images'
/// convolutions cost.
/// </summary>
internal sealed class ResidualFunction : KernelFunction<ResidualFunction>
{
    /// <summary>A convolution and a norm.</summary>
    /// <param name="Weight">[out channels, channels, 3, 3].</param>
    /// <param name="Bias">[out channels], or null.</param>
    /// <param name="NormWeight">[channels of the norm].</param>
    /// <param name="NormBias">[channels of the norm].</param>
    public readonly record struct Half(Tensor Weight, Tensor? Bias, Tensor NormWeight, Tensor NormBias);

    /// <summary>A linear layer or a 1 x 1 convolution.</summary>
    /// <param name="Weight">[out, in] or [out, in, 1, 1].</param>
    /// <param name="Bias">[out], or null.</param>
    public readonly record struct Linear(Tensor Weight, Tensor? Bias);

    /// <summary>The block's result.</summary>
    /// <param name="x">[batch, channels, height, width]; both convolutions as <see cref="Convolution3x3.Fits"/> and both norms as <see cref="GroupNormFunction.Fits"/> ask.</param>
    /// <param name="time">[batch, features], before its SiLU; or null.</param>
    /// <param name="projection">From features to what <see cref="ResidualForm.AddsTime"/> says; null without time.</param>
    /// <param name="first">First convolution and norm.</param>
    /// <param name="second">Second convolution and norm.</param>
    /// <param name="shortcut">1 x 1 convolution of <paramref name="x"/>; null where the width stays.</param>
    /// <param name="form">The rest.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public static Tensor Forward(Tensor x, Tensor? time, Linear? projection, Half first, Half second, Linear? shortcut, ResidualForm form)
    {
        using var scope = NewDisposeScope();
        // In the order of ResidualPass's constants.
        Tensor?[] inputs =
        [
            TensorMemory.ChannelsLast(x), time, projection?.Weight, projection?.Bias, first.Weight, first.Bias, first.NormWeight, first.NormBias,
            second.Weight, second.Bias, second.NormWeight, second.NormBias, shortcut?.Weight, shortcut?.Bias,
        ];
        return (is_grad_enabled() ? Run([.. inputs, form]) : new ResidualPass(inputs, form).Forward(keep: false)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var inputs = Array.ConvertAll(vars[..ResidualPass.Inputs], input => (Tensor?)input);
        var form = (ResidualForm)vars[ResidualPass.Inputs];
        var pass = new ResidualPass(inputs, form);
        var result = pass.Forward(keep: true);
        ctx.save_for_backward([.. pass.Kept!]);
        ctx.save_data(nameof(ResidualForm), form);
        ctx.save_data(nameof(Tensor.requires_grad), Array.ConvertAll(inputs, input => input is { requires_grad: true }));
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var pass = new ResidualPass([.. context.get_saved_variables()], (ResidualForm)context.get_data(nameof(ResidualForm)));
        return [.. pass.Backward(TensorMemory.ChannelsLast(gradient), (bool[])context.get_data(nameof(Tensor.requires_grad))), null];
    }
}
