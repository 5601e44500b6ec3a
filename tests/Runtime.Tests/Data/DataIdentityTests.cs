using UNetGen.Data;
using UNetGen.Runtime.Tests.Training;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>Sources tell whether their images are those of before, without reading a file.</summary>
public sealed class DataIdentityTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_folder_is_told_by_its_files_names_wherever_it_lies()
    {
        var five = Folder("five", "a.png", "b.png", "c.png", "d.png", "e.png");

        Assert.Empty(five.DifferencesTo(Folder("elsewhere", "a.png", "b.png", "c.png", "d.png", "e.png")));
        Assert.Equal(
            ["the number of images was 5 and is 6", "the file names differ"],
            five.DifferencesTo(Folder("six", "a.png", "b.png", "c.png", "d.png", "e.png", "f.png")));
        Assert.Equal(["the file names differ"], five.DifferencesTo(Folder("renamed", "a.png", "b.png", "c.png", "d.png", "f.png")));
    }

    [Fact]
    public void Names_are_told_apart_by_where_they_end() =>
        Assert.Equal(["the file names differ"], Folder("one", "a.png", "b.pngc.png").DifferencesTo(Folder("other", "a.pngb.png", "c.png")));

    [Fact]
    public void Classes_and_shapes_are_named_with_both_values()
    {
        var cats = Folder("pets", "cat/a.png", "dog/a.png");

        Assert.Equal(
            ["the first class that differs was 'cat' and is 'cow'", "the file names differ"],
            cats.DifferencesTo(Folder("farm", "cow/a.png", "dog/a.png")));
        Assert.Contains("the number of classes was 2 and is 0", cats.DifferencesTo(Folder("flat", "a.png", "b.png")));
        Assert.Equal(
            ["the channels x height x width was 1 x 8 x 8 and is 3 x 8 x 4"],
            cats.DifferencesTo(ImageFolderSource.Open(folder.File("pets"), 3, 8, 4).Identity));
    }

    [Fact]
    public void Idx_images_are_told_by_their_pixels_or_labels()
    {
        var before = Idx("before", 5, 9);

        Assert.Empty(before.DifferencesTo(Idx("same", 5, 9)));
        Assert.Equal(["the pixels or labels differ"], before.DifferencesTo(Idx("other", 5, 8)));

        DataIdentity Idx(string name, params byte[] pixels) =>
            IdxSource.Open(
                folder.Write(name, [0, 0, 8, 3, 0, 0, 0, (byte)pixels.Length, 0, 0, 0, 1, 0, 0, 0, 1, .. pixels]), 1, 1, 1).Identity;
    }

    [Fact]
    public void Shapes_are_told_by_their_seed()
    {
        static DataIdentity Of(long seed) => ((IImageSource)new ShapesSource(1, 16, 16, seed)).Identity;

        Assert.Empty(Of(3).DifferencesTo(Of(3)));
        Assert.Equal(["the seeds differ"], Of(3).DifferencesTo(Of(4)));
        Assert.Equal(
            ["images were told apart by their seeds and are by their file names"],
            Of(3).DifferencesTo(Of(3) with { ContentKind = "file names", Content = "x" }));
    }

    [Fact]
    public void A_subset_is_told_by_its_numbers_and_by_the_whole()
    {
        static DataIdentity Of(long seed, params int[] numbers) => new SubsetSource(new ShapesSource(1, 16, 16, seed), numbers).Identity;

        Assert.Empty(Of(3, 1, 2).DifferencesTo(Of(3, 1, 2)));
        Assert.Equal(["the numbers or seeds differ"], Of(3, 1, 2).DifferencesTo(Of(3, 1, 3)));
        Assert.Equal(["the numbers or seeds differ"], Of(3, 1, 2).DifferencesTo(Of(4, 1, 2)));
    }

    [Fact]
    public void A_source_that_says_nothing_is_told_by_number_shape_and_classes()
    {
        IImageSource plain = new Stripes(), classes = new Stripes(classes: 2);

        Assert.Empty(plain.Identity.DifferencesTo(((IImageSource)new Stripes(low: 0)).Identity));
        Assert.Equal(["the number of classes was 0 and is 2"], plain.Identity.DifferencesTo(classes.Identity));
    }

    private DataIdentity Folder(string name, params string[] files)
    {
        foreach (var file in files)
            folder.Write($"{name}/{file}", []);
        return ImageFolderSource.Open(folder.File(name), 1, 8, 8).Identity;
    }
}
