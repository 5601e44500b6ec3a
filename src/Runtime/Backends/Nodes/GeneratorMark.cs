using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Backends.Nodes;

/// <summary>
/// Where libtorch's own generator stands, so that the same can be drawn again. That of the CPU tells its state. That of a GPU tells
/// TorchSharp nothing: it is given a seed, which the CPU's draws.
/// </summary>
internal static class GeneratorMark
{
    /// <summary>To be called before anything is drawn.</summary>
    /// <param name="device">Whose generator.</param>
    /// <returns>For <see cref="Repeat"/>.</returns>
    public static Tensor Take(DeviceType device)
    {
        if (device == DeviceType.CPU)
            return get_rng_state();
        var seed = randint(long.MaxValue, [1], ScalarType.Int64, CPU);
        Seed(seed);
        return seed;
    }

    /// <summary>Draws what was drawn after <see cref="Take"/>. The CPU's generator stands afterwards where it stood before.</summary>
    /// <param name="mark">What that gave.</param>
    /// <param name="device">The same.</param>
    /// <param name="draw">What to do meanwhile.</param>
    /// <returns>Its result.</returns>
    public static Tensor Repeat(Tensor mark, DeviceType device, Func<Tensor> draw)
    {
        if (device != DeviceType.CPU)
        {
            Seed(mark);
            return draw();
        }
        using var before = get_rng_state();
        set_rng_state(mark);
        try
        {
            return draw();
        }
        finally
        {
            set_rng_state(before);
        }
    }

    private static void Seed(Tensor seed) => cuda.manual_seed_all(seed.item<long>());
}
