using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Blocks;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// A denoising network: given images noised to the given timesteps, predicts what the diffusion's objective asks for
/// (the noise, the clean image, or v). Every generated U-Net is one; trainer and samplers know no more than this.
/// </summary>
public abstract class NoisePredictor : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Names the module as PyTorch does, by its class.</summary>
    protected NoisePredictor(string name) : base(name)
    {
    }

    /// <summary>What the network is: its shapes, levels and counts, and the spec it came from.</summary>
    public abstract NetworkInfo Info { get; }

    /// <summary>The diffusion it is trained for; a sampler must use the same.</summary>
    public abstract DiffusionOptions Diffusion { get; }

    /// <summary>Where its weights lie: images and timesteps must lie there too. The CPU, if it has none.</summary>
    public Device Device => parameters().FirstOrDefault()?.device ?? CPU;

    /// <summary>
    /// In which form a generated network computes; the spec's <c>kernels</c> says how it begins. Weights and checkpoints are the same with
    /// both, results to rounding.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the two.</exception>
    public KernelForm Kernels { get; set => field = Known(value); }

    /// <summary>
    /// In which numbers a generated network computes, as torch.autocast has it: 16 bits for convolutions, linear layers and attention,
    /// float32 for norms and what comes out. Its weights, and with them gradients and checkpoints, stay float32. A trainer sets it while it
    /// trains, and scales the loss where that is needed: <see cref="Precision.Float16"/> alone loses small gradients.
    /// </summary>
    /// <exception cref="ArgumentOutOfRangeException">It is none of the three.</exception>
    public Precision Precision { get; set => field = Known(value); }

    /// <summary>
    /// Whether a generated network's blocks keep their inputs alone for the gradient, and compute once more in the backward pass (gradient
    /// checkpointing; Chen et al. 2016): less memory for about a third more work. Results and each block's gradients are the same. These
    /// gradients have none of their own. A trainer sets it while it trains.
    /// </summary>
    public bool GradientCheckpointing { get; set; }

    /// <summary>
    /// Whether the images that its weights were trained on have values in [-1, 1], as pictures do and latents don't; null where nothing
    /// says. A training sets it, and what loads weights does, to what is known of these; files that are written of the network say it on.
    /// Networks that draw no pictures aren't drawn as such, and of others conditions and edits' pictures must have such values.
    /// </summary>
    public bool? IsBounded { get; set; }

    /// <summary>Whether its weights were freed.</summary>
    internal bool IsDisposed { get; private set; }

    /// <summary>Partial methods of generated classes, for code of the user's own.</summary>
    internal static IReadOnlyList<string> HookNames { get; } = ["OnConstructed", "OnForwarding", "OnForwarded"];

    /// <summary>
    /// Those of <see cref="HookNames"/> that this class has: one without a body is no method. A program that was compiled ahead of time
    /// doesn't know.
    /// </summary>
    internal IReadOnlyList<string> Hooks
    {
        [UnconditionalSuppressMessage("Trimming", "IL2075", Justification = "A method that was taken out does nothing either.")]
        get
        {
            var own = GetType().GetMethods(BindingFlags.Instance | BindingFlags.NonPublic | BindingFlags.DeclaredOnly);
            return [.. HookNames.Intersect(own.Select(method => method.Name))];
        }
    }

    /// <summary>One pass of the network.</summary>
    /// <param name="x">
    /// Noised images, [batch, channels, height, width]; with their condition behind them, [batch, channels + condition channels, height,
    /// width], where the spec has <c>condition_channels</c>.
    /// </param>
    /// <param name="timesteps">
    /// How noised each is, [batch]: of a DDPM int64 from 0; of a flow float32, 1000 t; of EDM float32, ln(sigma) / 4.
    /// </param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">
    /// Shapes differ from the network's, timesteps on the CPU are none of its diffusion's, or it is class-conditional and needs labels.
    /// </exception>
    public abstract override Tensor forward(Tensor x, Tensor timesteps);

    /// <summary>One pass of any network; with the arguments that it is conditioned on.</summary>
    /// <param name="x">
    /// Noised images, [batch, channels, height, width]; with their condition behind them, [batch, channels + condition channels, height,
    /// width], where the spec has <c>condition_channels</c>.
    /// </param>
    /// <param name="timesteps">
    /// How noised each is, [batch]: of a DDPM int64 from 0; of a flow float32, 1000 t; of EDM float32, ln(sigma) / 4.
    /// </param>
    /// <param name="labels">
    /// The class of each image, [batch], int64 from 0 to below <see cref="NetworkInfo.NumClasses"/>; null for a network without classes.
    /// </param>
    /// <param name="selfCondition">
    /// For a self-conditioned network (Chen et al. 2022, "Analog Bits") the previous estimate of the clean image,
    /// [batch, channels, height, width]; null stands for zeros.
    /// </param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">
    /// A condition is given that the spec doesn't have, or labels are missing, or shapes differ.
    /// </exception>
    public virtual Tensor forward(Tensor x, Tensor timesteps, Tensor? labels, Tensor? selfCondition = null)
    {
        RefuseCondition(labels, nameof(labels), "`num_classes`");
        RefuseCondition(selfCondition, nameof(selfCondition), "`self_condition: true`");
        return forward(x, timesteps);
    }

    /// <summary>One pass of any network; with a context where it attends to one.</summary>
    /// <param name="x">Noised images, [batch, channels, height, width].</param>
    /// <param name="timesteps">As for the other forms.</param>
    /// <param name="context">
    /// What the network attends to, as what a text encoder makes of a text: [batch, tokens, <see cref="NetworkInfo.ContextDim"/>], of the
    /// weights' type; null for a network without context.
    /// </param>
    /// <param name="labels">As for the form without context.</param>
    /// <param name="selfCondition">As for the form without context.</param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">
    /// A condition is given that the spec doesn't have, or context or labels are missing, or shapes differ.
    /// </exception>
    /// <remarks>
    /// A network with <see cref="NetworkInfo.ContextDim"/> has only this form, whose last two parameters its class lets one leave out:
    /// <c>net.forward(x, timesteps, context: c)</c>. The other forms throw there, so that no context is taken for labels.
    /// </remarks>
    public virtual Tensor forward(Tensor x, Tensor timesteps, Tensor? context, Tensor? labels, Tensor? selfCondition)
    {
        RefuseCondition(context, nameof(context), "`preset: conditional` and `context_dim`");
        return forward(x, timesteps, labels, selfCondition);
    }

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
    /// Lets this thread's forward passes without gradients keep what they make of weights (standardised filters of
    /// <c>weight_standardization</c>, weights rounded to 16 bits), until the result is disposed: no weight may change until then. Samplers
    /// do so by themselves. It takes as much memory as these weights. It may be disposed on another thread, but holds on this one alone.
    /// </summary>
    public static IDisposable KeepWeights() => KeptWeights.Keep();

    /// <summary>
    /// Lets the blocks compute as <see cref="Kernels"/>, <see cref="Precision"/> and <see cref="GradientCheckpointing"/> say, on this
    /// thread, until the result is disposed.
    /// </summary>
    /// <param name="x">The images, which lie where the weights do.</param>
    protected Compute.Scope Computing(Tensor x) => Compute.Use(Kernels, Precision, x.device_type, GradientCheckpointing);

    /// <summary>A convolution of the network's own, of stride 1, by the kernel and in the numbers of <see cref="Computing"/>.</summary>
    /// <param name="conv">With its weights.</param>
    /// <param name="x">[batch, channels, height, width], of at least one image.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">There is no image, or they are of another type than the weights.</exception>
    protected static Tensor Convolve(Conv2d conv, Tensor x)
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
    protected static Tensor Predict(Conv2d conv, Tensor x) =>
        Compute.Backend.Convolve(x, LayerWeights.Of(conv)).to(conv.weight.dtype);

    /// <summary>SiLU(norm(x)), before the last convolution.</summary>
    /// <param name="norm">With its weights.</param>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <returns>The same shape.</returns>
    protected static Tensor NormActivate(nn.Module<Tensor, Tensor> norm, Tensor x) =>
        Compute.Backend.NormActivate(x, LayerWeights.OfNorm(norm), Activation.Silu);

    /// <summary>
    /// What a block is given that casts nothing itself, as one of the user's own: what is rounded to 16 bits as float32, all else as it is. It
    /// is the block's own tensor, which it may return.
    /// </summary>
    protected static Tensor Widen(Tensor x) => x.dtype == Compute.Backend.Rounding ? x.to(ScalarType.Float32) : x.alias();

    /// <summary>[batch, a, height, width] and [batch, b, height, width] to [batch, a + b, height, width], in this order.</summary>
    /// <exception cref="ArgumentException">They differ in more than channels.</exception>
    protected static Tensor Concat(Tensor first, Tensor second)
    {
        if (first.dim() != 4 || first.size(0) != second.size(0) || first.size(2) != second.size(2) || first.size(3) != second.size(3))
            throw new ArgumentException(
                $"A network joins what differs in channels alone, but got [{string.Join(", ", first.shape)}] and "
                    + $"[{string.Join(", ", second.shape)}]. Has selfCondition the images' shape?",
                nameof(first));
        return Compute.Backend.Concat(first, second);
    }

    /// <summary>Sets the network's last convolution to 0, so that it starts by predicting 0 (<c>zero_init: true</c>).</summary>
    protected static void StartAtZero(Conv2d conv) => Layers.Zero(conv.weight, conv.bias);

    /// <summary>
    /// Moves what the constructor made, where it is asked to. The values are drawn on the CPU, so a seed gives the same network on every
    /// device.
    /// </summary>
    /// <param name="device">Null: stay on the CPU.</param>
    /// <param name="dtype">Null: float32, whatever <c>torch.set_default_dtype</c> says, in which its values were drawn.</param>
    protected void MoveTo(Device? device, ScalarType? dtype)
    {
        if ((dtype ?? ScalarType.Float32) is var type && (dtype is not null || get_default_dtype() != type))
            this.to(type);
        if (device is not null)
            this.to(device);
    }

    private static T Known<T>(T value) where T : struct, Enum => Enum.IsDefined(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"There is no such {typeof(T).Name}.");

    /// <summary>The network's tree of modules as PyTorch's <c>print(model)</c> shows it.</summary>
    public override string ToString() => ModuleTree.Of(this);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        IsDisposed = true;
        base.Dispose(disposing);
    }

    /// <summary>Does nothing: a generated constructor registers its parts itself, under PyTorch's keys and in PyTorch's order.</summary>
    protected sealed override void RegisterComponents()
    {
    }
}
