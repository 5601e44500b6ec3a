using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// A denoising network: given images noised to the given timesteps, predicts what the diffusion's objective asks for
/// (the noise, the clean image, or v). Every generated U-Net is one; trainer and samplers know no more than this.
/// </summary>
public abstract partial class NoisePredictor : nn.Module<Tensor, Tensor, Tensor>
{
    /// <summary>Names the module as PyTorch does, by its class.</summary>
    protected NoisePredictor(string name) : base(name ?? throw new ArgumentNullException(nameof(name)))
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

    /// <summary>
    /// Whether its last class, which stands for none, was learnt in a training that dropped labels, or in the one before, of whose weights
    /// that began. False: nothing is guided away from it unless it is named. Null: it stands for no such thing, or nothing says.
    /// </summary>
    internal bool? HasLearntNone { get; set; }

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

    /// <summary>
    /// Lets this thread's forward passes without gradients keep what they make of weights (standardised filters of
    /// <c>weight_standardization</c>, weights rounded to 16 bits), until the result is disposed: no weight may change until then. Samplers
    /// do so by themselves. It takes as much memory as these weights. It may be disposed on another thread, but holds on this one alone.
    /// </summary>
    public static IDisposable KeepWeights() => KeptWeights.Keep();

    private static T Known<T>(T value) where T : struct, Enum => Enum.IsDefined(value)
        ? value
        : throw new ArgumentOutOfRangeException(nameof(value), value, $"There is no such {typeof(T).Name}.");

    /// <summary>The network's tree of modules as PyTorch's <c>print(model)</c> shows it.</summary>
    public override string ToString() => ModuleTree.Of(this);

    /// <summary>Frees the weights, when no thread draws with them or trains or saves them any more.</summary>
    /// <param name="disposing">False: nobody can use it any more.</param>
    /// <exception cref="InvalidOperationException">It is called while a drawing with the network is observed.</exception>
    protected override void Dispose(bool disposing)
    {
        using var alone = disposing && !IsDisposed ? NetworkUse.Alone(this) : null;
        IsDisposed = true;
        base.Dispose(disposing);
    }

    /// <summary>Does nothing: a generated constructor registers its parts itself, under PyTorch's keys and in PyTorch's order.</summary>
    protected sealed override void RegisterComponents()
    {
    }
}
