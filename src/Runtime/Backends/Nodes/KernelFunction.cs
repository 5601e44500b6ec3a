using System.Runtime.ExceptionServices;
using System.Runtime.InteropServices;
using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Backends.Nodes;

/// <summary>
/// A kernel with a gradient of its own. It adds to TorchSharp's custom functions that gradients are given back as soon as libtorch has
/// them: left to the scope of a whole training step, all of them would be alive at once.
/// </summary>
internal abstract class KernelFunction<T> : autograd.SingleTensorFunction<T>
    where T : KernelFunction<T>, new()
{
    private const string TensorsKey = "tensors";

    /// <inheritdoc/>
    public sealed override string Name => typeof(T).Name;

    /// <summary>The result, with its gradient where one can be asked for.</summary>
    protected static Tensor Run(params object?[] inputs)
    {
        Gradients.Prepare();
        // What TorchSharp keeps to know the result's shape is a tensor as large as the result; it goes with this scope.
        using var scope = NewDisposeScope();
        return apply(inputs!).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public sealed override List<Tensor> backward(autograd.AutogradContext context, Tensor grad_output)
    {
        try
        {
            Gradients.RefuseSecondDerivative();
            Gradients.Release();
            using var noGradients = no_grad();
            using var scope = NewDisposeScope();
            var gradients = Backward(context, grad_output);
            grad_output.Dispose();
            Gradients.Keep(gradients);
            return gradients!;
        }
        catch (Exception error)
        {
            return Gradients.Refused(error, (bool[])context.get_data(TensorsKey));
        }
    }

    /// <inheritdoc/>
    public sealed override Tensor forward(autograd.AutogradContext context, params object[] vars)
    {
        context.save_data(TensorsKey, Array.ConvertAll(vars, input => input is Tensor));
        return Compute(context, vars);
    }

    /// <summary>The result, and in the context what its gradients need.</summary>
    protected abstract Tensor Compute(autograd.AutogradContext context, object[] vars);

    /// <summary>The gradients by all inputs, in their order; null for what needs none.</summary>
    protected abstract List<Tensor?> Backward(autograd.AutogradContext context, Tensor gradient);
}

/// <summary>What kernels have given to libtorch, which by the next call has its own reference to it, and what they couldn't give.</summary>
internal static class Gradients
{
    // Made while there is memory. It has no dimensions, and so is no gradient of anything that has.
    private static readonly Lazy<Tensor> NoGradient = new(() => zeros([]).DetachFromDisposeScope());

    [ThreadStatic]
    private static List<Tensor>? given;

    // The backward pass that this thread has begun, and what went wrong in it here.
    [ThreadStatic]
    private static bool running;

    [ThreadStatic]
    private static Exception? failure;

    // What went wrong on a thread that has begun none: autograd has one of its own for each GPU, whoever begins.
    private static Exception? failureElsewhere;

    public static void Prepare() => _ = NoGradient.Value;

    /// <summary>
    /// Ends a backward pass whose gradients are to have gradients themselves (create_graph): a kernel's would count as constants. Also
    /// said where libtorch says what it warns of: its own error names neither kernel nor reason, and out of torch.autograd.grad
    /// TorchSharp lets none come, it ends the process.
    /// </summary>
    /// <exception cref="NotSupportedException">The pass is such a one.</exception>
    public static void RefuseSecondDerivative()
    {
        if (!is_grad_enabled())
            return;
        const string reason = "UNetGen's fast kernels and gradient checkpointing differentiate once. For create_graph set `Kernels` of the "
            + "network to KernelForm.Reference, and switch checkpointing off.";
        Console.Error.WriteLine(reason);
        throw new NotSupportedException(reason);
    }

    /// <summary>
    /// What a backward pass answers that has failed. An exception must not pass through libtorch's frames, which ends the process; so
    /// libtorch is given what it refuses itself, with an exception that comes out where the backward pass was begun, and
    /// <see cref="Backward"/> there puts the true one in its place.
    /// </summary>
    /// <param name="error">Why.</param>
    /// <param name="tensors">Which inputs are tensors.</param>
    public static List<Tensor> Refused(Exception error, bool[] tensors)
    {
        if (running)
            failure ??= error;
        else
            Interlocked.CompareExchange(ref failureElsewhere, error, null);
        return [.. tensors.Select(isTensor => isTensor ? NoGradient.Value : null!)];
    }

    /// <summary>The backward pass from a loss. What went wrong in a kernel is thrown as it was there.</summary>
    public static void Backward(Tensor loss) => Explained(() => loss.backward(), elsewhere: loss.device_type != DeviceType.CPU);

    /// <summary>
    /// A backward pass that this thread begins. One on the CPU stays on its thread, and never sees what went wrong in another's.
    /// </summary>
    /// <param name="backward">Begins it.</param>
    /// <param name="elsewhere">Whether autograd has a thread of its own for it. Of two at a time there one sees the first fault.</param>
    internal static void Explained(Action backward, bool elsewhere)
    {
        (running, failure) = (true, null);
        if (elsewhere)
            Volatile.Write(ref failureElsewhere, null);
        try
        {
            backward();
        }
        catch (ExternalException) when ((failure ??= elsewhere ? Interlocked.Exchange(ref failureElsewhere, null) : null) is not null)
        {
            ExceptionDispatchInfo.Throw(failure!);
        }
        finally
        {
            (running, failure) = (false, null);
        }
    }

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
