using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// Linear attention as one node of autograd's graph (<see cref="LinearAttentionPass"/>): what stands between its two passes over the pixels are some ninety operators on matrices so small that calling them
/// costs more than computing them.
/// </summary>
internal sealed class LinearAttentionFunction : KernelFunction<LinearAttentionFunction>
{
    /// <summary>The block's parameters.</summary>
    /// <param name="Gain">Of the RMSNorm before it, [1, dim, 1, 1]; null without.</param>
    /// <param name="Weight">To queries, keys and values, [3 features, dim, 1, 1].</param>
    /// <param name="Memory">Further keys and values, [2, heads, headDim, tokens]; or null.</param>
    /// <param name="OutWeight">[dim, features, 1, 1].</param>
    /// <param name="OutBias">[dim].</param>
    /// <param name="EndGain">Of the RMSNorm after it, [1, dim, 1, 1]; null without.</param>
    public readonly record struct Parameters(Tensor? Gain, Tensor Weight, Tensor? Memory, Tensor OutWeight, Tensor OutBias, Tensor? EndGain);

    /// <summary>The block's result.</summary>
    /// <param name="x">[batch, dim, height, width], as <see cref="LinearAttentionSize.Fits"/> asks.</param>
    /// <param name="parameters">Of the block.</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, dim, height, width], channels together.</returns>
    public static Tensor Attend(Tensor x, Parameters parameters, long heads)
    {
        using var scope = NewDisposeScope();
        // In the order of LinearAttentionPass's constants.
        Tensor?[] inputs = [TensorMemory.ChannelsLast(x), parameters.Gain, parameters.Weight, parameters.Memory, parameters.OutWeight, parameters.OutBias, parameters.EndGain];
        return (is_grad_enabled() ? Run([.. inputs, heads]) : new LinearAttentionPass(inputs, heads).Forward()).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var heads = (long)vars[LinearAttentionPass.Inputs];
        var pass = new LinearAttentionPass(Array.ConvertAll(vars[..LinearAttentionPass.Inputs], input => (Tensor?)input), heads);
        var result = pass.Forward();
        ctx.save_for_backward([.. pass.Kept!]);
        ctx.save_data(nameof(heads), heads);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var pass = new LinearAttentionPass([.. context.get_saved_variables()], (long)context.get_data("heads"));
        return [.. pass.Backward(TensorMemory.ChannelsLast(gradient)), null];
    }
}
