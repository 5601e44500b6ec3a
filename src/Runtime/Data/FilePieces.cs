namespace UNetGen.Data;

/// <summary>Files that are read a piece at a time, as an image's latents are: the pieces are numbered, the first file's first.</summary>
/// <param name="counts">How many pieces each file has.</param>
/// <param name="sum">Reads a piece once more, and gives <see cref="FileRecord.SumOf"/> of its bytes.</param>
internal sealed class FilePieces(IReadOnlyList<int> counts, Func<int, long> sum)
{
    private readonly int[] firsts = Firsts.Of(counts);

    /// <summary>Of all files.</summary>
    public int Count => firsts[^1];

    /// <summary>The number of a file's first piece.</summary>
    public int FirstOf(int file) => firsts[file];

    /// <summary>The file that a piece is of.</summary>
    public int FileOf(int piece) => Firsts.Find(firsts, piece);

    /// <summary>Of a piece, as it is now.</summary>
    public long Sum(int piece) => sum(piece);
}
