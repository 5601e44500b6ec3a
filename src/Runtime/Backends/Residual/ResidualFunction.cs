using UNetGen.Backends.Memory;
using UNetGen.Backends.Nodes;
using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Residual;

/// <summary>
/// A residual block as one node of autograd's graph (<see cref="ResidualPass{V}"/>): the graph, its tensors and their release cost the one
/// thread that walks it more than the smaller images' convolutions cost.
/// </summary>
internal sealed class ResidualFunction<V> : KernelFunction<ResidualFunction<V>>
    where V : unmanaged, IFloats<V>
{
    /// <summary>The block's result.</summary>
    /// <param name="operands">As the kernels of its convolutions and norms ask.</param>
    /// <param name="form">What is fixed.</param>
    /// <returns>[batch, out channels, height, width], channels together.</returns>
    public static Tensor Forward(ResidualOperands<Tensor?> operands, ResidualForm form)
    {
        using var scope = NewDisposeScope();
        operands = operands with { X = TensorMemory.ChannelsLast(operands.X!) };
        var result = is_grad_enabled() ? Run([.. operands.InOrder, form]) : new ResidualPass<V>(operands, form).Forward(keep: false);
        return result.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext ctx, object[] vars)
    {
        var inputs = Array.ConvertAll(vars[..ResidualOperands<Tensor?>.Count], input => (Tensor?)input);
        var form = (ResidualForm)vars[ResidualOperands<Tensor?>.Count];
        var pass = new ResidualPass<V>(ResidualOperands<Tensor?>.From(inputs), form);
        var result = pass.Forward(keep: true);
        ctx.save_for_backward([.. pass.Operands.InOrder!, .. pass.Kept.InOrder!]);
        ctx.save_data(nameof(ResidualForm), form);
        ctx.save_data(
            nameof(Tensor.requires_grad), ResidualOperands<bool>.From(Array.ConvertAll(inputs, input => input is { requires_grad: true })));
        return result;
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        Tensor?[] saved = [.. context.get_saved_variables()];
        var operands = ResidualOperands<Tensor?>.From(saved);
        var pass = new ResidualPass<V>(operands, (ResidualForm)context.get_data(nameof(ResidualForm)))
        {
            Kept = ResidualKept.From(saved.AsSpan(ResidualOperands<Tensor?>.Count)),
        };
        var needed = (ResidualOperands<bool>)context.get_data(nameof(Tensor.requires_grad));
        return [.. pass.Backward(TensorMemory.ChannelsLast(gradient), needed).InOrder, null];
    }
}
