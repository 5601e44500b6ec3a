using System.Globalization;
using UNetGen.Native;

namespace UNetGen.Data;

/// <summary>
/// The order of the images in each epoch: a permutation that is a pure function of (seed, epoch), by Fisher and Yates. Asked for epochs in
/// about their order, by several threads, it makes each once.
/// </summary>
internal sealed class ShuffledOrder(int count, long seed)
{
    private readonly Lock making = new();

    // Those who read ahead are in two epochs at once. More are open only where epochs are short, and making one again costs little.
    private readonly (long Epoch, int[] Order)[] latest = [(-1, []), (-1, [])];

    /// <summary>The images' numbers from 0 to count - 1, each once. Not to be written to.</summary>
    public int[] Of(long epoch)
    {
        lock (making)
        {
            ref var slot = ref latest[epoch & 1];
            if (slot.Epoch != epoch)
                slot = (epoch, Shuffle(epoch));
            return slot.Order;
        }
    }

    private string FewerImages => string.Create(
        CultureInfo.InvariantCulture,
        $"The order of an epoch of {count:N0} images takes {count * (double)sizeof(int) / 1e9:0.0} GB. A source that makes images without end "
            + $"may say a smaller `Count`: epochs follow each other without a gap.");

    private int[] Shuffle(long epoch)
    {
        var order = Shortage.Explained(() => new int[count], FewerImages);
        for (var i = 0; i < count; i++)
            order[i] = i;
        var random = new CounterHash(seed, epoch);
        for (var i = count - 1; i > 0; i--)
        {
            var j = random.NextInt(i + 1);
            (order[i], order[j]) = (order[j], order[i]);
        }
        return order;
    }
}
