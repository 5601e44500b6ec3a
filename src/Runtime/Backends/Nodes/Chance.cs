using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Backends.Nodes;

/// <summary>
/// Whence dropout draws on this thread: from libtorch's own generator, of which a process has one for all its threads, or on a CPU from
/// one that was set.
/// </summary>
internal static class Chance
{
    [ThreadStatic]
    private static Generator? own;

    /// <summary>Where it stands: a CPU's generator.</summary>
    public static Tensor State
    {
        get => own is { } generator ? generator.get_state() : get_rng_state();
        set
        {
            if (own is { } generator)
                generator.set_state(value);
            else
                set_rng_state(value);
        }
    }

    /// <summary>Draws from a generator of the CPU on this thread, until the result is disposed.</summary>
    public static Scope Use(Generator generator)
    {
        var scope = new Scope(own);
        own = generator;
        return scope;
    }

    /// <summary>Some numbers 0 and the others larger (Srivastava et al. 2014).</summary>
    /// <param name="x">Any shape.</param>
    /// <param name="probability">That a number becomes 0; above 0.</param>
    public static Tensor Dropout(Tensor x, double probability)
    {
        if (own is null || x.device_type != TorchSharp.DeviceType.CPU)
            return nn.functional.dropout(x, probability, training: true);
        // As libtorch does on a CPU, to the bit.
        using var factors = empty_like(x).bernoulli_(1 - probability, own).div_(Number.Of(1 - probability));
        return x * factors;
    }

    /// <summary>What was before, brought back when disposed.</summary>
    public readonly struct Scope : IDisposable
    {
        private readonly Generator? before;

        internal Scope(Generator? before) => this.before = before;

        /// <summary>Brings it back.</summary>
        public void Dispose() => own = before;
    }
}
