using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Blocks;

/// <summary>
/// Timesteps [batch] to their sinusoidal embedding [batch, dim] (Vaswani et al. 2017, section 3.5; Ho et al. 2020, appendix B):
/// frequency_i = theta^(-i / (dim / 2 - freqShift)).
/// </summary>
public sealed class SinusoidalPosEmb : nn.Module<Tensor, Tensor>
{
    private readonly long dim;
    private readonly double theta;
    private readonly SinusoidOrder order;
    private readonly int freqShift;

    /// <param name="dim">Width of the embedding; even and at least 4.</param>
    /// <param name="theta">The lowest frequency is about 1 / theta.</param>
    /// <param name="order">Which half comes first.</param>
    /// <param name="freqShift">1: the last frequency is exactly 1 / theta; 0: a step above it.</param>
    /// <exception cref="ArgumentException"><paramref name="dim"/> is odd or less than 4.</exception>
    public SinusoidalPosEmb(long dim, double theta = 10000, SinusoidOrder order = SinusoidOrder.SinCos, int freqShift = 1)
        : base(nameof(SinusoidalPosEmb))
    {
        if (dim < 4 || dim % 2 != 0)
            throw new ArgumentException($"A sinusoidal embedding needs an even width of at least 4, not {dim}.", nameof(dim));
        this.dim = dim;
        this.theta = theta;
        this.order = order;
        this.freqShift = freqShift;
    }

    /// <param name="timesteps">[batch], integer or floating.</param>
    /// <returns>[batch, dim], float32.</returns>
    public override Tensor forward(Tensor timesteps)
    {
        using var scope = NewDisposeScope();
        var half = dim / 2;
        var numbers = arange(Number.Of(0), Number.Of(half), Number.One, dtype: float32, device: timesteps.device);
        var frequencies = exp(numbers * Number.Of(-Math.Log(theta) / (half - freqShift)));
        var angles = timesteps.to(float32).unsqueeze(1) * frequencies.unsqueeze(0);
        var (first, second) = order == SinusoidOrder.SinCos ? (sin(angles), cos(angles)) : (cos(angles), sin(angles));
        return cat([first, second], 1).MoveToOuterDisposeScope();
    }
}
