using UNetGen.Backends.Memory;
using UNetGen.Backends.Norms;
using UNetGen.Backends.Products;
using UNetGen.Backends.Simd;
using UNetGen.Backends.Winograd;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Residual;

/// <summary>
/// The forward or the backward pass of a residual block: two 3 x 3 convolutions by <see cref="Winograd{V}"/> and two GroupNorms with SiLU
/// by <see cref="GroupNormSilu{V}"/>, in either order, the time embedding's projection, and the input added, through a 1 x 1 convolution
/// where the width changes. Between the passes only the input and <see cref="ResidualKept"/> stay: the activated images are made again on
/// the way of the norms' gradients, which compute all but their last product anyway, each just before the one convolution's gradient that
/// needs it. A 1 x 1 convolution is a product of matrices over the pixels of all images, W x, with the gradients W^T g and g x^T; it adds
/// to what it is a term of.
/// </summary>
/// <param name="operands">Images and weights; for the backward pass with the standardised weights in place of the weights.</param>
/// <param name="form">What is fixed.</param>
internal sealed class ResidualPass<V>(ResidualOperands<Tensor?> operands, ResidualForm form)
    where V : unmanaged, IFloats<V>
{
    /// <summary>Images and weights, these standardised after a forward pass if the form asks for it.</summary>
    public ResidualOperands<Tensor?> Operands { get; private set; } = operands;

    /// <summary>What the backward pass needs, after a forward pass that keeps it.</summary>
    public ResidualKept Kept { get; init; } = new();

    private Tensor X => Operands.X!;

    private HalfOperands<Tensor?> First => Operands.First;

    private HalfOperands<Tensor?> Second => Operands.Second;

    /// <summary>The block's result.</summary>
    /// <param name="keep">Whether a backward pass may follow; else the images between are written over.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    public Tensor Forward(bool keep)
    {
        if (Operands.Time is { } time)
        {
            using var activated = nn.functional.silu(time);
            Kept.Projected = nn.functional.linear(activated, Operands.Projection.Weight!, Operands.Projection.Bias);
        }
        if (form.StandardizationEps is { } inferred && !keep)
        {
            Operands = Operands with
            {
                First = First with { Weight = Standardized(First.Weight!, inferred) },
                Second = Second with { Weight = Standardized(Second.Weight!, inferred) },
            };
        }
        else if (form.StandardizationEps is { } eps)
        {
            (var first, Kept.First.Inverse) = WeightStandardization<V>.Forward(First.Weight!, eps);
            (var second, Kept.Second.Inverse) = WeightStandardization<V>.Forward(Second.Weight!, eps);
            Operands = Operands with { First = First with { Weight = first }, Second = Second with { Weight = second } };
        }
        return form.NormFirst ? NormFirst(keep) : ConvolutionFirst(keep);
    }

    /// <summary>The gradients by all operands.</summary>
    /// <param name="gradient">[batch, out channels, height, width], channels together.</param>
    /// <param name="needed">Which gradients are asked for; of the others some are null.</param>
    public ResidualOperands<Tensor?> Backward(Tensor gradient, ResidualOperands<bool> needed)
    {
        var (firstNeeded, secondNeeded) = (IsLearned(needed.First), IsLearned(needed.Second));
        HalfOperands<Tensor?> byFirst, bySecond;
        Tensor? byInput;
        Tensor? byProjected;
        if (form.NormFirst)
        {
            var byBranch = Winograd<V>.InputGradient(gradient, Second.Weight!);
            var byNorm = NormGradients(
                Second, Kept.Second, Kept.Between!, ref byBranch, inPlace: true, again: secondNeeded, out var activated);
            byProjected = byNorm.Time ?? OfAddedTime(byBranch);
            bySecond = OfHalf(Second, Kept.Second, byNorm, activated, gradient, needed.Second);
            activated?.Dispose();
            var byImages = Winograd<V>.InputGradient(byBranch, First.Weight!);
            byNorm = NormGradients(First, Kept.First, X, ref byImages, inPlace: true, again: firstNeeded, out activated);
            byFirst = OfHalf(First, Kept.First, byNorm, activated, byBranch, needed.First);
            activated?.Dispose();
            byBranch.Dispose();
            byInput = byImages;
        }
        else
        {
            var byLast = gradient;
            var bySecondNorm = NormGradients(Second, Kept.Second, Kept.Last!, ref byLast, inPlace: false, again: false, out _);
            var byBranch = Winograd<V>.InputGradient(byLast, Second.Weight!);
            var added = OfAddedTime(byBranch);
            var byFirstNorm = NormGradients(
                First, Kept.First, Kept.Between!, ref byBranch, inPlace: true, again: secondNeeded, out var activated);
            byProjected = byFirstNorm.Time ?? added;
            if (activated is not null)
                AddTime(activated);
            bySecond = OfHalf(Second, Kept.Second, bySecondNorm, activated, byLast, needed.Second);
            activated?.Dispose();
            byLast.Dispose();
            byFirst = OfHalf(First, Kept.First, byFirstNorm, X, byBranch, needed.First);
            byInput = needed.X ? Winograd<V>.InputGradient(byBranch, First.Weight!) : null;
            byBranch.Dispose();
        }

        var byShortcut = ShortcutGradients(gradient, byInput, needed.Shortcut);
        var (byTime, byProjection) = byProjected is null ? default : TimeGradients(byProjected, needed);
        return new(byInput, byTime, byProjection, byFirst, bySecond, byShortcut);
    }

    private static Tensor Standardized(Tensor weight, double eps)
    {
        return KeptWeights.Of(weight, WeightForm.Standardized, Made) ?? Made(weight);

        Tensor Made(Tensor filters) => WeightStandardization<V>.Standardize(filters, eps);
    }

    private Tensor NormFirst(bool keep)
    {
        var activated = Norm(First, Kept.First, X);
        var between = Kept.Between = Winograd<V>.Convolve(activated, First.Weight!, First.Bias);
        activated.Dispose();
        AddTime(between);
        activated = Norm(Second, Kept.Second, between, result: keep ? null : between);
        // The biases of both terms at once.
        var bias = Second.Bias is { } ofBranch && Operands.Shortcut.Bias is { } ofShortcut
            ? ofBranch.add(ofShortcut, Number.One)
            : Second.Bias ?? Operands.Shortcut.Bias;
        var result = Winograd<V>.Convolve(activated, Second.Weight!, bias);
        activated.Dispose();
        if (Operands.Shortcut.Weight is not { } shortcut)
            return result.add_(X, Number.One);
        PixelProduct<V>.Add(X, shortcut, result);
        return result;
    }

    private Tensor ConvolutionFirst(bool keep)
    {
        var between = Kept.Between = Winograd<V>.Convolve(X, First.Weight!, First.Bias);
        var activated = Norm(First, Kept.First, between, result: keep ? null : between);
        AddTime(activated);
        var last = Kept.Last = Winograd<V>.Convolve(activated, Second.Weight!, Second.Bias);
        activated.Dispose();
        if (Operands.Shortcut.Weight is not { } weight)
            return Norm(Second, Kept.Second, last, residual: X, result: keep ? null : last);

        var shortcut = TensorMemory.EmptyImages(last.size(0), last.size(1), last.size(2), last.size(3));
        if (Operands.Shortcut.Bias is { } bias)
            shortcut.copy_(bias.view(1, -1, 1, 1));
        else
            shortcut.zero_();
        PixelProduct<V>.Add(X, weight, shortcut);
        return Norm(Second, Kept.Second, last, residual: shortcut, result: shortcut);
    }

    // Scale and shift belong to the norm between the convolutions.
    private GroupNormParameters ParametersOf(HalfOperands<Tensor?> half, HalfKept kept) =>
        new(
            half.NormWeight!, half.NormBias!,
            !form.AddsTime && ReferenceEquals(kept, form.NormFirst ? Kept.Second : Kept.First) ? Kept.Projected : null);

    private Tensor Norm(HalfOperands<Tensor?> half, HalfKept kept, Tensor images, Tensor? residual = null, Tensor? result = null)
    {
        (result, kept.Moments) = GroupNormSilu<V>.Forward(images, ParametersOf(half, kept), form.Norm, residual, result);
        return result;
    }

    private void AddTime(Tensor images)
    {
        if (form.AddsTime && Kept.Projected is { } projected)
            images.add_(projected.view(projected.size(0), -1, 1, 1), Number.One);
    }

    private static bool IsLearned(HalfOperands<bool> needed) => needed.Weight || needed.Bias;

    /// <summary>The gradients by a half, of whose convolution only those that are asked for.</summary>
    /// <param name="half">Its operands.</param>
    /// <param name="kept">Of it.</param>
    /// <param name="byNorm">The gradients by its norm.</param>
    /// <param name="images">What it convolved; null where nothing of the convolution's is asked for.</param>
    /// <param name="gradient">By the convolution's result.</param>
    /// <param name="needed">What is asked for.</param>
    private HalfOperands<Tensor?> OfHalf(
        HalfOperands<Tensor?> half, HalfKept kept, GroupNormGradients byNorm, Tensor? images, Tensor gradient, HalfOperands<bool> needed)
    {
        if (images is null || !IsLearned(needed))
            return new(null, null, byNorm.Weight, byNorm.Bias);
        var (byWeight, byBias) = Winograd<V>.ParameterGradients(images, gradient, withBias: needed.Bias);
        if (form.StandardizationEps is not null)
            WeightStandardization<V>.Backward(byWeight, half.Weight!, kept.Inverse!);
        return new(byWeight, byBias, byNorm.Weight, byNorm.Bias);
    }

    /// <summary>The gradients by a half's norm; that by the projected time embedding only if it is the norm's scale and shift.</summary>
    /// <param name="half">Its operands.</param>
    /// <param name="kept">Of it.</param>
    /// <param name="images">What it normalised.</param>
    /// <param name="gradient">By its result, then by its input.</param>
    /// <param name="inPlace">Whether in the same memory.</param>
    /// <param name="again">Whether the activated images are asked for.</param>
    /// <param name="activated">These images, made again; or null.</param>
    private GroupNormGradients NormGradients(
        HalfOperands<Tensor?> half, HalfKept kept, Tensor images, ref Tensor gradient, bool inPlace, bool again, out Tensor? activated)
    {
        activated = again ? TensorMemory.EmptyImages(images.size(0), images.size(1), images.size(2), images.size(3)) : null;
        (gradient, var byParameters) =
            GroupNormSilu<V>.Backward(gradient, images, ParametersOf(half, kept), form.Norm, kept.Moments!, inPlace, activated);
        return byParameters;
    }

    private Tensor? OfAddedTime(Tensor gradient) => form.AddsTime && Kept.Projected is not null ? gradient.sum([2, 3]) : null;

    /// <summary>The gradients by the 1 x 1 convolution, if there is one; adds to that by the input.</summary>
    private LayerOperands<Tensor?> ShortcutGradients(Tensor gradient, Tensor? byInput, LayerOperands<bool> needed)
    {
        if (Operands.Shortcut.Weight is not { } kernel)
        {
            byInput?.add_(gradient, Number.One);
            return default;
        }

        using var pixels = TensorMemory.Pixels(gradient);
        Tensor? byKernel = null;
        if (needed.Weight)
        {
            using Tensor transposed = pixels.t(), source = TensorMemory.Pixels(X);
            byKernel = transposed.mm(source).view(kernel.shape);
        }
        if (byInput is not null)
            PixelProduct<V>.AddTransposed(gradient, kernel, byInput);
        return new(byKernel, needed.Bias ? pixels.sum(dim: 0) : null);
    }

    private (Tensor? ByTime, LayerOperands<Tensor?> ByProjection) TimeGradients(Tensor byProjected, ResidualOperands<bool> needed)
    {
        var time = Operands.Time!;
        Tensor? byWeight = null, byTime = null;
        if (needed.Projection.Weight)
        {
            using var transposed = byProjected.t();
            byWeight = transposed.mm(nn.functional.silu(time));
        }
        if (needed.Time)
        {
            // SiLU's derivative is s (1 + t (1 - s)), with the sigmoid s.
            var sigmoid = time.sigmoid();
            var slope = (-sigmoid).add(Number.Of(1), Number.One).mul_(time).add_(Number.Of(1), Number.One).mul_(sigmoid);
            byTime = byProjected.mm(Operands.Projection.Weight!).mul_(slope);
        }
        return (byTime, new(byWeight, needed.Projection.Bias ? byProjected.sum(dim: 0) : null));
    }
}
