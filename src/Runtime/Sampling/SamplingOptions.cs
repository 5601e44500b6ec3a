using System.Globalization;
using UNetGen.Data;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using static System.FormattableString;
using static TorchSharp.torch;

namespace UNetGen.Sampling;

/// <summary>What to draw.</summary>
public sealed record SamplingOptions
{
    /// <summary>How many images.</summary>
    public int Count { get; init; } = 16;

    /// <summary>
    /// How many images pass through the network at once: a matter of memory and speed, not of what is drawn, but for float32's rounding.
    /// </summary>
    public int BatchSize { get; init; } = 64;

    /// <summary>
    /// Image i of a seed starts from the same noise, and is given the same noise on its way, whatever the batch size and the device.
    /// </summary>
    public long Seed { get; init; }

    /// <summary>The first image's number: with 100 the images follow on those of an earlier call for 100.</summary>
    public int FirstImage { get; init; }

    /// <summary>
    /// Classes, for a network that takes labels: image i is of class i modulo their number. Null for a network without classes.
    /// </summary>
    public IReadOnlyList<int>? Labels { get; init; }

    /// <summary>
    /// Contexts, [1 or more, tokens, <see cref="NetworkInfo.ContextDim"/>], for a network that takes one: image i has number i modulo their
    /// number. On any device; stays the caller's. Null for a network without a context.
    /// </summary>
    public Tensor? Context { get; init; }

    /// <summary>
    /// The contexts that guidance leads away from, as <see cref="Context"/>; of as many tokens as one likes. What stood for no context in
    /// training, <c>Checkpoint.NullContext</c> or zeros, or what pictures shall not show. It must be said where contexts are guided.
    /// </summary>
    public Tensor? NegativeContext { get; init; }

    /// <summary>
    /// Classifier-free guidance (Ho and Salimans 2022): the prediction is null + guidance (given - null), where null is what the network
    /// predicts for its last class, which stands for "no class", and for <see cref="NegativeContext"/>. 1 is off, and costs one pass of the
    /// network instead of two; 0 draws of no class and of the negative context.
    /// </summary>
    public double Guidance { get; init; } = 1;

    /// <summary>
    /// How far, from 0 (not at all) to 1, a guided prediction is brought back to the deviation that it has for the class alone, since
    /// guidance makes pictures too contrasting, and burnt where the schedule ends without signal (Lin et al. 2023, eq. 15 and 16, who take
    /// 0.7): rescale guided std(label) / std(guided) + (1 - rescale) guided, with deviations over a whole image.
    /// </summary>
    public double GuidanceRescale { get; init; }

    /// <summary>
    /// Whether each estimate of the clean image is clipped to [-1, 1], as that of images in this range should be. Null: of a DDPM it is,
    /// unless its <see cref="Diffusion.DiffusionOptions.ClipSample"/> is false; of a flow and of EDM it isn't, as their references have it.
    /// </summary>
    public bool? Clip { get; init; }

    /// <summary>
    /// Whether an NVIDIA GPU may round what goes into convolutions and products of float32 to TF32's 19 bits, which is faster. Without it
    /// all 32 count, and pictures are a CPU's to rounding. A network whose precision is of 16 bits may in any case.
    /// </summary>
    public bool AllowTf32 { get; init; }

    /// <summary>
    /// The class that guidance leads away from, in the place of the last one, "no class": with 3 pictures get what their class has and a 3
    /// hasn't. Null is the last one, and refused where that was never learnt, in a training that dropped no labels.
    /// </summary>
    public int? NegativeClass { get; init; }

    /// <summary>What is made of pictures that are there; null draws from noise alone.</summary>
    public PictureEdit? Edit { get; init; }

    /// <summary>
    /// What the images are to be made from, for a network whose spec has <c>condition_channels</c>: float32 [1 or more, condition channels,
    /// height, width], with values as it was trained on them, on any device. Image i is made from condition i modulo their number.
    /// <see cref="PictureCondition"/> makes it of picture files, <see cref="Data.Batch.Condition"/> has the data's. It stays the caller's.
    /// </summary>
    public Tensor? Condition { get; init; }

    /// <summary>Refuses what makes no sense, or not for this network.</summary>
    /// <exception cref="UNetGenException">
    /// No image, no batch, numbers out of range, a rescaling without guidance, or labels, contexts, conditions or guidance that don't fit
    /// the network.
    /// </exception>
    internal void Check(NetworkInfo info)
    {
        if (Count < 1)
            throw new UNetGenException(Invariant($"At least 1 image must be asked for, not {Count}."));
        if (BatchSize < 1)
            throw new UNetGenException(Invariant($"At least 1 image must pass at once, not {BatchSize}."));
        if (FirstImage < 0 || FirstImage > int.MaxValue - Count)
            throw new UNetGenException(Invariant(
                $"Images are numbered from 0 to {int.MaxValue}: {Count} from number {FirstImage} on can't be drawn."));
        if (!Float32.IsNotNegative(Guidance))
            throw new UNetGenException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Guidance must be a number of at least 0 that float32 holds, up to 3.4e38, but is {Guidance}; 1 is off."));

        if (GuidanceRescale is not (>= 0 and <= 1))
            throw new UNetGenException(
                string.Create(
                    CultureInfo.InvariantCulture,
                    $"Guidance is rescaled by a number from 0, which is not at all, to 1, but `GuidanceRescale` is {GuidanceRescale}."));
        if (GuidanceRescale > 0 && Guidance == 1)
            throw new UNetGenException(
                "A guided prediction is what `GuidanceRescale` rescales, and with a guidance of 1 there is none. Leave it at 0, or guide.");

        if (info.NumClasses is { } classes)
            CheckLabels(info.Name, classes);
        else if (Labels is not null)
            throw new UNetGenException($"{info.Name} takes no labels: its spec has no num_classes. Leave the labels out.");
        else if (Guidance != 1 && info.ContextDim is null)
            throw new UNetGenException(
                $"{info.Name} can't be guided: guidance is towards a class or a context, and its spec has neither num_classes nor "
                    + "context_dim. Leave the guidance at 1.");
        CheckContexts(info);
        if (NegativeClass is not null)
            CheckNegativeClass(info);
        CheckCondition(info);
        Edit?.Check(info);
    }

    /// <summary>
    /// As <see cref="Check(NetworkInfo)"/>, and that pictures and conditions lie in [-1, 1] where a network knows no others: a condition
    /// that was trained on elsewhere may be anything.
    /// </summary>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    internal void Check(NoisePredictor network)
    {
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        Check(network.Info);
        if (Guidance != 1 && NegativeClass is null && network.HasLearntNone == false)
            throw new UNetGenException(
                $"Guidance leads away from class {network.Info.NumClasses - 1} of {network.Info.Name}, which stands for none, and was never "
                    + "learnt: its training dropped no labels (`LabelDropout` 0). Leave the guidance at 1, or say a `NegativeClass`.");
        if (network.Diffusion.ClipsEstimates || network.IsBounded == true)
            Edit?.CheckBounds(network.Info);
        if (network.IsBounded == true && Condition is not null)
            PictureEdit.RequireBounded(Condition, "conditions", network.Info);
    }

    /// <summary>What each image has its noise and its class by: its own number, but where it is a frame of a strip.</summary>
    internal IEnumerable<int> Numbers =>
        Enumerable.Range(FirstImage, Count).Select(image => Edit?.NumberOf(image) ?? image);

    /// <summary>Each image's own of what is given in turn, [count, ...], float32; null where there is none.</summary>
    /// <param name="given"><see cref="Context"/>, <see cref="NegativeContext"/> or <see cref="Condition"/>, [1 or more, ...].</param>
    /// <param name="device">Where to.</param>
    internal Tensor? OfImages(Tensor? given, Device device)
    {
        if (given is null)
            return null;
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var numbers = tensor(Numbers.Select(number => number % given.shape[0]).ToArray(), device: given.device);
        return given.index_select(0, numbers).to(ScalarType.Float32).to(device).MoveToOuterDisposeScope();
    }

    /// <summary>The images' labels, [count], int64; null where there are none.</summary>
    internal Tensor? ToLabels(Device device) => Labels is null
        ? null
        : tensor(Numbers.Select(number => (long)Labels[number % Labels.Count]).ToArray(), device: device);

    private void CheckCondition(NetworkInfo info)
    {
        if (info.ConditionChannels == 0 && Condition is null)
            return;
        long[] one = [info.ConditionChannels, info.ImageHeight, info.ImageWidth];
        if (info.ConditionChannels == 0)
            throw new UNetGenException(
                $"{info.Name} makes images of noise alone: its spec has no condition_channels. Leave the condition out.");
        if (Condition is null)
            throw new UNetGenException(
                $"{info.Name} makes images from a condition: give `Condition`, Float32 [1 or more, {string.Join(", ", one)}].");
        RequireNumbers(Condition, nameof(Condition));
        if (Condition.dim() != 4 || Condition.shape[0] < 1 || !Condition.shape[1..].SequenceEqual(one)
            || Condition.dtype != ScalarType.Float32)
            throw new UNetGenException(
                $"The condition for {info.Name} must be Float32 [1 or more, {string.Join(", ", one)}], but got {Condition.dtype} "
                    + $"[{string.Join(", ", Condition.shape)}].");
        if (EncodedRange.FaultIn(Condition) is { } fault)
            throw new UNetGenException($"`{nameof(Condition)}` holds {fault}: whatever has made it has failed.");
    }

    private void CheckNegativeClass(NetworkInfo info)
    {
        if (info.NumClasses is not { } classes)
            throw new UNetGenException(
                $"{info.Name} has no classes to be guided away from: its spec has no num_classes. Leave the negative class out.");
        if (NegativeClass < 0 || NegativeClass >= classes)
            throw new UNetGenException(Invariant(
                $"{info.Name} knows classes 0 to {classes - 1}, but {NegativeClass} is to be the negative class."));
        if (Guidance == 1)
            throw new UNetGenException(
                $"A negative class is what guidance leads away from, and at a guidance of 1 there is none: use more, or leave class "
                    + $"{NegativeClass} out.");
    }

    private void CheckContexts(NetworkInfo info)
    {
        if (info.ContextDim is not { } width)
        {
            if ((Context ?? NegativeContext) is not null)
                throw new UNetGenException($"{info.Name} takes no context: its spec has no context_dim. Leave it out.");
            return;
        }
        if (Context is null)
            throw new UNetGenException(
                $"{info.Name} is conditioned on a context: say of which, [1 or more, tokens, {width}], the images shall be.");
        CheckContext(Context, nameof(Context), width);
        if (Guidance == 1 && NegativeContext is not null)
            throw new UNetGenException(
                "A negative context is what guidance leads away from, and at a guidance of 1 there is none: use more, or leave it out.");
        if (Guidance != 1 && NegativeContext is null)
            throw new UNetGenException(
                $"Guidance leads away from a negative context, and none is given: give `NegativeContext`, the null context with which "
                    + $"{info.Name} was trained or one of what the images shall not show.");
        if (NegativeContext is not null)
            CheckContext(NegativeContext, nameof(NegativeContext), width);
    }

    private static void RequireNumbers(Tensor given, string name)
    {
        if (ReadableTensor.FaultOf(given) is { } fault)
            throw new UNetGenException($"`{name}` {fault}.");
    }

    private static void CheckContext(Tensor context, string name, int width)
    {
        RequireNumbers(context, name);
        if (context.shape is not [> 0, > 0, var given] || given != width)
            throw new UNetGenException(
                $"`{name}` must be [1 or more, tokens, {width}], but is [{string.Join(", ", context.shape)}].");
        if (!context.is_floating_point())
            throw new UNetGenException(
                $"`{name}` must be of floating point numbers, as what an encoder makes of a text, but is {context.dtype}.");
        if (EncodedRange.FaultIn(context) is { } fault)
            throw new UNetGenException($"`{name}` holds {fault}: whatever has made it has failed.");
    }

    private void CheckLabels(string network, int classes)
    {
        if (Labels is null or [])
            throw new UNetGenException($"{network} takes class labels: say of which classes, 0 to {classes - 1}, the images shall be.");
        if (Labels.Any(label => label < 0 || label >= classes))
            throw new UNetGenException(Invariant(
                $"{network} knows classes 0 to {classes - 1}, but label {Labels.First(label => label < 0 || label >= classes)} is asked for."));
        if (Guidance != 1 && classes < 2)
            throw new UNetGenException($"{network} can't be guided: its only class, the last one, stands for no class.");
    }
}

/// <summary>Where a batch is on its way from noise to picture.</summary>
/// <param name="FirstImage">Number of the batch's first image.</param>
/// <param name="Step">
/// Steps done: from 0, pure noise or an edit's noised pictures, to <paramref name="Steps"/>, the finished pictures.
/// </param>
/// <param name="Steps">Steps of every batch.</param>
/// <param name="Images">x_t now, [batch, channels, height, width]. Valid during the call only: whoever keeps it clones it.</param>
/// <param name="CleanEstimate">The last estimate of x_0; null at step 0. Valid during the call only.</param>
public readonly record struct SamplingProgress(int FirstImage, int Step, int Steps, Tensor Images, Tensor? CleanEstimate);
