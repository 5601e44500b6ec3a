using SkiaSharp;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>A part of another source's images.</summary>
public sealed class SubsetSourceTests : IDisposable
{
    private readonly ShapesSource whole = new(1, 16, 16, count: 8);
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void A_list_that_its_owner_changes_afterwards_changes_nothing()
    {
        var numbers = new List<int> { 2, 1 };
        var part = new SubsetSource(whole, numbers);
        var identity = part.Identity;

        numbers.Add(5);

        Assert.Equal(2, part.Count);
        Assert.Equal(identity, part.Identity);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(8)]
    public void A_number_that_is_no_image_is_refused_when_the_part_is_made(int number)
    {
        var error = Assert.Throws<ArgumentOutOfRangeException>("numbers", () => new SubsetSource(whole, [0, number]));

        Assert.StartsWith($"Number 1 of the subset is no image of {whole.Description}, which has 8 images; the first is 0.", error.Message);
    }

    [Theory]
    [InlineData(-1)]
    [InlineData(2)]
    public void A_number_that_is_no_image_of_the_part_is_refused_as_by_any_source(int number)
    {
        var part = new SubsetSource(whole, [3, 1]);
        Assert.Throws<ArgumentOutOfRangeException>("index", () => part.Read(number, new float[part.Channels * part.Height * part.Width]));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => part.Label(number));
        Assert.Throws<ArgumentOutOfRangeException>("index", () => part.ReadContext(number, []));
    }

    [Fact]
    public void A_broken_picture_is_stood_in_for_by_the_next_of_the_parts_own_and_never_by_one_held_back()
    {
        Write(Enumerable.Range(0, 6).Select(i => ($"{i}.png", 40 * i)));
        Break("1.png", "2.png");
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);

        Assert.Equal([0, 0, 0], Greys(new SubsetSource(source, [0, 1, 2])));
        Assert.Equal([160, 160, 0], Greys(new SubsetSource(source, [2, 4, 0])));
        Assert.Equal([120, 160, 200], Greys(new SubsetSource(source, [3, 4, 5])));
        // What isn't known to be broken yet is found by the reading itself.
        Assert.Equal([160, 160, 0], Greys(new SubsetSource(ImageFolderSource.Open(folder.Path, 1, 4, 4), [2, 4, 0])));
    }

    [Fact]
    public void Another_class_stands_in_for_no_broken_picture_and_where_the_part_has_none_of_its_own_it_is_told()
    {
        Write([("a/0.png", 0), ("a/1.png", 40), ("b/2.png", 80), ("b/3.png", 120)]);
        Break("a/1.png", "b/2.png");
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4);

        Assert.Equal([0, 0, 120], Greys(new SubsetSource(source, [1, 0, 3])));
        var part = new SubsetSource(source, [0, 2]);
        Assert.Equal(
            $"2 of {source.Description}, class b: not one of its picture files can be used; b/2.png is empty. Mend the files, or take them "
                + "away.",
            Assert.Throws<DataException>(() => Greys(part)).Message);
    }

    [Fact]
    public void A_part_of_a_part_of_pairs_or_of_conditioned_pictures_keeps_to_its_own_as_well_and_names_the_broken()
    {
        Write(Enumerable.Range(0, 4).SelectMany(i => ((string, int)[])[($"sharp/{i}.png", 40 * i), ($"blurred/{i}.png", 40 * i)]));
        Break("blurred/1.png", "sharp/3.png");
        var pairs = PairSource.Open(folder.File("sharp"), folder.File("blurred"), 1, 4, 4, conditionChannels: 1);
        var pictures = ImageFolderSource.Open(folder.File("sharp"), 1, 4, 4);
        var ofPairs = new SubsetSource(new SubsetSource(pairs, [0, 3, 1]), [1, 2, 0]);
        var conditioned = new UpscalingSource(new SubsetSource(pictures, [3, 1]), 2);
        var ofConditioned = new SubsetSource(new UpscalingSource(pictures, 2), [3, 1]);

        Assert.Equal([0, 0, 0], Greys(ofPairs));
        Assert.Equal([40, 40], Greys(conditioned));
        Assert.Equal([40, 40], Greys(ofConditioned));
        Assert.Equal(["sharp/3.png", "blurred/1.png"], ofPairs.BrokenFiles()!.Select(file => Path.GetRelativePath(folder.Path, file.Path)));
        Assert.Equal("3.png", Assert.Single(conditioned.BrokenFiles()!).Path);
        Assert.Equal("3.png", Assert.Single(ofConditioned.BrokenFiles()!).Path);
    }

    /// <summary>Of each image, by itself and with its condition.</summary>
    private static IEnumerable<int> Greys(IImageSource source) => Enumerable.Range(0, source.Count).Select(index =>
    {
        float[] image = new float[16], again = new float[16], condition = new float[source.ConditionChannels * 16];
        source.Read(index, image);
        if (condition.Length > 0)
        {
            source.ReadWithCondition(index, 0, again, condition);
            Assert.Equal(image, again);
            Assert.Equal(image, condition);
        }
        return (int)Math.Round((image[0] + 1) * 127.5);
    }).ToArray();

    private void Write(IEnumerable<(string Name, int Grey)> pictures)
    {
        foreach (var (name, grey) in pictures)
        {
            using var bitmap = new SKBitmap(4, 4);
            bitmap.Erase(new SKColor((byte)grey, (byte)grey, (byte)grey));
            folder.Write(name, bitmap.Encode(SKEncodedImageFormat.Png, 100).ToArray());
        }
    }

    private void Break(params string[] names)
    {
        foreach (var name in names)
            folder.Write(name, []);
    }
}
