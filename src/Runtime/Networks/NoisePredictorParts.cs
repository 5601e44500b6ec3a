using System.Diagnostics.CodeAnalysis;
using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>What the code of generated classes calls: what they refuse to take, and what stands in no block.</summary>
public abstract partial class NoisePredictor
{
    /// <summary>Refuses input that the network wasn't generated for, with a message that says what it takes and what it got.</summary>
    /// <param name="x">Must be [batch, <paramref name="channels"/>, <paramref name="height"/>, <paramref name="width"/>].</param>
    /// <param name="timesteps">Must be [batch], and, where they lie on the CPU, some that the diffusion has.</param>
    /// <param name="channels">Image channels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="ArgumentException">The shapes differ, or there is no such timestep.</exception>
    protected void CheckInput(Tensor x, Tensor timesteps, int channels, int height, int width) =>
        CheckInput(x, timesteps, channels, conditionChannels: 0, height, width);

    /// <summary>The same for a network that takes a condition behind the images.</summary>
    /// <param name="x">
    /// Must be [batch, <paramref name="channels"/> + <paramref name="conditionChannels"/>, <paramref name="height"/>,
    /// <paramref name="width"/>].
    /// </param>
    /// <param name="timesteps">Must be [batch], and, where they lie on the CPU, some that the diffusion has.</param>
    /// <param name="channels">Image channels.</param>
    /// <param name="conditionChannels">Those of the condition.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="ArgumentException">The shapes differ, or there is no such timestep.</exception>
    protected void CheckInput(Tensor x, Tensor timesteps, int channels, int conditionChannels, int height, int width)
    {
        ArgumentNullException.ThrowIfNull(x);
        ArgumentNullException.ThrowIfNull(timesteps);
        if (x.dim() != 4 || x.shape[1] != channels + conditionChannels || x.shape[2] != height || x.shape[3] != width)
            throw new ArgumentException(
                (conditionChannels == 0
                    ? $"{Info.Name} takes images [batch, {channels}, {height}, {width}]"
                    : $"{Info.Name} takes images of {Counted.Of(channels, "channel")} with {conditionChannels} of their condition behind "
                        + $"them, [batch, {channels + conditionChannels}, {height}, {width}]")
                + $", but got [{string.Join(", ", x.shape)}].",
                nameof(x));
        TimestepCheck.Require(this, timesteps, x.shape[0]);
    }

    /// <summary>The live trainable parameters, for a network some of whose blocks are the user's own.</summary>
    protected long CountParameters() => parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel());

    /// <summary>Refuses labels that aren't there or aren't one class per image.</summary>
    /// <param name="labels">Must be [batch], int64.</param>
    /// <param name="x">The images, [batch, ...].</param>
    /// <param name="classes">How many the network knows.</param>
    /// <exception cref="ArgumentException">
    /// They are missing, of another shape or type, or, where they lie on the CPU, of a class that there isn't.
    /// </exception>
    protected void CheckLabels([NotNull] Tensor? labels, Tensor x, int classes)
    {
        if (labels is null)
            throw new ArgumentException(
                $"{Info.Name} is conditioned on {Counted.Of(classes, "class", "classes")}: it needs labels, one per image, [{x.shape[0]}].",
                nameof(labels));
        if (labels.dim() != 1 || labels.shape[0] != x.shape[0] || labels.dtype != ScalarType.Int64)
            throw new ArgumentException(
                $"{Info.Name} takes one label per image, [{x.shape[0]}] of Int64, but got [{string.Join(", ", labels.shape)}] of "
                    + $"{labels.dtype}.",
                nameof(labels));
        // Elsewhere than on the CPU looking at the values would wait for the device.
        if (labels.device_type == DeviceType.CPU && labels.data<long>().Any(label => label < 0 || label >= classes))
            throw new ArgumentException(
                FormattableString.Invariant($"{Info.Name} knows classes 0 to {classes - 1}, but got label ")
                    + FormattableString.Invariant($"{labels.data<long>().First(label => label < 0 || label >= classes)}."),
                nameof(labels));
    }

    /// <summary>Refuses a context that isn't there or isn't one for each image.</summary>
    /// <param name="context">Must be [batch, tokens, <paramref name="width"/>], of at least one token.</param>
    /// <param name="x">The images, [batch, ...].</param>
    /// <param name="width">Of the tokens.</param>
    /// <exception cref="ArgumentException">It is missing, or of another shape.</exception>
    protected void CheckContext([NotNull] Tensor? context, Tensor x, int width)
    {
        if (context is null)
            throw new ArgumentException(
                $"{Info.Name} attends to a context, [{x.shape[0]}, tokens, {width}], and got none: call "
                    + "`forward(x, timesteps, context: ...)`.",
                nameof(context));
        if (context.dim() != 3 || context.shape[0] != x.shape[0] || context.shape[1] == 0 || context.shape[2] != width)
            throw new ArgumentException(
                $"{Info.Name} takes one context per image, [{x.shape[0]}, tokens, {width}], but got [{string.Join(", ", context.shape)}].",
                nameof(context));
        if (!context.is_floating_point())
            throw new ArgumentException(
                $"{Info.Name} takes a context of floating point numbers, but got {context.dtype}.", nameof(context));
        // What computes in 16 bits brings either type to it; images of another type than the weights are told of at the first convolution.
        if (context.dtype != x.dtype && Precision == Precision.Float32 && parameters().First().dtype == x.dtype)
            throw new ArgumentException(
                $"{Info.Name} takes a context of the images' type, {x.dtype}, but got one of {context.dtype}: convert it, "
                    + "`context.to(x.dtype)`.",
                nameof(context));
    }

    /// <summary>Refuses a condition that the network doesn't have.</summary>
    /// <param name="condition">Must be null.</param>
    /// <param name="name">The parameter's name.</param>
    /// <param name="key">What the spec would have to say.</param>
    /// <exception cref="ArgumentException">It is not null.</exception>
    protected void RefuseCondition(Tensor? condition, string name, string key)
    {
        if (condition is not null)
            throw new ArgumentException($"{Info.Name} takes no {name}; its spec would have to say {key}.", name);
    }

    /// <summary>
    /// Lets the blocks compute as <see cref="Kernels"/>, <see cref="Precision"/> and <see cref="GradientCheckpointing"/> say, on this
    /// thread, until the result is disposed.
    /// </summary>
    /// <param name="x">The images, which lie where the weights do.</param>
    protected Compute.Scope Computing(Tensor x)
    {
        ArgumentNullException.ThrowIfNull(x);
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        return Compute.Use(Kernels, Precision, x.device_type, GradientCheckpointing);
    }

    /// <summary>A convolution of the network's own, of stride 1, by the kernel and in the numbers of <see cref="Computing"/>.</summary>
    /// <param name="conv">With its weights.</param>
    /// <param name="x">[batch, channels, height, width], of at least one image.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">There is no image, or they are of another type than the weights.</exception>
    protected Tensor Convolve(Conv2d conv, Tensor x)
    {
        if (x.size(0) == 0)
            throw new ArgumentException(
                $"A network takes batches of at least one image, but got one of none, [{string.Join(", ", x.shape)}].", nameof(x));
        // What computes in 16 bits brings either type to them.
        if (x.dtype != conv.weight.dtype && x.dtype != Compute.Backend.Rounding)
            throw new ArgumentException(
                $"A network takes images of its weights' type, {conv.weight.dtype}, but got such of {x.dtype}.", nameof(x));
        if (x.size(1) != conv.in_channels)
            throw new ArgumentException(
                $"A convolution of the network takes {conv.in_channels} channels, but got [{string.Join(", ", x.shape)}]. Has selfCondition "
                    + "the images' shape?",
                nameof(x));
        return Compute.Backend.Convolve(x, LayerWeights.Of(conv));
    }

    /// <summary>The last convolution: as <see cref="Convolve"/>, but the result has its weights' type, whatever the precision.</summary>
    /// <param name="conv">With its weights.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    protected Tensor Predict(Conv2d conv, Tensor x) =>
        Compute.Backend.Convolve(x, LayerWeights.Of(conv)).to(conv.weight.dtype);

    /// <summary>SiLU(norm(x)), before the last convolution.</summary>
    /// <param name="norm">With its weights.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    protected Tensor NormActivate(nn.Module<Tensor, Tensor> norm, Tensor x) =>
        Compute.Backend.NormActivate(x, LayerWeights.OfNorm(norm), Activation.Silu);

    /// <summary>A residual block of the user's own.</summary>
    /// <param name="block">
    /// Casts nothing itself, so that it is given float32 for what is rounded to 16 bits. It may return its input.
    /// </param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="t">The embedding of the timesteps, [batch, features], as <see cref="Widen"/> gives it.</param>
    /// <param name="channels">Those that the network has next.</param>
    /// <returns>[batch, <paramref name="channels"/>, height, width].</returns>
    /// <exception cref="UNetGenException">The block returned something of another shape.</exception>
    protected Tensor ForwardOwn(nn.Module<Tensor, Tensor, Tensor> block, Tensor x, Tensor t, int channels)
    {
        var made = block.forward(Widen(x), t);
        long[] needed = [x.size(0), channels, x.size(2), x.size(3)];
        if (made is null || !made.shape.SequenceEqual(needed))
            throw new UNetGenException(
                $"{block.GetType().Name} returned {(made is null ? "null" : Shown(made.shape))} of {Shown(x.shape)}, and the network needs "
                    + $"{Shown(needed)} there: a residual block returns `dimOut` channels, the second argument of its constructor.");
        return made;

        static string Shown(long[] shape) => $"[{string.Join(", ", shape)}]";
    }

    /// <summary>
    /// What is rounded to 16 bits as float32, all else as it is: a tensor of its own in any case, which a block of the user's own may
    /// return.
    /// </summary>
    protected Tensor Widen(Tensor x) => x.dtype == Compute.Backend.Rounding ? x.to(ScalarType.Float32) : x.alias();

    /// <summary>[batch, a, height, width] and [batch, b, height, width] to [batch, a + b, height, width], in this order.</summary>
    /// <exception cref="ArgumentException">They differ in more than channels.</exception>
    protected Tensor Concat(Tensor first, Tensor second)
    {
        if (first.dim() != 4 || first.size(0) != second.size(0) || first.size(2) != second.size(2) || first.size(3) != second.size(3))
            throw new ArgumentException(
                $"A network joins what differs in channels alone, but got [{string.Join(", ", first.shape)}] and "
                    + $"[{string.Join(", ", second.shape)}]. Has selfCondition the images' shape?",
                nameof(first));
        if (first.is_floating_point() != second.is_floating_point())
            throw new ArgumentException(
                $"A network joins numbers of one kind, but got {first.dtype} and {second.dtype}. Has selfCondition the images' type?",
                nameof(second));
        return Compute.Backend.Concat(first, second);
    }

    /// <summary>Sets the network's last convolution to 0, so that it starts by predicting 0 (<c>zero_init: true</c>).</summary>
    protected void StartAtZero(Conv2d conv) => Layers.Zero(conv.weight, conv.bias);

    /// <summary>
    /// Moves what the constructor made, where it is asked to. The values are drawn on the CPU, so a seed gives the same network on every
    /// device.
    /// </summary>
    /// <param name="device">Null: stay on the CPU.</param>
    /// <param name="dtype">Null: float32, whatever <c>torch.set_default_dtype</c> says, in which its values were drawn.</param>
    /// <exception cref="ArgumentException">There are no weights of this type.</exception>
    /// <exception cref="UNetGenException">There is no such device.</exception>
    protected void MoveTo(Device? device, ScalarType? dtype)
    {
        if (dtype is { } asked and not (ScalarType.Float32 or ScalarType.Float64 or ScalarType.Float16 or ScalarType.BFloat16))
            throw new ArgumentException(
                $"A network's weights are of Float32, Float64, Float16 or BFloat16, not of {asked}.", nameof(dtype));
        if (device is not null)
            Devices.Require(device);
        if ((dtype ?? ScalarType.Float32) is var type && (dtype is not null || get_default_dtype() != type))
            this.to(type);
        if (device is not null)
            this.to(device);
    }
}
