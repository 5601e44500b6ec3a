using SkiaSharp;
using UNetGen.Data;
using UNetGen.Pictures;

namespace UNetGen.Runtime.Tests.Data;

/// <summary>What of a folder is data, and what is said of the rest.</summary>
public sealed class PictureSearchTests : IDisposable
{
    private static readonly byte[] Grey = ImageFolderSourceTests.Picture(4, 4, (_, _) => SKColors.Gray);

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("run.yaml")]
    [InlineData("samples.json")]
    public void What_a_run_or_a_drawing_has_left_is_no_data_and_is_named_with_its_pictures(string mark)
    {
        Write("a.png", $"runs/x/{mark}", "runs/x/samples.png", "runs/x/samples/step-00000500.png", "runs/y/b.png");

        var source = Open();

        Assert.Equal(["a.png", "runs/y/b.png"], Files());
        Assert.Equal(
            [$"{folder.Path}: what a run or a drawing has left is no data: left out is runs/x (it holds {mark}), with 2 pictures."],
            source.Notes);
    }

    [Fact]
    public void A_folder_of_runs_is_no_class_and_is_told_once_for_all_of_them()
    {
        Write(
            "a/1.png", "b/1.png", "runs/x/run.yaml", "runs/x/loss.png", "runs/y/run.yaml", "runs/y/loss.png",
            "runs/statistics/s.safetensors");

        var source = Open();

        Assert.Equal(["a", "b"], source.Classes);
        Assert.Equal(
            [$"{folder.Path}: what a run or a drawing has left is no data: left out are runs/x (it holds run.yaml), runs/y (it holds "
                + "run.yaml), with 2 pictures."],
            source.Notes);
    }

    [Fact]
    public void A_folder_that_is_named_itself_is_data_though_it_holds_samples()
    {
        Write("samples.json", "000000.png");
        Assert.Equal(1, Open().Count);
        Assert.Empty(Open().Notes);
    }

    [Fact]
    public void Grids_that_this_library_has_drawn_are_no_data_wherever_they_lie_and_are_named()
    {
        Write("a/1.png", "b/1.png");
        folder.Write("grid.png", OverviewMark.Add(Grey));
        folder.Write("a/mine.PNG", OverviewMark.Add(Grey));
        folder.Write("plots/loss.png", OverviewMark.Add(Grey));

        var source = Open();

        Assert.Equal(["a/1.png", "b/1.png"], Files());
        // A grid beside the class folders doesn't take their meaning from them.
        Assert.Equal(["a", "b"], source.Classes);
        Assert.Equal(
            [$"{folder.Path}: grids and plots that UNetGen has drawn are no data: left out are a/mine.PNG, grid.png, plots/loss.png."],
            source.Notes);
    }

    [Fact]
    public void A_folder_of_grids_alone_has_no_data_and_says_why()
    {
        folder.Write("grid.png", OverviewMark.Add(Grey));
        Assert.EndsWith(
            " Grids and plots that UNetGen has drawn are no data: left out is grid.png.",
            Assert.Throws<DataException>(Open).Message);
    }

    [Fact]
    public void A_network_of_four_channels_is_told_that_no_picture_has_so_many_whatever_is_in_the_folder()
    {
        folder.Write("grid.png", OverviewMark.Add(Grey));
        Assert.Contains(
            "have 1 channel (grey) or 3 (RGB), and the network wants 4.",
            Assert.Throws<DataException>(() => ImageFolderSource.Open(folder.Path, 4, 2, 2)).Message);
    }

    [Fact]
    public void A_grid_that_is_met_only_when_it_is_decoded_is_a_broken_file()
    {
        Write("a.png", "b.png");
        var source = Open();
        folder.Write("b.png", OverviewMark.Add(Grey));
        AssertGrey(128, source, 1);
        Assert.Equal([new("b.png", "is a grid or a plot that UNetGen has drawn, no data")], source.BrokenFiles);
    }

    [Fact]
    public void Folders_of_other_endings_are_no_classes_and_are_named_with_counts()
    {
        Write("a/1.png", "b/1.tif", "b/2.TIF", "b/notes.txt", "c/1.heic");
        Directory.CreateDirectory(folder.File("d"));

        var source = Open();

        Assert.Equal(["a"], source.Classes);
        Assert.Equal(
            [$"{folder.Path}: 3 folders without a picture that can be read are no classes: b (2 .tif, 1 .txt), c (1 .heic), d (empty). "
                + "Read are .png, .jpg, .jpeg, .jpe, .jfif, .jif, .webp, .bmp, .dib and .gif files."],
            source.Notes);
    }

    [Fact]
    public void Files_of_all_kinds_that_are_not_read_are_counted_beside_those_that_are()
    {
        Write("a/1.png", "a/2.tif", "b/1.png", "b/1.odd", "b/2.tif", "b/3.avif", "b/4");
        Assert.Equal([LeftOut("2 .tif, 1 without an ending, 1 .avif, 1 .odd")], Open().Notes);

        // What lies beside class folders is no data; in a flat folder it may have been meant.
        Write("0.odd");
        Assert.Equal([LeftOut("2 .tif, 1 without an ending, 1 .avif, 1 .odd")], Open().Notes);
        Write("0.png");
        Assert.Equal([LeftOut("2 .odd, 2 .tif, 1 without an ending, 1 .avif")], Open().Notes);

        string LeftOut(string files) =>
            $"{folder.Path}: left out are files of kinds that aren't read: {files}. Read are .png, .jpg, .jpeg, .jpe, .jfif, "
                + ".jif, .webp, .bmp, .dib and .gif files.";
    }

    [LinuxFact]
    public void The_second_link_of_a_class_to_one_folder_is_named()
    {
        Write("data/a/1.png", "data/b/1.png", "more/x.png");
        var data = folder.File("data");
        foreach (var link in (string[])["a/first", "a/second", "b/first"])
            Directory.CreateSymbolicLink($"{data}/{link}", folder.File("more"));

        Assert.Equal(["a/1.png", "a/first/x.png", "b/1.png", "b/first/x.png"], PictureSearch.Of(data).Files);
        Assert.Equal(
            [$"{data}: 1 link isn't followed: a/second leads to a folder that is read already."],
            ImageFolderSource.Open(data, 1, 4, 4).Notes);
    }

    [Fact]
    public void Where_no_picture_is_found_the_endings_that_are_there_are_counted()
    {
        Write("b/1.tif", "b/2.tif", "b/notes.txt");
        Assert.Contains("What is there: 2 .tif, 1 .txt.", Assert.Throws<DataException>(Open).Message);
    }

    [Theory]
    [InlineData(".jpe", SKEncodedImageFormat.Jpeg)]
    [InlineData(".jfif", SKEncodedImageFormat.Jpeg)]
    [InlineData(".JIF", SKEncodedImageFormat.Jpeg)]
    public void Jpeg_has_more_endings_than_two(string ending, SKEncodedImageFormat format)
    {
        using var bitmap = SKBitmap.Decode(Grey);
        using var data = bitmap.Encode(format, 95);
        folder.Write($"a{ending}", data.ToArray());
        AssertGrey(128, Open(), 0);
    }

    [Fact]
    public void Of_a_gif_the_first_picture_is_read()
    {
        // Two pictures of 1 x 1, of colours 1 (white) and 0 (black), by hand after GIF89a.
        folder.Write("a.gif",
        [
            .. "GIF89a"u8, 1, 0, 1, 0, 0x80, 0, 0, 0, 0, 0, 255, 255, 255,
            0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x4C, 1, 0,
            0x2C, 0, 0, 0, 0, 1, 0, 1, 0, 0, 2, 2, 0x44, 1, 0,
            0x3B,
        ]);
        AssertGrey(255, Open(), 0);
    }

    [LinuxFact]
    public void Links_to_folders_and_files_are_followed_and_linked_classes_are_classes()
    {
        using var elsewhere = new TemporaryFolder();
        elsewhere.Write("dogs/deep/1.png", Grey);
        Write("cats/1.png");
        File.CreateSymbolicLink(folder.File("cats/2.png"), folder.File("cats/1.png"));
        Directory.CreateSymbolicLink(folder.File("dogs"), elsewhere.File("dogs"));

        Assert.Equal(["cats/1.png", "cats/2.png", "dogs/deep/1.png"], Files());
        Assert.Equal(["cats", "dogs"], Open().Classes);
        Assert.Empty(Open().Notes);
        Assert.All([0, 1, 2], i => AssertGrey(128, Open(), i));
    }

    [LinuxFact]
    public void Circles_of_links_are_not_followed()
    {
        Write("data/a/1.png", "data/b/1.png", "outside/x.png");
        var data = folder.File("data");
        Directory.CreateSymbolicLink($"{data}/self", ".");
        Directory.CreateSymbolicLink($"{data}/a/up", "..");
        Directory.CreateSymbolicLink($"{data}/a/over", folder.Path);
        Directory.CreateSymbolicLink($"{data}/a/other", "../b");
        Directory.CreateSymbolicLink($"{data}/b/other", "../a");

        var source = ImageFolderSource.Open(data, 1, 4, 4);

        // Each class has what the other's link brings, once.
        Assert.Equal(["a/1.png", "a/other/1.png", "b/1.png", "b/other/1.png"], PictureSearch.Of(data).Files);
        Assert.Equal(["a", "b"], source.Classes);
        Assert.Equal(
            $"{data}: 5 links aren't followed: a/over leads back to a folder that it lies in, a/up leads back to a folder that it lies "
                + "in, self leads back to a folder that it lies in, a/other/other leads to a folder that is read already, b/other/other "
                + "leads to a folder that is read already.",
            Assert.Single(source.Notes));
    }

    [LinuxFact]
    public void Every_folder_linked_into_every_other_ends_soon()
    {
        const int Folders = 12;
        for (var i = 0; i < Folders; i++)
            Write($"{i}/x.png");
        for (var i = 0; i < Folders; i++)
        {
            for (var j = 0; j < Folders; j++)
                Directory.CreateSymbolicLink(folder.File($"{i}/to{j}"), folder.File($"{j}"));
        }
        // Each class reaches every folder once, by whatever way: 12 x 12, not 12 factorial.
        Assert.Equal(Folders * Folders, Files().Length);
    }

    [LinuxFact]
    public void A_folder_s_own_name_comes_before_that_of_a_link_to_it()
    {
        Write("a/z/1.png");
        Directory.CreateSymbolicLink(folder.File("a/link"), folder.File("a/z"));
        Assert.Equal(["a/z/1.png"], Files());
    }

    [LinuxFact]
    public void A_link_to_nothing_is_named()
    {
        Write("a/1.png");
        File.CreateSymbolicLink(folder.File("b.v2"), folder.File("unmounted"));
        File.CreateSymbolicLink(folder.File("c"), "c");
        File.CreateSymbolicLink(folder.File("a/2.png"), "gone.png");

        var source = Open();

        Assert.Equal([$"{folder.Path}: 2 links aren't followed: b.v2 leads to nothing, c leads to nothing."], source.Notes);
        AssertGrey(128, source, 1);
        Assert.Equal([new("a/2.png", "is a link to gone.png, which isn't there")], source.BrokenFiles);
    }

    [LinuxFact]
    public void A_link_that_leads_round_to_itself_is_a_broken_file()
    {
        Write("a.png");
        File.CreateSymbolicLink(folder.File("b.png"), "b.png");
        var source = Open();
        AssertGrey(128, source, 1);
        Assert.Equal([new("b.png", "is a link that leads round in a circle")], source.BrokenFiles);
    }

    private void Write(params string[] names)
    {
        foreach (var name in names)
            folder.Write(name, Grey);
    }

    private ImageFolderSource Open() => ImageFolderSource.Open(folder.Path, 1, 4, 4);

    private string[] Files() => PictureSearch.Of(folder.Path).Files;

    private static void AssertGrey(int expected, IImageSource source, int index)
    {
        var pixels = new float[16];
        source.Read(index, pixels);
        Assert.All(pixels, value => Assert.Equal(expected, (value + 1) * 127.5, 2.0));
    }
}
