using static TorchSharp.torch;

namespace UNetGen.Kernels;

/// <summary>What is fixed for a residual block.</summary>
/// <param name="NormFirst">Whether norm and SiLU stand before each convolution instead of behind it.</param>
/// <param name="AddsTime">Whether the projected time embedding is added between the halves; else it is scale and shift of the norm between the convolutions.</param>
/// <param name="StandardizationEps">For convolutions whose weights are standardised (<see cref="WeightStandardization"/>), what is added to the variance; else null.</param>
/// <param name="Norm">What is fixed for both norms.</param>
internal sealed record ResidualForm(bool NormFirst, bool AddsTime, double? StandardizationEps, GroupNormSilu.Layer Norm);

/// <summary>
/// The forward or the backward pass of a residual block: two 3 x 3 convolutions by <see cref="Winograd"/> and two GroupNorms with SiLU by <see cref="GroupNormSilu"/>, in either order, the
/// time embedding's projection, and the input added, through a 1 x 1 convolution where the width changes. Between the passes only the input and the convolutions' results are kept, which the
/// norms' gradients are made of, beside moments and standardised weights, which are small: the activated images are made again on the way of the norms' gradients, which
/// compute all but their last product anyway, each just before the one convolution's gradient that needs it.
/// A 1 x 1 convolution is a product of matrices over the pixels of all images, W x, with the gradients W^T g and g x^T; it adds to what it is a term of.
/// </summary>
/// <param name="tensors">The inputs, <see cref="Inputs"/> of them; or what a forward pass has kept.</param>
/// <param name="form">The rest.</param>
internal sealed class ResidualPass(Tensor?[] tensors, ResidualForm form)
{
    /// <summary>How many inputs there are.</summary>
    public const int Inputs = 14;

    // Where the inputs are: of each half weight, bias, the norm's weight and the norm's bias, of the others weight and bias.
    private const int X = 0, Time = 1, Projection = 2, First = 4, Second = 8, Shortcut = 12;

    // What is kept besides. Of each half: its convolution's result where its gradient is asked for, the norm's moments, the standardised weights' 1 / deviation.
    private const int Projected = Inputs, Between = Inputs + 1, Last = Inputs + 2, FirstMoments = Inputs + 3, SecondMoments = Inputs + 4, FirstInverse = Inputs + 5, SecondInverse = Inputs + 6;

    private readonly Tensor?[] all = [.. tensors, .. new Tensor?[SecondInverse + 1 - tensors.Length]];
    private readonly Tensor?[] gradients = new Tensor?[Inputs];
    private bool[] needed = [];

    /// <summary>What the backward pass needs, after a forward pass that keeps it.</summary>
    public IReadOnlyList<Tensor?> Kept => all;

    /// <summary>The block's result.</summary>
    /// <param name="keep">Whether a backward pass may follow; else the images between are written over.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    public Tensor Forward(bool keep)
    {
        if (all[Time] is { } time)
        {
            using var activated = nn.functional.silu(time);
            all[Projected] = nn.functional.linear(activated, all[Projection]!, all[Projection + 1]);
        }
        if (form.StandardizationEps is { } eps)
        {
            (all[First], all[FirstInverse]) = WeightStandardization.Forward(all[First]!, eps);
            (all[Second], all[SecondInverse]) = WeightStandardization.Forward(all[Second]!, eps);
        }
        return form.NormFirst ? NormFirst(keep) : ConvolutionFirst(keep);
    }

    /// <summary>The gradients by all inputs, in their order.</summary>
    /// <param name="gradient">[batch, out channels, height, width], channels together.</param>
    /// <param name="needed">Which inputs' gradients are asked for; of the others some are null.</param>
    public Tensor?[] Backward(Tensor gradient, bool[] needed)
    {
        this.needed = needed;
        var x = all[X]!;
        Tensor? byInput;
        Tensor? byProjected;
        if (form.NormFirst)
        {
            var byBranch = Winograd.InputGradient(gradient, all[Second]!);
            byProjected = NormGradients(Second, all[Between]!, ref byBranch, inPlace: true, Second, out var activated) ?? OfAddedTime(byBranch);
            ConvolutionGradients(Second, activated, gradient);
            byInput = Winograd.InputGradient(byBranch, all[First]!);
            NormGradients(First, x, ref byInput, inPlace: true, First, out activated);
            ConvolutionGradients(First, activated, byBranch);
            byBranch.Dispose();
        }
        else
        {
            var byLast = gradient;
            NormGradients(Second, all[Last]!, ref byLast, inPlace: false, null, out _);
            var byBranch = Winograd.InputGradient(byLast, all[Second]!);
            var added = OfAddedTime(byBranch);
            byProjected = NormGradients(First, all[Between]!, ref byBranch, inPlace: true, Second, out var activated) ?? added;
            if (activated is not null)
                AddTime(activated);
            ConvolutionGradients(Second, activated, byLast);
            byLast.Dispose();
            ConvolutionGradients(First, x, byBranch);
            byInput = needed[X] ? Winograd.InputGradient(byBranch, all[First]!) : null;
            byBranch.Dispose();
        }

        ShortcutGradients(gradient, byInput);
        if (byProjected is not null)
            TimeGradients(byProjected);
        gradients[X] = byInput;
        return gradients;
    }

    private Tensor NormFirst(bool keep)
    {
        var activated = Norm(First, all[X]!);
        var between = all[Between] = Winograd.Convolve(activated, all[First]!, all[First + 1]);
        activated.Dispose();
        AddTime(between);
        activated = Norm(Second, between, result: keep ? null : between);
        // The biases of both terms at once.
        var bias = all[Second + 1] is { } ofBranch && all[Shortcut + 1] is { } ofShortcut ? ofBranch + ofShortcut : all[Second + 1] ?? all[Shortcut + 1];
        var result = Winograd.Convolve(activated, all[Second]!, bias);
        activated.Dispose();
        if (all[Shortcut] is null)
            return result.add_(all[X]!);
        AddShortcut(result);
        return result;
    }

    private Tensor ConvolutionFirst(bool keep)
    {
        var x = all[X]!;
        var between = all[Between] = Winograd.Convolve(x, all[First]!, all[First + 1]);
        var activated = Norm(First, between, result: keep ? null : between);
        AddTime(activated);
        var last = all[Last] = Winograd.Convolve(activated, all[Second]!, all[Second + 1]);
        activated.Dispose();
        if (all[Shortcut] is null)
            return Norm(Second, last, residual: x, result: keep ? null : last);

        var shortcut = TensorMemory.EmptyImages(last.size(0), last.size(1), last.size(2), last.size(3));
        if (all[Shortcut + 1] is { } bias)
            shortcut.copy_(bias.view(1, -1, 1, 1));
        else
            shortcut.zero_();
        AddShortcut(shortcut);
        return Norm(Second, last, residual: shortcut, result: shortcut);
    }

    private GroupNormSilu.Parameters ParametersOf(int half) =>
        new(all[half + 2]!, all[half + 3]!, !form.AddsTime && half == (form.NormFirst ? Second : First) ? all[Projected] : null);

    private static int MomentsOf(int half) => half == First ? FirstMoments : SecondMoments;

    private Tensor Norm(int half, Tensor images, Tensor? residual = null, Tensor? result = null)
    {
        (result, all[MomentsOf(half)]) = GroupNormSilu.Forward(images, ParametersOf(half), form.Norm, residual, result);
        return result;
    }

    private void AddTime(Tensor images)
    {
        if (form.AddsTime && all[Projected] is { } projected)
            images.add_(projected.view(projected.size(0), -1, 1, 1));
    }

    private void AddShortcut(Tensor images) => PixelProduct.Add(all[X]!, all[Shortcut]!, images);

    private bool IsLearned(int half) => needed[half] || needed[half + 1];

    /// <summary>Sets the gradients by a half's convolution if they are asked for.</summary>
    /// <param name="half">Which.</param>
    /// <param name="images">What it convolved; given up, unless it is the block's input.</param>
    /// <param name="gradient">By its result.</param>
    private void ConvolutionGradients(int half, Tensor? images, Tensor gradient)
    {
        if (images is null || !IsLearned(half))
            return;
        var (byWeight, byBias) = Winograd.ParameterGradients(images, gradient, withBias: needed[half + 1]);
        if (form.StandardizationEps is not null)
            WeightStandardization.Backward(byWeight, all[half]!, all[half == First ? FirstInverse : SecondInverse]!);
        (gradients[half], gradients[half + 1]) = (byWeight, byBias);
        if (!ReferenceEquals(images, all[X]))
            images.Dispose();
    }

    /// <summary>Sets the gradients by a half's norm, and gives back that by the projected time embedding if it is the norm's scale and shift.</summary>
    /// <param name="half">Which.</param>
    /// <param name="images">What it normalised.</param>
    /// <param name="gradient">By its result, then by its input.</param>
    /// <param name="inPlace">Whether in the same memory.</param>
    /// <param name="convolution">The half whose convolution the activated images go into, or null.</param>
    /// <param name="activated">These images made again, if that convolution's gradient is asked for.</param>
    private Tensor? NormGradients(int half, Tensor images, ref Tensor gradient, bool inPlace, int? convolution, out Tensor? activated)
    {
        activated = convolution is { } learned && IsLearned(learned) ? TensorMemory.EmptyImages(images.size(0), images.size(1), images.size(2), images.size(3)) : null;
        (gradient, (gradients[half + 2], gradients[half + 3], var byTime)) =
            GroupNormSilu.Backward(gradient, images, ParametersOf(half), form.Norm, all[MomentsOf(half)]!, inPlace, activated);
        return byTime;
    }

    private Tensor? OfAddedTime(Tensor gradient) => form.AddsTime && all[Projected] is not null ? gradient.sum([2, 3]) : null;

    /// <summary>Sets the gradients by the 1 x 1 convolution, if there is one, and adds to that by the input.</summary>
    private void ShortcutGradients(Tensor gradient, Tensor? byInput)
    {
        if (all[Shortcut] is not { } kernel)
        {
            byInput?.add_(gradient);
            return;
        }

        using var pixels = TensorMemory.Pixels(gradient);
        if (needed[Shortcut])
        {
            using Tensor transposed = pixels.t(), source = TensorMemory.Pixels(all[X]!);
            gradients[Shortcut] = transposed.mm(source).view(kernel.shape);
        }
        if (needed[Shortcut + 1])
            gradients[Shortcut + 1] = pixels.sum(dim: 0);
        if (byInput is not null)
            PixelProduct.AddTransposed(gradient, kernel, byInput);
    }

    private void TimeGradients(Tensor byProjected)
    {
        var time = all[Time]!;
        if (needed[Projection])
        {
            using var transposed = byProjected.t();
            gradients[Projection] = transposed.mm(nn.functional.silu(time));
        }
        if (needed[Projection + 1])
            gradients[Projection + 1] = byProjected.sum(dim: 0);
        if (needed[Time])
        {
            // SiLU's derivative is s (1 + t (1 - s)), with the sigmoid s.
            var sigmoid = time.sigmoid();
            var slope = (1 - sigmoid).mul_(time).add_(1).mul_(sigmoid);
            gradients[Time] = byProjected.mm(all[Projection]!).mul_(slope);
        }
    }
}
