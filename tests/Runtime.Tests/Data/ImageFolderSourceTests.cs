using System.Diagnostics;
using SkiaSharp;
using UNetGen.Data;
using UNetGen.Pictures;

namespace UNetGen.Runtime.Tests.Data;

public sealed class ImageFolderSourceTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_come_in_ordinal_order_of_their_relative_paths_with_nested_folders()
    {
        foreach (var (name, grey) in new[] { ("b.png", 2), ("a/z.PNG", 1), ("B.jpg", 0), ("b/a/x.jpeg", 3), ("é.png", 4) })
            folder.Write(
                name, Picture(4, 4, (_, _) => Grey(60 * grey), name.EndsWith("g") && !name.Contains("jp") || name.EndsWith("PNG")));
        folder.Write("notes.txt", "no picture"u8.ToArray());
        var source = Open(1, 4, 4);
        Assert.Equal(5, source.Count);
        for (var i = 0; i < 5; i++)
            Assert.Equal(60 * i, Bytes(source, i)[5], 2.0);
    }

    [Theory]
    [InlineData("II*\0")]
    [InlineData("MM\0*")]
    public void A_tiff_by_another_name_is_no_picture_rather_than_a_damaged_one(string start)
    {
        folder.Write("cats/a.png", Picture(4, 4, (_, _) => Grey(60)));
        folder.Write("cats/b.jpg", [.. System.Text.Encoding.ASCII.GetBytes(start), 8, 0, 0, 0, 1, 0, 0, 1, 3, 0, 1, 0, 0, 0, 4, 0, 0, 0]);
        var source = Open(1, 4, 4);

        Bytes(source, 1);

        Assert.StartsWith("is no picture: its content is none of ", Assert.Single(source.BrokenFiles).Reason);
    }

    [LinuxFact]
    public void A_name_that_is_not_UTF_8_is_told_as_such_and_a_folder_of_such_a_name_is_refused()
    {
        folder.Write("cats/a.png", Picture(4, 4, (_, _) => Grey(60)));
        InShell("cp cats/a.png cats/\"$(printf 'b\\351.png')\"");
        var source = Open(1, 4, 4);
        Assert.Equal(2, source.Count);
        Assert.Equal(60, Bytes(source, 1)[5], 2.0);
        Assert.Equal(
            "has a name that isn't UTF-8, by which it can't be opened (\uFFFD stands for what isn't): rename it",
            Assert.Single(source.BrokenFiles).Reason);

        InShell("mkdir \"$(printf 'd\\351')\" && cp cats/a.png \"$(printf 'd\\351')\"");
        var error = Assert.Throws<DataException>(() => Open(1, 4, 4)).Message;
        Assert.StartsWith($"'{folder.Path}' can't be searched: a folder in it has a name that isn't UTF-8", error);
        Assert.Contains("d\uFFFD", error);
        // Nor can .NET delete them.
        InShell("rm -rf *");
    }

    [Fact]
    public void A_png_of_the_right_size_keeps_every_pixel()
    {
        folder.Write("a.png", Picture(5, 3, (x, y) => new SKColor((byte)(50 * x), (byte)(100 * y), (byte)(x * y * 10))));
        var source = Open(3, 3, 5);
        var expected = from c in Enumerable.Range(0, 3)
                       from y in Enumerable.Range(0, 3)
                       from x in Enumerable.Range(0, 5)
                       select (c == 0 ? 50 * x : c == 1 ? 100 * y : x * y * 10);
        Assert.Equal(expected, Bytes(source, 0).Select(value => (int)Math.Round(value)));
    }

    [Theory]
    [InlineData(255, 0, 0, 76)]
    [InlineData(0, 255, 0, 150)]
    [InlineData(0, 0, 255, 29)]
    [InlineData(255, 255, 255, 255)]
    public void Colours_become_grey_by_their_luma(byte r, byte g, byte b, int grey)
    {
        folder.Write("a.png", Picture(4, 4, (_, _) => new SKColor(r, g, b)));
        Assert.All(Bytes(Open(1, 4, 4), 0), value => Assert.Equal(grey, value, 0.01));
    }

    [Theory]
    [InlineData(255, 255, 255)]
    [InlineData(255, 128, 0)]
    public void Transparency_is_laid_on_the_background_that_was_asked_for(byte r, byte g, byte b)
    {
        folder.Write("a.png", Picture(4, 4, (x, _) => new SKColor(200, 100, 40, (byte)(x < 2 ? 0 : 128))));
        var background = System.Drawing.Color.FromArgb(r, g, b);
        var source = ImageFolderSource.Open(folder.Path, 3, 4, 4, background: background);
        var pixels = Bytes(source, 0);
        Assert.Equal([r, g, b], ((int[])[0, 16, 32]).Select(i => (byte)Math.Round(pixels[i])));
        Assert.Equal((200 + r) / 2, pixels[3], 1.5);
        Assert.Equal((100 + g) / 2, pixels[16 + 3], 1.5);
        Assert.Equal((40 + b) / 2, pixels[32 + 3], 1.5);
        Assert.Equal([$"the background was #000000 and is #{r:x2}{g:x2}{b:x2}"], Open(3, 4, 4).Identity.DifferencesTo(source.Identity));
        Assert.Throws<ArgumentException>(
            () => ImageFolderSource.Open(folder.Path, 3, 4, 4, background: System.Drawing.Color.FromArgb(254, background)));
    }

    [Fact]
    public void Transparency_is_laid_on_black()
    {
        folder.Write("a.png", Picture(4, 4, (x, _) => new SKColor(200, 100, 255, (byte)(x < 2 ? 0 : 128))));
        var pixels = Bytes(Open(3, 4, 4), 0);
        Assert.Equal((0.0, 0.0, 0.0), (pixels[0], pixels[16], pixels[32]));
        Assert.Equal(100, pixels[3], 1.5);
        Assert.Equal(50, pixels[16 + 3], 1.5);
        Assert.Equal(128, pixels[32 + 3], 1.5);
    }

    [Fact]
    public void A_wide_picture_is_cropped_to_its_middle_and_a_high_one_too()
    {
        folder.Write("high.png", Picture(8, 24, (_, y) => y is >= 8 and < 16 ? SKColors.White : SKColors.Red));
        folder.Write("wide.png", Picture(24, 8, (x, _) => x is >= 8 and < 16 ? SKColors.White : SKColors.Red));
        var source = Open(3, 8, 8);
        Assert.All(Bytes(source, 0), value => Assert.Equal(255, value, 0.01));
        Assert.All(Bytes(source, 1), value => Assert.Equal(255, value, 0.01));
    }

    [Theory]
    [InlineData(2)]
    [InlineData(3)]
    [InlineData(5)]
    [InlineData(8)]
    public void Shrinking_a_fine_checkerboard_gives_even_grey_without_aliasing(int factor)
    {
        folder.Write("a.png", Picture(16 * factor, 16 * factor, (x, y) => Grey((x + y) % 2 * 255)));
        Assert.All(Bytes(Open(1, 16, 16), 0), value => Assert.InRange(value, 107, 148));
    }

    [Fact]
    public void Enlarging_keeps_flat_parts_flat()
    {
        folder.Write("a.png", Picture(8, 8, (x, _) => Grey(x < 4 ? 40 : 200)));
        var pixels = Bytes(Open(1, 32, 32), 0);
        Assert.Equal(40, pixels[0], 1.5);
        Assert.Equal(200, pixels[31], 1.5);
    }

    /// <summary>A picture whose upright corners are red, green, blue and white, stored in each of the eight ways of EXIF.</summary>
    [Theory]
    [InlineData(1, "RGBW")]
    [InlineData(2, "GRWB")]
    [InlineData(3, "WBGR")]
    [InlineData(4, "BWRG")]
    [InlineData(5, "RBGW")]
    [InlineData(6, "GWRB")]
    [InlineData(7, "WGBR")]
    [InlineData(8, "BRWG")]
    [InlineData(3, "WBGR", true)]
    [InlineData(6, "GWRB", true)]
    public void Pictures_are_turned_upright(int orientation, string storedCorners, bool png = false)
    {
        var colours =
            new Dictionary<char, SKColor> { ['R'] = SKColors.Red, ['G'] = SKColors.Lime, ['B'] = SKColors.Blue, ['W'] = SKColors.White };
        // Upright it is 32 wide and 16 high; orientations from 5 on are stored lying.
        var (width, height) = orientation < 5 ? (32, 16) : (16, 32);
        var stored = Picture(width, height, (x, y) => colours[storedCorners[(y < height / 2 ? 0 : 2) + (x < width / 2 ? 0 : 1)]], png);
        folder.Write(png ? "a.png" : "a.jpg", png ? PngWithExif(stored, Exif(orientation)) : WithOrientation(stored, orientation));

        var pixels = Bytes(Open(3, 16, 32), 0);
        var corners = new[] { (3, 3), (28, 3), (3, 12), (28, 12) }.Select(at => Nearest(at.Item1, at.Item2));
        Assert.Equal("RGBW", string.Concat(corners));

        char Nearest(int x, int y) => colours.MinBy(colour =>
            Math.Abs(colour.Value.Red - pixels[y * 32 + x]) + Math.Abs(colour.Value.Green - pixels[512 + y * 32 + x])
            + Math.Abs(colour.Value.Blue - pixels[1024 + y * 32 + x])).Key;
    }

    /// <summary>Whatever stands there, it is the picture as it is stored.</summary>
    [Fact]
    public void A_png_whose_exif_says_nothing_that_can_be_read_is_as_it_is_stored()
    {
        var plain = Picture(8, 4, (x, _) => Grey(x < 4 ? 40 : 200));
        var whole = Exif(6);
        byte[] huge = [.. whole];
        huge[4] = 0xFF;
        byte[] strange = [.. whole];
        strange[19] = 9;
        foreach (var exif in (byte[][])[[], [.. whole.Take(9)], [.. whole.Take(15)], "II*"u8.ToArray(), huge, strange])
            Assert.Equal(SKEncodedOrigin.TopLeft, PngOrientation.Of(PngWithExif(plain, exif)));
        foreach (var length in (int[])[0, 20, 35, 50])
            Assert.Equal(SKEncodedOrigin.TopLeft, PngOrientation.Of(PngWithExif(plain, whole)[..length]));
        byte[] little = [.. "II"u8, 42, 0, 8, 0, 0, 0, 1, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0, 0, 0, 0, 0];
        Assert.Equal(SKEncodedOrigin.RightTop, PngOrientation.Of(PngWithExif(plain, little)));
        Assert.Equal(SKEncodedOrigin.RightTop, PngOrientation.Of(PngWithExif(plain, whole)));
    }

    [Fact]
    public void A_broken_file_is_listed_when_it_is_met_and_the_next_whole_one_stands_in()
    {
        var whole = Picture(32, 32, (_, _) => Grey(60));
        var jpeg = Picture(64, 64, (x, y) => Grey(x * y % 256), png: false);
        folder.Write("a.png", whole);
        folder.Write("b/cut.png", whole[..(whole.Length / 2)]);
        folder.Write("cut.jpg", jpeg[..(jpeg.Length / 2)]);
        folder.Write("empty.png", []);
        folder.Write("m.png", Picture(32, 32, (_, _) => Grey(120)));
        folder.Write("text.png", "not a picture"u8.ToArray());

        var source = Open(1, 16, 16);
        Assert.Equal(6, source.Count);
        Assert.Empty(source.BrokenFiles);
        Assert.Equal([60, 120, 120, 120, 120, 60], Enumerable.Range(0, 6).Select(i => Math.Round(Bytes(source, i)[0])));
        Assert.Equal(
            [("b/cut.png", "is cut off"), ("cut.jpg", "is cut off"), ("empty.png", "is empty"), (
                "text.png", "is no picture: its content is none of .png, .jpg, .jpeg, .jpe, .jfif, .jif, .webp, .bmp, .dib and .gif")],
            source.BrokenFiles.Select(file => (file.Path, file.Reason)));
    }

    [Fact]
    public void A_file_of_the_same_class_stands_in_for_a_broken_one()
    {
        foreach (
            var (name, grey) in new[] { ("a/1.png", -1), ("a/2.png", 20), ("b/1.png", 40), (
                "b/2.png", 60), ("b/3.png", -1), ("c/1.png", 80) })
            folder.Write(name, grey < 0 ? [] : Picture(4, 4, (_, _) => Grey(grey)));
        var source = Open(1, 4, 4);
        Assert.Equal([20, 20, 40, 60, 40, 80], Enumerable.Range(0, 6).Select(i => Math.Round(Bytes(source, i)[0])));
        Assert.Equal([0, 0, 1, 1, 1, 2], Enumerable.Range(0, 6).Select(source.Label));
    }

    [Fact]
    public void A_class_of_broken_files_alone_is_refused_with_the_first_and_its_fault()
    {
        folder.Write("cats/a.png", []);
        folder.Write("cats/b.jpg", [1, 2, 3]);
        folder.Write("dogs/a.png", Picture(4, 4, (_, _) => SKColors.Red));
        var source = Open(1, 4, 4);
        Bytes(source, 2);
        var error = Assert.Throws<DataException>(() => Bytes(source, 1));
        Assert.Contains(
            $"'{Path.Combine(folder.Path, "cats")}': not one of its 2 picture files can be used; the first, cats/a.png, is empty",
            error.Message);
    }

    [Fact]
    public void What_a_worker_finds_wrong_comes_out_of_the_loader_with_the_file_s_name()
    {
        folder.Write("a.png", []);
        using var loader = new BatchLoader(Open(1, 4, 4), 2, workers: 3);
        Assert.Contains("its only picture file, a.png, is empty", Assert.Throws<DataException>(() => loader.Next()).Message);
    }

    [Fact]
    public void First_level_folders_are_the_classes_in_ordinal_order_of_their_names()
    {
        // A space comes before the slash: by their paths, those of "a b" are the first.
        foreach (var name in new[] { "a/x.png", "a b/x.png", "a/deep/a.png", "B/z.png", "a b/y/z.png" })
            folder.Write(name, Picture(4, 4, (_, _) => SKColors.Red));
        folder.Write("no pictures/notes.txt", [1]);
        var source = Open(1, 4, 4);
        Assert.Equal(["B", "a", "a b"], source.Classes);
        Assert.Equal(["B", "a b", "a b", "a", "a"], Enumerable.Range(0, 5).Select(i => source.Classes[source.Label(i)]));
        Assert.Contains("5 pictures of 3 classes", source.Description);
    }

    [Fact]
    public void A_slash_after_the_folder_s_name_changes_nothing()
    {
        folder.Write("cats/x.png", Picture(4, 4, (_, _) => SKColors.Red));
        var source = ImageFolderSource.Open(folder.Path + Path.DirectorySeparatorChar, 3, 4, 4);
        Assert.Equal(["cats"], source.Classes);
        Assert.Equal(255, Bytes(source, 0)[0], 0.01);
    }

    [Fact]
    public void A_picture_beside_the_folders_leaves_the_set_without_classes()
    {
        folder.Write("a/x.png", Picture(4, 4, (_, _) => SKColors.Red));
        folder.Write("z.png", Picture(4, 4, (_, _) => SKColors.Red));
        var source = Open(1, 4, 4);
        Assert.Empty(source.Classes);
        Assert.Throws<InvalidOperationException>(() => source.Label(0));
    }

    [Theory]
    [InlineData(0, "0.png")]
    [InlineData(3 * 16, "3.png")]
    [InlineData(1 << 20, null)]
    public void How_much_stays_decoded_changes_nothing_but_the_reading_of_files(long memory, string? firstReadAgain)
    {
        for (var i = 0; i < 8; i++)
            folder.Write($"{i}.png", i == 5 ? [] : Picture(4, 4, (_, _) => Grey(20 * i)));
        var source = ImageFolderSource.Open(folder.Path, 1, 4, 4, memory);
        for (var time = 0; time < 2; time++)
            Assert.Equal([0, 20, 40, 60, 80, 120, 120, 140], All());

        for (var i = 0; i < 8; i++)
            File.Delete(folder.File($"{i}.png"));
        if (firstReadAgain is null)
            Assert.Equal([0, 20, 40, 60, 80, 120, 120, 140], All());
        else
            Assert.StartsWith(
                $"'{folder.File(firstReadAgain)}' isn't there any more, and this training has learnt from it before.",
                Assert.Throws<DataException>(All).Message);

        int[] All() => [.. Enumerable.Range(0, 8).Select(i => (int)Math.Round(Bytes(source, i)[0]))];
    }

    [Fact]
    public void Several_workers_give_the_same_batches_as_one_broken_files_or_not()
    {
        for (var i = 0; i < 60; i++)
            folder.Write($"{i % 3}/{i}.png", i % 7 == 0 ? [] : Picture(4, 4, (x, _) => Grey(4 * i + x)));
        var (one, four) = (Open(1, 4, 4), ImageFolderSource.Open(folder.Path, 1, 4, 4, memory: 100));
        using var first = new BatchLoader(one, 7, seed: 2, horizontalFlips: true, workers: 1);
        using var second = new BatchLoader(four, 7, seed: 2, horizontalFlips: true, workers: 4);
        for (var i = 0; i < 30; i++)
        {
            using var expected = first.Next();
            using var actual = second.Next();
            Assert.Equal(expected.Images.data<float>().ToArray(), actual.Images.data<float>().ToArray());
            Assert.Equal(expected.Labels!.data<long>().ToArray(), actual.Labels!.data<long>().ToArray());
        }
        Assert.Equal(9, one.BrokenFiles.Count);
        Assert.Equal(one.BrokenFiles, four.BrokenFiles);
    }

    [Fact]
    public void A_folder_that_vanishes_is_one_error_and_not_many_broken_files()
    {
        for (var i = 0; i < 5; i++)
            folder.Write($"pictures/{i}.png", Picture(4, 4, (_, _) => SKColors.Red));
        var path = Path.Combine(folder.Path, "pictures");
        var source = ImageFolderSource.Open(path, 1, 4, 4);
        Directory.Delete(path, recursive: true);
        Assert.Contains($"'{path}' is gone", Assert.Throws<DataException>(() => Bytes(source, 3)).Message);
        Assert.Empty(source.BrokenFiles);
    }

    [Fact]
    public void Webp_and_bmp_are_pictures_too_and_hidden_files_are_not()
    {
        using var bitmap = SKBitmap.Decode(Picture(4, 4, (_, _) => Grey(100)));
        using var webp = bitmap.Encode(SKEncodedImageFormat.Webp, 100);
        folder.Write("a.webp", webp.ToArray());
        folder.Write("b.BMP", Bmp(4, 4, 100));
        folder.Write(".hidden.png", []);
        folder.Write(".git/c.png", []);
        var source = Open(1, 4, 4);
        Assert.Equal(2, source.Count);
        Assert.All([0, 1], i => Assert.All(Bytes(source, i), value => Assert.Equal(100, value, 2.0)));
        Assert.Empty(source.BrokenFiles);
    }

    [Theory]
    [InlineData(6)]
    [InlineData(8)]
    public void A_large_jpeg_is_scaled_while_it_is_decoded_and_looks_the_same(int orientation)
    {
        static SKColor Scene(int x, int y) => Grey((int)(127 + 100 * Math.Sin(x / 24.0) * Math.Cos(y / 18.0)));
        folder.Write("a.jpg", WithOrientation(Picture(320, 256, Scene, png: false), orientation));
        var upright = orientation == 6
            ? Picture(256, 320, (x, y) => Scene(y, 255 - x))
            : Picture(256, 320, (x, y) => Scene(319 - y, x));
        folder.Write("b.png", upright);
        var source = Open(1, 20, 16);
        var (jpeg, png) = (Bytes(source, 0), Bytes(source, 1));
        Assert.All(jpeg.Zip(png), pair => Assert.Equal(pair.Second, pair.First, 6.0));
        Assert.True(jpeg.Max() - jpeg.Min() > 150);
    }

    [Fact]
    public void Other_channel_counts_than_grey_and_rgb_are_refused()
    {
        folder.Write("a.png", Picture(4, 4, (_, _) => SKColors.Red));
        Assert.Contains("the network wants 2", Assert.Throws<DataException>(() => Open(2, 4, 4)).Message);
    }

    /// <summary>.NET can't make such names.</summary>
    private void InShell(string command)
    {
        using var shell = Process.Start(new ProcessStartInfo("/bin/sh", ["-c", command]) { WorkingDirectory = folder.Path })!;
        shell.WaitForExit();
        Assert.Equal(0, shell.ExitCode);
    }

    private ImageFolderSource Open(int channels, int height, int width) => ImageFolderSource.Open(folder.Path, channels, height, width);

    /// <summary>[channels, height, width], 0 to 255.</summary>
    private static double[] Bytes(ImageFolderSource source, int index)
    {
        var pixels = new float[source.Channels * source.Height * source.Width];
        source.Read(index, pixels);
        return pixels.Select(value => (value + 1) * 127.5).ToArray();
    }

    private static SKColor Grey(int value) => new((byte)value, (byte)value, (byte)value);

    internal static byte[] Picture(int width, int height, Func<int, int, SKColor> colour, bool png = true)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                bitmap.SetPixel(x, y, colour(x, y));
        }
        using var data = bitmap.Encode(png ? SKEncodedImageFormat.Png : SKEncodedImageFormat.Jpeg, 95);
        return data.ToArray();
    }

    /// <summary>Every pixel of one grey.</summary>
    internal static byte[] Bmp(int width, int height, byte grey)
    {
        var size = 3 * width * height; // rows are whole multiples of four bytes here
        using var memory = new MemoryStream();
        using (var writer = new BinaryWriter(memory))
        {
            writer.Write("BM"u8);
            writer.Write(54 + size);
            writer.Write(0);
            writer.Write(54);
            foreach (var field in new[] { 40, width, height, 1 | 24 << 16, 0, size, 2835, 2835, 0, 0 })
                writer.Write(field);
            writer.Write(Enumerable.Repeat(grey, size).ToArray());
        }
        return memory.ToArray();
    }

    /// <summary>Puts an EXIF segment right after the JPEG's first marker.</summary>
    private static byte[] WithOrientation(byte[] jpeg, int orientation)
    {
        byte[] exif = [.. "Exif\0\0"u8, .. Exif(orientation)];
        return [jpeg[0], jpeg[1], 0xFF, 0xE1, 0, (byte)(exif.Length + 2), .. exif, .. jpeg[2..]];
    }

    /// <summary>Puts an EXIF part (eXIf) right after the PNG's header.</summary>
    private static byte[] PngWithExif(byte[] png, byte[] tiff)
    {
        byte[] exif = [.. "eXIf"u8, .. tiff];
        var sum = uint.MaxValue;
        foreach (var value in exif)
        {
            sum ^= value;
            for (var bit = 0; bit < 8; bit++)
                sum = sum >> 1 ^ (0xEDB88320 & (uint)-(int)(sum & 1));
        }
        byte[] ending = [(byte)(~sum >> 24), (byte)(~sum >> 16), (byte)(~sum >> 8), (byte)~sum];
        return [.. png[..33], 0, 0, 0, (byte)(exif.Length - 4), .. exif, .. ending, .. png[33..]];
    }

    private static byte[] Exif(int orientation) =>
    [
        .. "MM"u8, 0, 42, 0, 0, 0, 8, // big-endian TIFF, its first directory at 8
        0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, (byte)orientation, 0, 0, // one entry: tag 274, a short
        0, 0, 0, 0,
    ];
}
