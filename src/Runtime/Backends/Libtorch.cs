using TorchSharp;
using UNetGen.Backends.Memory;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends;

/// <summary>
/// The same mathematics in another order, by libtorch's operators, for any device, precision and size: the channels of images lie together,
/// so that pixels are rows and 1 x 1 convolutions products of matrices without a copy; sums are made in memory that nobody needs any more;
/// and where no gradient is asked for, what only copies or projects float32 on the CPU lies in <see cref="ImageMemory"/>.
/// </summary>
internal class Libtorch(Precision precision) : Reference(precision)
{
    /// <inheritdoc/>
    public override KernelForm Kernels => KernelForm.Fast;

    /// <summary>
    /// Linear attention in two passes over the pixels, which never make v, nor the output of the heads: both are linear, so that with X =
    /// [pixels, dim] and a head's weights softmax(q) (softmax(k)^T v) W_out^T = softmax(q) [(softmax(k)^T X) W_v^T W_out^T]. What stands in
    /// the brackets is small, [headDim, dim] per head and image.
    /// </summary>
    /// <inheritdoc/>
    public override Tensor LinearAttention(Tensor x, LinearAttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var (dim, hidden, heads) = (x.shape[1], weights.Output.Weight.shape[1], weights.Heads);
        var headDim = hidden / heads;
        var pixels = TensorMemory.Tokens(weights.Norm is { } norm ? Normalize(x, norm) : x);
        var projections = weights.Projections.Weight.reshape(3, hidden, dim).unbind();
        var pooled = Pool(pixels, projections[1]);
        var means = pooled.narrow(-1, 0, dim).reshape(-1, heads, headDim, dim);
        // Small, so that they cost nothing in the weights' own numbers, whatever the precision of the two passes over the pixels.
        var context = matmul(means, projections[2].reshape(heads, headDim, dim).transpose(1, 2)); // [B, heads, d of k, d of v]
        if (weights.Memory is { } memory)
        {
            // A memory token is one more position: the image's own all together weigh as their sum does.
            var logSums = pooled.narrow(-1, dim, 1).reshape(-1, heads, headDim, 1);
            var shares = cat([logSums, memory[0].unsqueeze(0).expand(x.shape[0], -1, -1, -1)], -1).softmax(-1);
            var tokens = Product(shares.narrow(-1, 1, memory.shape[3]), memory[1].transpose(1, 2));
            context = (context * shares.narrow(-1, 0, 1)).add(tokens, Number.One);
        }

        var output = weights.Output.Weight.reshape(dim, heads, headDim).permute(1, 2, 0) / Number.Of(Math.Sqrt(headDim));
        var mixing = matmul(context, output).reshape(-1, hidden, dim);
        var result = Mix(pixels, projections[0], mixing, heads).to(mixing.dtype).add_(weights.Output.Bias!, Number.One);
        return Normalize(TensorMemory.Images(result, x.shape[2], x.shape[3]), weights.OutputNorm).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public sealed override Tensor Attention(Tensor x, AttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var pixels = TensorMemory.Tokens(weights.Norm is { } norm ? Normalize(x, norm) : x);
        var result = AttentionOfPixels(pixels, weights.AddsInput ? TensorMemory.Tokens(x) : null, weights);
        return TensorMemory.Images(result, x.shape[2], x.shape[3]).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Add(Tensor branch, Tensor shortcut) =>
        branch.dtype == shortcut.dtype ? branch.add_(shortcut, Number.One) : base.Add(branch, shortcut);

    /// <inheritdoc/>
    public override Tensor Concat(Tensor first, Tensor second)
    {
        if (!MayLieInImageMemory(first) || !MayLieInImageMemory(second))
            return base.Concat(first, second);
        using var scope = NewDisposeScope();
        var (shape, added) = (first.shape, second.shape[1]);
        var both = TensorMemory.EmptyImages(shape[0], shape[1] + added, shape[2], shape[3]);
        both.narrow(1, 0, shape[1]).copy_(first);
        both.narrow(1, shape[1], added).copy_(second);
        return both.MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    public override Tensor Doubled(Tensor x)
    {
        if (!MayLieInImageMemory(x))
            return base.Doubled(x);
        using var scope = NewDisposeScope();
        var (batch, channels, height, width) = (x.shape[0], x.shape[1], x.shape[2], x.shape[3]);
        var result = TensorMemory.EmptyImages(batch, channels, 2 * height, 2 * width);
        result.view(batch, channels, height, 2, width, 2).copy_(x.unsqueeze(3).unsqueeze(5));
        return result.MoveToOuterDisposeScope();
    }

    /// <summary>Attention of pixels as rows.</summary>
    /// <param name="pixels">[batch, positions, dim], normalised.</param>
    /// <param name="residual">What is added, [batch, positions, dim]; or null.</param>
    /// <param name="weights">Of the block.</param>
    /// <returns>[batch, positions, dim].</returns>
    protected virtual Tensor AttentionOfPixels(Tensor pixels, Tensor? residual, AttentionWeights weights)
    {
        using var scope = NewDisposeScope();
        var result = Project(Attend(pixels, weights), weights.Output);
        return (residual is null ? result : Add(result, residual)).MoveToOuterDisposeScope();
    }

    /// <inheritdoc/>
    protected override Tensor Tokens(Tensor images) => TensorMemory.Tokens(images);

    /// <inheritdoc/>
    protected override Tensor Images(Tensor tokens, long height, long width) => TensorMemory.Images(tokens, height, width);

    /// <inheritdoc/>
    protected override Tensor RmsNorm(Tensor x, Tensor gain) => base.RmsNorm(TensorMemory.ChannelsLast(x), gain);

    /// <inheritdoc/>
    protected override Tensor Convolve(Tensor x, Tensor weight, Tensor? bias, long[] stride, long[] padding) =>
        base.Convolve(TensorMemory.ChannelsLast(x), weight, bias, stride, padding);

    /// <inheritdoc/>
    protected override Tensor Project(Tensor x, Tensor weight, Tensor? bias)
    {
        if (!MayLieInImageMemory(x))
            return base.Project(x, weight, bias);
        using var scope = NewDisposeScope();
        var rows = x.flatten(0, -2).contiguous();
        var result = ImageMemory.Empty(rows.size(0), weight.size(0));
        if (bias is null)
            result.zero_();
        else
            result.copy_(bias);
        AddProduct(rows, weight, result);
        return result.view([.. x.shape[..^1], weight.size(0)]).MoveToOuterDisposeScope();
    }

    /// <summary>result += rows weight^T, without gradients.</summary>
    /// <param name="rows">[rows, in], contiguous, float32 on the CPU.</param>
    /// <param name="weight">[out, in].</param>
    /// <param name="result">[rows, out], likewise.</param>
    protected virtual void AddProduct(Tensor rows, Tensor weight, Tensor result) => result.addmm_(rows, weight.t());

    private static bool MayLieInImageMemory(Tensor x) =>
        !is_grad_enabled() && x.dtype == ScalarType.Float32 && x.device_type == DeviceType.CPU && TensorMemory.IsWithinReach(x.numel());

    /// <summary>For each feature of the keys, the mean of the pixels weighted by the softmax of that feature over the pixels.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the keys, [features, dim].</param>
    /// <returns>[batch, features, dim + 1]: the means, and last the logarithm of the sum of exponentials.</returns>
    private Tensor Pool(Tensor pixels, Tensor weight)
    {
        using var scope = NewDisposeScope();
        // Exponentials and their sums in the weights' numbers, whatever the precision.
        var keys = Product(pixels, weight.t()).to(weight.dtype);
        // Any constant would do for the result and its gradient; the greatest keeps the exponentials within range.
        var greatest = keys.detach().amax([1], keepdim: true);
        var exponentials = (is_grad_enabled() ? keys - greatest : keys.sub_(greatest)).exp_();
        var sum = exponentials.sum(1).unsqueeze(-1);
        // Of many pixels the sum is beyond float16: it takes the mean by parts of 1.
        var mean = Precision == Precision.Float16
            ? Product((exponentials / sum.transpose(1, 2)).transpose(1, 2), pixels).to(weight.dtype)
            : Product(exponentials.transpose(1, 2), pixels).to(weight.dtype) / sum;
        return cat([mean, sum.log().add(greatest.transpose(1, 2), Number.One)], -1).MoveToOuterDisposeScope();
    }

    /// <summary>The softmax of each pixel's queries over the features of a head, times a matrix of each image.</summary>
    /// <param name="pixels">[batch, positions, dim].</param>
    /// <param name="weight">Of the queries, [features, dim].</param>
    /// <param name="mixing">[batch, features, dim].</param>
    /// <param name="heads">Of the features.</param>
    /// <returns>[batch, positions, dim].</returns>
    private Tensor Mix(Tensor pixels, Tensor weight, Tensor mixing, long heads)
    {
        using var scope = NewDisposeScope();
        var queries = Product(pixels, weight.t()).to(weight.dtype);
        var shape = queries.shape;
        var shares = queries.reshape(shape[0], shape[1], heads, -1).softmax(-1);
        return Product(shares.reshape(shape), mixing).MoveToOuterDisposeScope();
    }
}
