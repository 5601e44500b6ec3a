using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>The two passes over the pixels that <see cref="LinearAttention"/>'s fast form consists of, where there is no kernel for all of it.</summary>
internal static class LinearAttentionForm
{
    /// <summary>For each feature of the keys, the mean of the pixels weighted by the softmax of that feature over the pixels.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the keys, [features, dim].</param>
    /// <returns>[batch, features, dim + 1]: the means, and last the logarithm of the sum of exponentials.</returns>
    public static Tensor Pool(Tensor pixels, Tensor weight)
    {
        using var scope = NewDisposeScope();
        // Exponentials and their sums in the weights' numbers, whatever the precision.
        var keys = Layers.Product(pixels, weight.t()).to(weight.dtype);
        // Any constant would do for the result and its gradient; the greatest keeps the exponentials within range.
        var greatest = keys.detach().amax([1], keepdim: true);
        var exponentials = (is_grad_enabled() ? keys - greatest : keys.sub_(greatest)).exp_();
        var sum = exponentials.sum(1).unsqueeze(-1);
        var mean = Layers.Product(exponentials.transpose(1, 2), pixels).to(weight.dtype) / sum;
        return cat([mean, sum.log() + greatest.transpose(1, 2)], -1).MoveToOuterDisposeScope();
    }

    /// <summary>The softmax of each pixel's queries over the features of a head, times a matrix of each image.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the queries, [features, dim].</param>
    /// <param name="mixing">[batch, features, dim].</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, positions, dim].</returns>
    public static Tensor Mix(Tensor pixels, Tensor weight, Tensor mixing, long heads)
    {
        using var scope = NewDisposeScope();
        var queries = Layers.Product(pixels, weight.t()).to(weight.dtype);
        var shape = queries.shape;
        var shares = queries.reshape(shape[0], shape[1], heads, -1).softmax(-1);
        return Layers.Product(shares.reshape(shape), mixing).MoveToOuterDisposeScope();
    }
}
