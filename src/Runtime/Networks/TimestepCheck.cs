using System.Globalization;
using TorchSharp;
using UNetGen.Diffusion;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>What has to hold of the timesteps that a network is given beside images.</summary>
internal static class TimestepCheck
{
    // A flow's first time may be rounded up.
    private const double Rounding = 1e-6;

    /// <exception cref="ArgumentException">
    /// They are no numbers, not one for each image, or, where they lie on the CPU, none that the network's diffusion has.
    /// </exception>
    public static void Require(NoisePredictor network, Tensor timesteps, long images)
    {
        var name = network.Info.Name;
        if (timesteps.dim() != 1 || timesteps.shape[0] != images)
            throw new ArgumentException(
                $"{name} takes one timestep per image, [{images}], but got [{string.Join(", ", timesteps.shape)}].", nameof(timesteps));
        if (timesteps.dtype == ScalarType.Bool || timesteps.is_complex())
            throw new ArgumentException(
                $"{name} takes timesteps that are whole or floating point numbers, but got {timesteps.dtype}.", nameof(timesteps));
        // Elsewhere than on the CPU looking at the values would wait for the device.
        if (timesteps.device_type != DeviceType.CPU)
            return;
        var (taken, most) = network.Diffusion.Type switch
        {
            DiffusionType.Ddpm => ($"from 0 to {network.Diffusion.Timesteps - 1}", network.Diffusion.Timesteps - 1),
            DiffusionType.Flow => ($"from 0 to {FlowLevels.TimestepsOfOne} (1000 t)", FlowLevels.TimestepsOfOne + Rounding),
            _ => ("that are finite (ln(sigma) / 4)", double.MaxValue),
        };
        var least = network.Diffusion.Type == DiffusionType.Edm ? double.MinValue : 0;
        using var numbers = timesteps.to(ScalarType.Float64);
        foreach (var timestep in numbers.data<double>())
        {
            if (!(timestep >= least && timestep <= most))
                throw new ArgumentException(
                    string.Create(CultureInfo.InvariantCulture, $"{name} takes timesteps {taken}, but one is {timestep}."), nameof(timesteps));
        }
    }
}
