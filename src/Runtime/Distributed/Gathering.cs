using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>Numbers of every process, known to all.</summary>
internal static class Gathering
{
    /// <summary>What each process says, by ranks.</summary>
    /// <param name="collective">The processes.</param>
    /// <param name="own">What this one says: as many numbers as every other.</param>
    public static long[][] Gather(this ICollective collective, params long[] own)
    {
        using var scope = NewDisposeScope();
        // A sum in which each has a row of its own: the one operation serves for all.
        var table = zeros([collective.Size, own.Length], ScalarType.Int64, CPU);
        table.select(0, collective.Rank).copy_(tensor(own, device: CPU));
        collective.AllReduce(table);
        return [.. table.data<long>().ToArray().Chunk(own.Length)];
    }
}
