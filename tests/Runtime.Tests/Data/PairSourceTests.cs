using SkiaSharp;
using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>Pairs of pictures in two folders.</summary>
public sealed class PairSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Pictures_of_one_name_are_a_pair_whatever_their_endings_and_their_folders_are_classes()
    {
        // Sorted, "a b.png" and "a.png" stand otherwise than "a b.bmp" and "a.webp".
        foreach (var (name, grey) in new[] { ("cats/a.png", 10), ("cats/a b.png", 20), ("dogs/a.png", 30) })
            Save("sharp/" + name, (byte)grey);
        foreach (var (name, grey) in new[] { ("cats/a.jpg", 110), ("cats/a b.png", 120), ("dogs/a.webp", 130) })
            Save("blurred/" + name, (byte)grey);

        var pairs = Open();
        Assert.Equal(["cats", "dogs"], pairs.Classes);
        Assert.Equal([(10, 110), (20, 120), (30, 130)], Enumerable.Range(0, 3).Select(i => Greys(pairs, i)).Order());
        Assert.Equal(1, pairs.Label(2));
        Assert.Equal("pairs of pictures", pairs.Identity.Condition);
    }

    [Fact]
    public void Whoever_has_no_partner_is_named_on_both_sides()
    {
        Save("sharp/a.png", 0);
        Save("sharp/b.png", 0);
        Save("sharp/in/c.png", 0);
        Save("blurred/a.png", 0);
        Save("blurred/d.png", 0);

        var message = Assert.Throws<DataException>(Open).Message;
        Assert.Contains($"2 pictures in '{folder.File("sharp")}' have no partner in '{folder.File("blurred")}': b, in/c", message);
        Assert.Contains($"1 picture in '{folder.File("blurred")}' has no partner in '{folder.File("sharp")}': d", message);
    }

    [Fact]
    public void A_letter_has_one_name_in_both_of_Unicode_s_forms()
    {
        Save("sharp/caf\u00e9.png", 10);
        Save("blurred/cafe\u0301.png", 110);

        Assert.Equal((10, 110), Greys(Open(), 0));
    }

    [Fact]
    public void Two_pictures_of_one_name_are_refused_with_both()
    {
        Save("sharp/a.png", 0);
        Save("blurred/a.png", 0);
        Save("blurred/a.jpg", 0);
        Assert.Contains(
            "has a.jpg and a.png, which differ in their endings, or in Unicode's form of a letter, alone",
            Assert.Throws<DataException>(Open).Message);
    }

    [Fact]
    public void A_pair_with_one_broken_file_is_left_out_whole_and_the_file_named()
    {
        foreach (var name in (string[])["a", "b", "c"])
        {
            Save($"sharp/{name}.png", (byte)name[0]);
            Save($"blurred/{name}.png", (byte)(name[0] + 100));
        }
        File.WriteAllText(folder.File("blurred/b.png"), "no picture");
        File.WriteAllText(folder.File("sharp/c.png"), "no picture");

        var pairs = Open();
        Assert.All(Enumerable.Range(0, 3), i => Assert.Equal(('a', 'a' + 100), Greys(pairs, i)));
        var image = new float[16];
        pairs.Read(1, image);
        Assert.Equal('a', Grey(image));
        Assert.Equal(
            [$"{folder.File("sharp")}/c.png", $"{folder.File("blurred")}/b.png"], pairs.BrokenFiles.Select(file => file.Path));
    }

    [Fact]
    public void Where_no_pair_is_whole_it_is_an_error_that_says_why()
    {
        Save("sharp/a.png", 0);
        Save("blurred/a.png", 0);
        File.WriteAllText(folder.File("blurred/a.png"), "no picture");
        var pairs = Open();
        var error = Assert.Throws<DataException>(() => Greys(pairs, 0));
        Assert.Contains("not one of 1 pair can be used; the first, a.png: ", error.Message);
        Assert.Contains("blurred/a.png is no picture", error.Message);
    }

    [Fact]
    public void Another_name_in_either_folder_is_other_data_and_both_folders_files_are_kept_in_mind()
    {
        Save("sharp/a.png", 0);
        Save("blurred/a.png", 0);
        var before = Open().Identity;
        File.Move(folder.File("blurred/a.png"), folder.File("blurred/a.bmp"));
        Assert.Equal(["the file names differ"], before.DifferencesTo(Open().Identity));

        using var scope = TorchSharp.torch.NewDisposeScope();
        var record = Open().Record.ToTensors();
        Assert.Equal(2, record["size"].numel());
        File.WriteAllText(folder.File("blurred/a.bmp"), "other");
        Assert.Contains(
            $"blurred' has another size than when the training was at work; the first, {folder.File("blurred/a.bmp")}, had",
            Assert.Throws<DataException>(() => Open().Record.GoOnFrom(record)).Message);
    }

    [Fact]
    public void A_folder_that_is_not_there_or_empty_is_named()
    {
        Save("sharp/a.png", 0);
        Assert.StartsWith($"There is no folder '{folder.File("blurred")}'", Assert.Throws<DataException>(Open).Message);
        Directory.CreateDirectory(folder.File("blurred"));
        Assert.StartsWith($"'{folder.File("blurred")}' holds no .png", Assert.Throws<DataException>(Open).Message);
    }

    private PairSource Open() => PairSource.Open(folder.File("sharp"), folder.File("blurred"), 1, 4, 4, conditionChannels: 3);

    private static (int Image, int Condition) Greys(PairSource pairs, int index)
    {
        var (image, condition) = (new float[16], new float[48]);
        pairs.ReadWithCondition(index, 0, image, condition);
        return (Grey(image), Grey(condition));
    }

    private static int Grey(float[] values)
    {
        // JPEG and WebP lose a little.
        Assert.InRange(values.Max() - values.Min(), 0, 0.02);
        return (int)Math.Round((values[0] + 1) * 127.5);
    }

    private void Save(string name, byte grey)
    {
        var path = folder.File(name);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        using var bitmap = new SKBitmap(4, 4);
        bitmap.Erase(new SKColor(grey, grey, grey));
        using var file = File.Create(path);
        bitmap.Encode(file, Path.GetExtension(name) switch
        {
            ".jpg" => SKEncodedImageFormat.Jpeg,
            ".webp" => SKEncodedImageFormat.Webp,
            _ => SKEncodedImageFormat.Png,
        }, 100);
    }
}
