using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>
/// A kernel with a gradient of its own. It adds to TorchSharp's custom functions that gradients are given back as soon as libtorch has them: left to the scope of a whole
/// training step, all of them would be alive at once.
/// </summary>
internal abstract class KernelFunction<T> : autograd.SingleTensorFunction<T>
    where T : KernelFunction<T>, new()
{
    /// <inheritdoc/>
    public sealed override string Name => typeof(T).Name;

    /// <summary>The result, with its gradient where one can be asked for.</summary>
    protected static Tensor Run(params object?[] inputs)
    {
        // What TorchSharp keeps to know the result's shape is a tensor as large as the result; it goes with this scope.
        using var scope = NewDisposeScope();
        return apply(inputs!).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor grad_output)
    {
        Gradients.Release();
        using var noGradients = no_grad();
        using var scope = NewDisposeScope();
        var gradients = Backward(context, grad_output);
        grad_output.Dispose();
        Gradients.Keep(gradients);
        return gradients!;
    }

    /// <summary>The gradients by all inputs, in their order; null for what needs none.</summary>
    protected abstract List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient);
}

/// <summary>What kernels have given to libtorch, which by the next call has its own reference to it.</summary>
internal static class Gradients
{
    [ThreadStatic]
    private static List<Tensor>? given;

    public static void Keep(IEnumerable<Tensor?> gradients)
    {
        given ??= [];
        foreach (var gradient in gradients)
        {
            if (gradient is not null)
                given.Add(gradient.DetachFromDisposeScope());
        }
    }

    public static void Release()
    {
        given?.ForEach(gradient => gradient.Dispose());
        given?.Clear();
    }
}
