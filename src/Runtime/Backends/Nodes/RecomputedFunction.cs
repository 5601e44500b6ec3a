using static TorchSharp.torch;

namespace UNetGen.Backends.Nodes;

/// <summary>
/// What is computed twice: once for the result, of which nothing is kept but what went in, and in the backward pass once more for the
/// gradients (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost"). Both passes do the same, dropout's draws included.
/// </summary>
internal sealed class RecomputedFunction : KernelFunction<RecomputedFunction>
{
    private const string Again = "again", Draws = "draws";

    /// <summary>The result.</summary>
    /// <param name="compute">
    /// Makes it of the inputs, now and again in the backward pass: of other tensors with the same numbers, so it must compute with those
    /// that it is given.
    /// </param>
    /// <param name="inputs">All tensors that a gradient may be asked for; null where there is none.</param>
    /// <param name="draws">Whether there is dropout in it.</param>
    public static Tensor Of(Func<Tensor?[], Tensor> compute, IReadOnlyList<Tensor?> inputs, bool draws) => Run([.. inputs, compute, draws]);

    /// <inheritdoc/>
    protected override Tensor Compute(autograd.AutogradContext context, object[] vars)
    {
        var inputs = Array.ConvertAll(vars[..^2], input => (Tensor?)input);
        var (compute, draws) = ((Func<Tensor?[], Tensor>)vars[^2], (bool)vars[^1]);
        context.save_data(Again, compute);
        context.save_data(Draws, draws);
        // As in a pass whose gradient is asked for: kernels for passes without one round otherwise.
        using var gradients = enable_grad();
        using var scope = NewDisposeScope();
        var (result, mark) = draws
            ? GeneratorMark.Draw(inputs.OfType<Tensor>().First().device_type, () => compute(inputs))
            : (compute(inputs), null);
        context.save_for_backward([.. inputs!, mark?.MoveToOuterDisposeScope()!]);
        return result.detach().MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient)
    {
        var compute = (Func<Tensor?[], Tensor>)context.get_data(Again);
        Tensor?[] saved = [.. context.get_saved_variables()];
        // Without the graph that they come from, which isn't gone through again. Leaves are what gradients are asked for themselves.
        var inputs = Array.ConvertAll(saved[..^1], input => input is null or { is_leaf: true } ? input : input.detach().requires_grad_());
        using var gradients = enable_grad();
        var result = (bool)context.get_data(Draws)
            ? GeneratorMark.Repeat(saved[^1]!, gradient.device_type, () => compute(inputs))
            : compute(inputs);
        int[] asked = [.. Enumerable.Range(0, inputs.Length).Where(index => inputs[index] is { requires_grad: true })];
        var given = autograd.grad([result], [.. asked.Select(index => inputs[index]!)], [gradient], allow_unused: true);
        var all = new Tensor?[inputs.Length + 2];
        foreach (var (tensor, index) in given.Zip(asked))
            all[index] = tensor.IsInvalid ? null : tensor;
        return [.. all];
    }
}
