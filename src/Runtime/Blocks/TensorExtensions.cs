using UNetGen.Backends;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>What the lines of a generated <c>forward</c> end with: sums, and the memory that they give up.</summary>
public static class TensorExtensions
{
    /// <summary>
    /// branch + shortcut, the end of a residual branch. With the fast kernels (<see cref="KernelForm.Fast"/>) the sum lies in the branch's
    /// own memory: read the result, not the branch.
    /// </summary>
    /// <param name="branch">Just made, and needed for nothing else.</param>
    /// <param name="shortcut">Of the same shape; it stays as it is.</param>
    /// <returns>The same shape.</returns>
    public static Tensor AddedTo(this Tensor branch, Tensor shortcut)
    {
        ArgumentNullException.ThrowIfNull(branch);
        ArgumentNullException.ThrowIfNull(shortcut);
        return Compute.Backend.Add(branch, shortcut);
    }

    /// <summary>Gives up an image that nobody reads again: its memory serves the next one, unless a gradient needs it.</summary>
    /// <param name="value">What was made of it; or the image itself, from a block that changes nothing, which then stays.</param>
    /// <param name="last">Disposed of.</param>
    /// <returns><paramref name="value"/>.</returns>
    public static Tensor Freeing(this Tensor value, Tensor last)
    {
        ArgumentNullException.ThrowIfNull(value);
        ArgumentNullException.ThrowIfNull(last);
        if (!ReferenceEquals(last, value))
            last.Dispose();
        return value;
    }

    /// <summary>The same of two images.</summary>
    /// <param name="value">What was made of them.</param>
    /// <param name="first">Disposed of.</param>
    /// <param name="second">Disposed of.</param>
    /// <returns><paramref name="value"/>.</returns>
    public static Tensor Freeing(this Tensor value, Tensor first, Tensor second)
    {
        ArgumentNullException.ThrowIfNull(first);
        ArgumentNullException.ThrowIfNull(second);
        return value.Freeing(second).Freeing(first);
    }
}
