namespace UNetGen.Backends.Memory;

/// <summary>
/// Which blocks of a stretch of memory are taken: each is in the lowest gap that holds it, and what is given back is one gap with those
/// beside it.
/// </summary>
/// <param name="start">The first address.</param>
/// <param name="bytes">How long it is.</param>
internal sealed class MemoryRegion(nint start, nint bytes)
{
    private readonly List<(nint Start, nint End)> gaps = [(start, start + bytes)];
    private readonly Dictionary<nint, nint> ends = [];

    /// <summary>The first address.</summary>
    public nint Start => start;

    /// <summary>Whether no block is taken.</summary>
    public bool IsFree => ends.Count == 0;

    /// <summary>A block.</summary>
    /// <param name="length">In bytes, more than 0.</param>
    /// <returns>Where it begins; 0, if no gap holds it.</returns>
    public nint Take(nint length)
    {
        var at = gaps.FindIndex(gap => gap.End - gap.Start >= length);
        if (at < 0)
            return 0;
        var (block, end) = gaps[at];
        ends.Add(block, block + length);
        if (block + length == end)
            gaps.RemoveAt(at);
        else
            gaps[at] = (block + length, end);
        return block;
    }

    /// <summary>Ends a block.</summary>
    /// <param name="block">Where it begins.</param>
    /// <returns>Whether it was one of this region's.</returns>
    public bool GiveBack(nint block)
    {
        if (!ends.Remove(block, out var end))
            return false;
        var at = gaps.FindIndex(gap => gap.Start >= end);
        if (at < 0)
            at = gaps.Count;
        if (at < gaps.Count && gaps[at].Start == end)
        {
            end = gaps[at].End;
            gaps.RemoveAt(at);
        }
        if (at > 0 && gaps[at - 1].End == block)
            gaps[at - 1] = (gaps[at - 1].Start, end);
        else
            gaps.Insert(at, (block, end));
        return true;
    }
}
