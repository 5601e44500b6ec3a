using System.Runtime.InteropServices;
using System.Text;
using static TorchSharp.torch;

namespace UNetGen.Distributed;

/// <summary>What every process says, known to all. All of them call it.</summary>
public static class Gathering
{
    /// <summary>Numbers of each process, by ranks.</summary>
    /// <param name="collective">The processes.</param>
    /// <param name="own">What this one says: as many numbers as every other.</param>
    public static long[][] Gather(this ICollective collective, params long[] own)
    {
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentNullException.ThrowIfNull(own);
        using var scope = NewDisposeScope();
        // A sum in which each has a row of its own: the one operation serves for all.
        var table = zeros([collective.Size, own.Length], ScalarType.Int64, CPU);
        table.select(0, collective.Rank).copy_(tensor(own, device: CPU));
        collective.AllReduce(table);
        return [.. table.data<long>().ToArray().Chunk(own.Length)];
    }

    /// <summary>A text of each process, by ranks.</summary>
    /// <param name="collective">The processes.</param>
    /// <param name="own">What this one says, of any length.</param>
    public static string[] Gather(this ICollective collective, string own)
    {
        ArgumentNullException.ThrowIfNull(collective);
        ArgumentNullException.ThrowIfNull(own);
        var text = Encoding.UTF8.GetBytes(own);
        var lengths = collective.Gather(text.Length).Select(row => (int)row[0]).ToArray();
        // One number at least: a row of none could not be told from no row.
        var numbers = new long[lengths.Max() / sizeof(long) + 1];
        text.CopyTo(MemoryMarshal.AsBytes(numbers.AsSpan()));
        return [.. collective.Gather(numbers).Zip(
            lengths, (row, length) => Encoding.UTF8.GetString(MemoryMarshal.AsBytes(row.AsSpan())[..length]))];
    }
}
