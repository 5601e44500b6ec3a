using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Attention;

/// <summary>
/// Linear attention as one node of autograd's graph (<see cref="LinearAttentionPass{V}"/>): what stands between its two passes over the
/// pixels are some ninety operators on matrices so small that calling them costs more than computing them.
/// </summary>
internal sealed class LinearAttentionFunction<V> : KernelFunction<LinearAttentionFunction<V>>
    where V : unmanaged, IFloats<V>
{
    /// <summary>The block's result.</summary>
    /// <param name="operands">As <see cref="LinearAttentionSize.Fits"/> asks.</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, dim, height, width], channels together.</returns>
    public static Tensor Attend(LinearAttentionOperands operands, long heads)
    {
        using var scope = NewDisposeScope();
        operands = operands with { X = TensorMemory.ChannelsLast(operands.X) };
        var result = is_grad_enabled() ? Run([.. operands.InOrder, heads]) : new LinearAttentionPass<V>(operands, heads).Forward(out _);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var (operands, heads) = (LinearAttentionOperands.From(vars), (long)vars[LinearAttentionOperands.Count]);
        var result = new LinearAttentionPass<V>(operands, heads).Forward(out var kept);
        ctx.save_for_backward([.. operands.InOrder!, kept.Means, kept.LogSums]);
        ctx.save_data(nameof(heads), heads);
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var saved = context.get_saved_variables();
        var kept = new LinearAttentionKept(saved[LinearAttentionOperands.Count], saved[LinearAttentionOperands.Count + 1]);
        var pass = new LinearAttentionPass<V>(LinearAttentionOperands.From(saved), (long)context.get_data("heads"));
        return [.. pass.Backward(TensorMemory.ChannelsLast(gradient), kept).InOrder, null];
    }
}
