using TorchSharp;
using static TorchSharp.torch;

namespace UNetGen.Backends.Nodes;

/// <summary>
/// Where dropout's generator stands, so that the same can be drawn again. That of the CPU tells its state. That of a GPU tells TorchSharp
/// nothing: it is given a seed, which the CPU's draws.
/// </summary>
internal static class GeneratorMark
{
    /// <summary>Draws, from a generator that is no other thread's on the CPU.</summary>
    /// <param name="device">Whose generator.</param>
    /// <param name="draw">What to do meanwhile.</param>
    /// <returns>Its result, and what to <see cref="Repeat"/> it by.</returns>
    public static (Tensor Result, Tensor Mark) Draw(DeviceType device, Func<Tensor> draw)
    {
        var mark = device == DeviceType.CPU ? Chance.State : randint(long.MaxValue, [1], ScalarType.Int64, CPU);
        if (device != DeviceType.CPU)
            return (Repeat(mark, device, draw), mark);
        using var generator = At(mark);
        var result = From(generator, draw);
        using var after = generator.get_state();
        Chance.State = after;
        return (result, mark);
    }

    /// <summary>Draws the same once more. The CPU's generator stands afterwards where it stood before.</summary>
    /// <param name="mark">What <see cref="Draw"/> gave.</param>
    /// <param name="device">The same.</param>
    /// <param name="draw">What to do meanwhile.</param>
    /// <returns>Its result.</returns>
    public static Tensor Repeat(Tensor mark, DeviceType device, Func<Tensor> draw)
    {
        if (device != DeviceType.CPU)
        {
            cuda.manual_seed_all(mark.item<long>());
            return draw();
        }
        using var generator = At(mark);
        return From(generator, draw);
    }

    private static Tensor From(Generator generator, Func<Tensor> draw)
    {
        using (Chance.Use(generator))
            return draw();
    }

    private static Generator At(Tensor mark)
    {
        var generator = new Generator(0, CPU);
        generator.set_state(mark);
        return generator;
    }
}
