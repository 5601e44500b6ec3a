using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>An edit or a condition, and the pictures that a grid shows beside what is drawn.</summary>
/// <param name="Edit">What is made of the pictures; null: they are drawn from a <see cref="Condition"/>.</param>
/// <param name="Before">The pictures that stand before what is drawn, [1 or more, channels, height, width].</param>
/// <param name="After">Those behind it; null: none.</param>
/// <param name="Frames">Pictures of a strip; 0 where it is none.</param>
internal sealed record EditedDrawing(PictureEdit? Edit, Tensor Before, Tensor? After = null, int Frames = 0)
{
    /// <summary>What a network with such a thing makes images from.</summary>
    public Tensor? Condition { get; init; }

    /// <summary>Whether each drawn picture lies in the column of the one that it is made of.</summary>
    public bool IsOfMany => Edit is null or FromPictures && Before.shape[0] > 1;

    /// <summary>How many pictures are drawn where nothing is said.</summary>
    /// <param name="classes">So many are drawn in turn.</param>
    public int CountOf(int classes) => Math.Max(classes, IsOfMany ? (int)Before.shape[0] : 8);

    /// <summary>The same for a table's row: each picture as often as all classes need it.</summary>
    /// <param name="classes">So many are drawn in turn.</param>
    public int CountOfRow(int classes) =>
        IsOfMany ? (int)((classes + Before.shape[0] - 1) / Before.shape[0] * Before.shape[0]) : classes;

    /// <summary>What is what in the grid, to follow the number of pictures.</summary>
    public string Legend => Edit switch
    {
        Interpolation => ", each strip between its two",
        null => IsOfMany ? ", below those that they are made from" : ", behind the one that they are made from",
        Inpainting => ", behind the picture, whole and without what is painted",
        _ => IsOfMany ? ", below those that they are drawn from" : ", behind the one that they are drawn from",
    };

    /// <summary>How many pictures a grid has, or a table.</summary>
    /// <param name="drawn">How many are drawn of each seed.</param>
    /// <param name="seeds">How many seeds there are.</param>
    public long InGrid(int drawn, long seeds) =>
        IsOfMany ? Before.shape[0] + drawn * seeds : seeds * (Frames > 0 ? drawn / Frames * (Frames + Beside) : drawn + Beside);

    /// <summary>How many of a grid's pictures are in a row, 0 for a square.</summary>
    /// <param name="drawn">How many are drawn.</param>
    /// <param name="isRow">Whether all of them belong into one row of a table.</param>
    public int Columns(int drawn, bool isRow) =>
        Frames > 0 ? Frames + Beside : IsOfMany ? (int)Before.shape[0] : isRow ? drawn + Beside : 0;

    /// <summary>Drawn pictures with those that they are made of.</summary>
    /// <param name="drawn">[batch, channels, height, width], on the CPU.</param>
    /// <param name="isFirst">Whether they are the first of a table: columns have their pictures on top, once.</param>
    public Tensor Grid(Tensor drawn, bool isFirst) =>
        Frames > 0 ? cat([.. drawn.split(Frames).Select(WithOthers)]) : IsOfMany && !isFirst ? drawn : WithOthers(drawn);

    private int Beside => (int)(Before.shape[0] + (After?.shape[0] ?? 0));

    private Tensor WithOthers(Tensor drawn) => After is null ? cat([Before, drawn]) : cat([Before, drawn, After]);
}
