using SkiaSharp;
using TorchSharp;
using UNetGen.Pictures;

namespace UNetGen.Runtime.Tests.Pictures;

public sealed class ImageGridTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly IDisposable scope = torch.NewDisposeScope();

    public void Dispose()
    {
        scope.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void A_grid_shows_every_pixel_as_a_square_of_its_exact_byte_with_gaps_between_images()
    {
        // Image i has value 10 i + pixel number in red, 100 in green, 200 in blue.
        var bytes = torch.zeros(5, 3, 2, 3);
        for (var i = 0; i < 5; i++)
            bytes[i, 0] = torch.arange(6).reshape(2, 3) + 10 * i;
        bytes[torch.TensorIndex.Colon, 1] = 100;
        bytes[torch.TensorIndex.Colon, 2] = 200;
        using var png = SaveAndRead(path => ImageGrid.Save(bytes / 127.5 - 1, path, columns: 2, scale: 4));

        Assert.Equal((4 + 2 * (3 * 4 + 4), 4 + 3 * (2 * 4 + 4)), (png.Width, png.Height));
        for (var i = 0; i < 5; i++)
        {
            for (var y = 0; y < 8; y++)
            {
                for (var x = 0; x < 12; x++)
                {
                    Assert.Equal(
                        new SKColor((byte)(10 * i + y / 4 * 3 + x / 4), 100, 200),
                        png.GetPixel(4 + i % 2 * 16 + x, 4 + i / 2 * 12 + y));
                }
            }
        }
        Assert.Equal(png.GetPixel(0, 0), png.GetPixel(17, 6));
        Assert.Equal(png.GetPixel(0, 0), png.GetPixel(25, 33));
    }

    [Fact]
    public void A_single_image_without_a_gap_is_a_picture_also_where_its_scale_of_1_was_not_asked_for()
    {
        var path = folder.File("one.png");

        ImageGrid.Save(torch.zeros(1, 1, 64, 64), path, gap: 0);

        Assert.False(OverviewMark.IsInFile(path));
    }

    [Theory]
    [InlineData(10, 16, 16, 4, 3, 4)]
    [InlineData(9, 64, 64, 3, 3, 1)]
    [InlineData(1, 200, 100, 1, 1, 1)]
    [InlineData(3, 5, 30, 2, 2, 3)]
    public void By_default_a_grid_is_square_and_images_are_at_least_64_pixels(
        int count, int height, int width, int columns, int rows, int scale)
    {
        using var png = SaveAndRead(path => ImageGrid.Save(torch.zeros(count, 1, height, width), path));
        Assert.Equal((4 + columns * (width * scale + 4), 4 + rows * (height * scale + 4)), (png.Width, png.Height));
    }

    [Fact]
    public void One_channel_is_grey_and_values_beyond_the_range_are_clipped()
    {
        using var png = SaveAndRead(path => ImageGrid.Save(
            torch.tensor(new[] { -7f, -1, 0.2f, 1, 9 }).reshape(1, 1, 1, 5), path, scale: 1));
        Assert.Equal([0, 0, 153, 255, 255], Enumerable.Range(4, 5).Select(x => (int)png.GetPixel(x, 4).Green));
        Assert.Equal(new SKColor(153, 153, 153), png.GetPixel(6, 4));
    }

    [Fact]
    public void Two_channels_stand_beside_each_other_in_grey()
    {
        var images = torch.tensor(new[] { -1f, -0.6f, -0.2f, 0.2f }).reshape(2, 2, 1, 1);
        using var png = SaveAndRead(path => ImageGrid.Save(images, path, columns: 1, scale: 1));
        Assert.Equal(
            [0, 51, 102, 153], new[] { (4, 4), (9, 4), (4, 9), (9, 9) }.Select(at => (int)png.GetPixel(at.Item1, at.Item2).Red));
    }

    [Fact]
    public void A_strip_has_a_row_for_an_image_and_a_column_for_a_step()
    {
        var steps = Enumerable.Range(0, 3)
            .Select(step => torch.tensor(new[] { 50f * step, 50f * step + 10 }).reshape(2, 1, 1, 1) / 127.5 - 1).ToArray();
        using var png = SaveAndRead(path => ImageGrid.SaveStrip(steps, path, scale: 1));
        Assert.Equal((4 + 3 * 5, 4 + 2 * 5), (png.Width, png.Height));
        for (var step = 0; step < 3; step++)
        {
            for (var sample = 0; sample < 2; sample++)
                Assert.Equal(50 * step + 10 * sample, png.GetPixel(4 + 5 * step, 4 + 5 * sample).Red);
        }
    }

    [Theory]
    [InlineData(1, 1, 0, false)]
    [InlineData(2, 1, 0, true)]
    [InlineData(1, 2, 0, true)]
    [InlineData(1, 1, 1, true)]
    public void What_is_more_than_a_single_picture_bears_a_mark_that_changes_no_pixel(int count, int scale, int gap, bool marked)
    {
        var path = Path.Combine(folder.Path, "grid.png");
        ImageGrid.Save(torch.linspace(-1, 1, count * 64).reshape(count, 1, 8, 8), path, scale: scale, gap: gap);
        var png = File.ReadAllBytes(path);

        // By hand: length, name and text of PNG's tEXt, and the sum of the last two as zlib makes it.
        byte[] mark = [
            0, 0, 0, 78, .. "tEXtSoftware\0UNetGen: an overview of pictures or numbers, no picture to learn from"u8, 0x85, 0xCC, 0x36,
            0x37];
        Assert.Equal(marked, OverviewMark.IsIn(png));
        Assert.Equal(marked, png.AsSpan(33).StartsWith(mark));
        var plain = marked ? [.. png[..33], .. png[(33 + mark.Length)..]] : png;
        Assert.Equal(SKBitmap.Decode(plain).Bytes, SKBitmap.Decode(png).Bytes);
    }

    [Theory]
    [InlineData(2)]
    [InlineData(4)]
    [InlineData(7)]
    public void A_single_image_of_any_channels_as_it_is_bears_no_mark_and_shows_them_side_by_side(int channels)
    {
        var path = Path.Combine(folder.Path, "channels.png");
        var image = torch.linspace(-1, 1, channels).reshape(1, channels, 1, 1).expand(1, channels, 8, 8);
        ImageGrid.Save(image, path, scale: 1, gap: 0);
        Assert.False(OverviewMark.IsInFile(path));

        using var png = SKBitmap.Decode(path);
        Assert.Equal((8 * channels, 8), (png.Width, png.Height));
        for (var channel = 0; channel < channels; channel++)
            Assert.Equal(255.0 * channel / (channels - 1), png.GetPixel(8 * channel + 4, 4).Red, 0.51);
    }

    [Fact]
    public void Grids_are_told_from_strips_and_plots_and_all_of_them_from_data()
    {
        var (grid, strip, plot) = (folder.File("grid.png"), folder.File("strip.png"), folder.File("plot.png"));
        ImageGrid.Save(torch.zeros(2, 1, 8, 8), grid);
        ImageGrid.SaveStrip([torch.zeros(1, 1, 8, 8)], strip);
        ImageGrid.Save(torch.zeros(1, 1, 8, 8), plot, scale: 1, gap: 0);
        File.WriteAllBytes(plot, OverviewMark.Add(File.ReadAllBytes(plot)));

        Assert.Equal([true, false, false], new[] { grid, strip, plot }.Select(OverviewMark.IsGrid));
        Assert.All([grid, strip, plot], path => Assert.True(OverviewMark.IsInFile(path)));
        Assert.All([grid, strip, plot], path => Assert.True(OverviewMark.IsIn(File.ReadAllBytes(path))));
    }

    [Theory]
    [InlineData(0, 1_000_000, 0)]
    [InlineData(0, 1, 100_000_000)]
    [InlineData(0, int.MaxValue, int.MaxValue)]
    [InlineData(1, 32_000, 0)]
    public void A_grid_of_more_pixels_than_a_picture_holds_is_refused_in_a_sentence(int columns, int scale, int gap)
    {
        var path = folder.File("large.png");
        var error = Assert.Throws<ArgumentException>(() => ImageGrid.Save(torch.zeros(4, 1, 8, 8), path, columns, scale, gap));
        Assert.Contains(
            "pixels is more than a picture holds, 536,870,911 pixels and 1,000,000 along a side. Save fewer images", error.Message);
        Assert.False(File.Exists(path));
    }

    [Theory]
    [InlineData(3, 256, 256, 0, 7921)]
    [InlineData(1, 28, 28, 0, 69169)]
    [InlineData(4, 256, 256, 0, 1980)]
    [InlineData(3, 4096, 4096, 9, 27)]
    [InlineData(3, 30_000, 30_000, 0, 0)]
    public void The_most_images_of_a_grid_are_the_last_that_fit(int channels, int height, int width, int columns, int most) =>
        Assert.Equal(most, ImageGrid.MostImages(channels, height, width, columns));

    [Fact]
    public void As_wide_and_as_high_a_grid_as_is_promised_is_written()
    {
        foreach (var columns in new[] { 1, 1_000_000 })
        {
            var path = folder.File("long.png");
            ImageGrid.Save(torch.zeros(1_000_000, 1, 1, 1), path, columns, scale: 1, gap: 0);
            using var codec = SKCodec.Create(path);
            Assert.Equal(1_000_000, Math.Max(codec.Info.Width, codec.Info.Height));
        }
    }

    [Fact]
    public void What_is_no_png_takes_no_mark() => Assert.Throws<ArgumentException>(() => OverviewMark.Add(new byte[100]));

    [Fact]
    public void What_is_not_a_batch_of_images_is_refused()
    {
        Assert.Contains("[3, 8, 8]", Assert.Throws<ArgumentException>(() => ImageGrid.Save(torch.zeros(3, 8, 8), "x.png")).Message);
        Assert.Throws<ArgumentException>(() => ImageGrid.Save(torch.zeros(0, 3, 8, 8), "x.png"));
        foreach (var type in (torch.ScalarType[])[torch.ScalarType.Byte, torch.ScalarType.Int64, torch.ScalarType.Bool])
            Assert.Contains(
                "bytes become such by v / 127.5 - 1",
                Assert.Throws<ArgumentException>(() => ImageGrid.Save(torch.zeros([1, 3, 8, 8], type), "x.png")).Message);
        Assert.Throws<ArgumentException>(() => ImageGrid.SaveStrip([], "x.png"));
        Assert.Throws<ArgumentException>(() => ImageGrid.SaveStrip([torch.zeros(1, 1, 2, 2), torch.zeros(2, 1, 2, 2)], "x.png"));
    }

    [Fact]
    public void Images_that_are_disposed_null_or_without_numbers_are_refused_by_their_place()
    {
        var gone = torch.zeros(1, 1, 8, 8);
        gone.Dispose();
        var path = folder.File("a.png");

        Assert.Contains("`images` is disposed", Assert.Throws<ArgumentException>("images", () => ImageGrid.Save(gone, path)).Message);
        Assert.Contains(
            "`images` is on the device meta",
            Assert.Throws<ArgumentException>("images", () => ImageGrid.Save(torch.zeros(1, 1, 8, 8, device: torch.META), path)).Message);
        foreach (var (step, fault) in new[] { (gone, "disposed"), (null!, "null") })
            Assert.StartsWith(
                $"The tensor of step 1 is {fault}",
                Assert.Throws<ArgumentException>("steps", () => ImageGrid.SaveStrip([torch.zeros(1, 1, 8, 8), step], path)).Message);
    }

    [Theory]
    [InlineData(float.NaN)]
    [InlineData(float.PositiveInfinity)]
    [InlineData(float.NegativeInfinity)]
    public void Images_with_values_that_are_no_finite_numbers_are_refused_with_how_many(float value)
    {
        var path = folder.File("a.png");
        var images = torch.zeros(4, 1, 2, 2);
        images[1, 0, 0, 0] = value;
        const string why = "values that are no finite numbers (NaN or infinite), as a training gives that has diverged";
        Assert.StartsWith(
            $"{path} isn't drawn: 1 of 4 images has {why}", Assert.Throws<UNetGenException>(() => ImageGrid.Save(images, path)).Message);
        images[3, 0, 1, 1] = value;
        Assert.StartsWith(
            $"{path} isn't drawn: 2 of 8 images have {why}",
            Assert.Throws<UNetGenException>(() => ImageGrid.SaveStrip([torch.zeros(4, 1, 2, 2), images], path)).Message);
        Assert.False(File.Exists(path));
    }

    [Fact]
    public void Saving_leaves_no_tensors_behind_and_does_not_touch_its_input()
    {
        using var images = torch.rand(4, 3, 8, 8);
        var values = images.data<float>().ToArray();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        ImageGrid.SaveStrip([images, images], Path.Combine(folder.Path, "a.png"));
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.Equal(values, images.data<float>().ToArray());
    }

    private SKBitmap SaveAndRead(Action<string> save)
    {
        var path = Path.Combine(folder.Path, "new", "grid.png");
        save(path);
        Assert.Equal([path], Directory.GetFiles(Path.GetDirectoryName(path)!));
        return SKBitmap.Decode(path);
    }
}
