using TorchSharp;
using TorchSharp.Modules;
using UNetGen.Blocks;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen;

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

    /// <summary>One pass of the network.</summary>
    /// <param name="x">Noised images, [batch, channels, height, width].</param>
    /// <param name="timesteps">How noised each is, [batch], int64 from 0.</param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    public abstract override Tensor forward(Tensor x, Tensor timesteps);

    /// <summary>One pass of a self-conditioned network (Chen et al. 2022, "Analog Bits").</summary>
    /// <param name="x">Noised images, [batch, channels, height, width].</param>
    /// <param name="timesteps">How noised each is, [batch], int64 from 0.</param>
    /// <param name="selfCondition">The previous estimate of the clean image, shaped like <paramref name="x"/>; null stands for zeros.</param>
    /// <returns>The prediction, [batch, out channels, height, width].</returns>
    /// <exception cref="ArgumentException">A condition is given to a network whose spec doesn't say <c>self_condition: true</c>.</exception>
    public virtual Tensor forward(Tensor x, Tensor timesteps, Tensor? selfCondition) => selfCondition is null
        ? forward(x, timesteps)
        : throw new ArgumentException($"{Info.Name} takes no self-condition; its spec would have to say `self_condition: true`.", nameof(selfCondition));

    /// <summary>Refuses input of another shape than the network was generated for, with a message that names both.</summary>
    /// <param name="x">Must be [batch, <paramref name="channels"/>, <paramref name="height"/>, <paramref name="width"/>].</param>
    /// <param name="timesteps">Must be [batch].</param>
    /// <param name="channels">Image channels.</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="ArgumentException">The shapes differ.</exception>
    protected void CheckInput(Tensor x, Tensor timesteps, int channels, int height, int width)
    {
        if (x.dim() != 4 || x.shape[1] != channels || x.shape[2] != height || x.shape[3] != width)
            throw new ArgumentException(
                $"{Info.Name} takes images [batch, {channels}, {height}, {width}], but got [{string.Join(", ", x.shape)}].", nameof(x));
        if (timesteps.dim() != 1 || timesteps.shape[0] != x.shape[0])
            throw new ArgumentException(
                $"{Info.Name} takes one timestep per image, [{x.shape[0]}], but got [{string.Join(", ", timesteps.shape)}].", nameof(timesteps));
    }

    /// <summary>[batch, a, height, width] and [batch, b, height, width] to [batch, a + b, height, width], in this order.</summary>
    protected static Tensor Concat(Tensor first, Tensor second) => cat([first, second], 1);

    /// <summary>Sets the network's last convolution to 0, so that it starts by predicting 0 (<c>zero_init: true</c>).</summary>
    protected static void StartAtZero(Conv2d conv) => Layers.Zero(conv.weight, conv.bias);

    /// <summary>Moves what the constructor made, where it is asked to. The values are drawn on the CPU, so a seed gives the same network on every device.</summary>
    /// <param name="device">Null: stay on the CPU.</param>
    /// <param name="dtype">Null: stay float32.</param>
    protected void MoveTo(Device? device, ScalarType? dtype)
    {
        if (dtype is { } type)
            this.to(type);
        if (device is not null)
            this.to(device);
    }

    /// <summary>Does nothing: a generated constructor registers its parts itself, under PyTorch's keys and in PyTorch's order.</summary>
    protected sealed override void RegisterComponents()
    {
    }
}
