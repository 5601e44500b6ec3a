using SkiaSharp;
using UNetGen.Data;
using UNetGen.Networks;
using UNetGen.Sampling.Editing;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Pictures and masks as edits take them: from files, streams and bytes.</summary>
public sealed class EditedPictureTests : IDisposable
{
    private static readonly NetworkInfo Small = FunctionPredictor.ToyInfo("Small", channels: 1, size: 4);

    // Two pictures of one pixel.
    private static readonly byte[] Animated = Convert.FromHexString(
        "474946383961010001008000000000FFFFFFFF"
            + "21F904000A0000002C000000000100010000020244010021F904000A0000002C00000000010001000002024C01003B");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Files_streams_and_bytes_give_the_same_picture()
    {
        var png = Png(8, 8, (x, _) => Grey(x < 4 ? 0 : 255));
        File.WriteAllBytes(folder.File("a.png"), png);
        using var file = EditedPicture.Load(folder.File("a.png"), Small);
        using var stream = EditedPicture.Read(new MemoryStream(png), Small);
        using var bytes = EditedPicture.Decode(png, Small);

        Assert.Equal((8, 8), (file.Width, file.Height));
        float[] row = [-1, -1, 1, 1];
        foreach (var picture in (EditedPicture[])[file, stream, bytes])
        {
            Assert.Equal([1, 1, 4, 4], picture.Image.shape);
            Assert.Equal([.. row, .. row, .. row, .. row], [.. picture.Image.data<float>()]);
        }
    }

    [Fact]
    public void No_picture_is_told_by_the_arguments_name()
    {
        Assert.Throws<ArgumentNullException>("content", () => EditedPicture.Decode(null!, Small));
        Assert.Throws<ArgumentNullException>("pictures", () => new FromPictures(null!, 0.5));
    }

    [Fact]
    public void Transparent_pixels_lie_on_the_background()
    {
        var png = Png(4, 4, (_, _) => SKColors.Transparent);
        using var black = EditedPicture.Decode(png, Small);
        using var white = EditedPicture.Decode(png, Small, System.Drawing.Color.White);
        Assert.Equal((-1, 1), (black.Image.mean().item<float>(), white.Image.mean().item<float>()));
    }

    [Theory]
    [InlineData(9, 9)]
    [InlineData(400, 401)] // less than a pixel of the network's is rounding
    public void A_picture_of_the_networks_aspect_is_taken(int width, int height)
    {
        using var picture = EditedPicture.Decode(Png(width, height, (_, _) => SKColors.Red), Small);
        Assert.Equal((width, height), (picture.Width, picture.Height));
    }

    [Fact]
    public void A_picture_that_can_t_be_edited_is_refused_with_what_could()
    {
        Assert.EndsWith(
            "is 6 x 4, and Small draws 4 x 4: it would be cut off at two sides. Crop or pad it to that aspect ratio first.",
            Refusal(Png(6, 4, (_, _) => SKColors.Red)));
        Assert.Equal("The picture is animated, 2 pictures in one file: save the one that is meant as a PNG.", Refusal(Animated));
        Assert.StartsWith("The picture is no picture: its content is none of .png", Refusal("text"u8.ToArray()));
        Assert.StartsWith(
            "The picture is cut off. Put one whole picture in its place.", Refusal(Png(64, 64, (x, y) => Grey(x * y % 256))[..200]));
        Assert.Contains(
            "There is no picture 'nowhere.png', seen from",
            Assert.Throws<DataException>(() => EditedPicture.Load("nowhere.png", Small)).Message);
        Assert.EndsWith(
            "is a folder; name a picture in it.", Assert.Throws<DataException>(() => EditedPicture.Load(folder.Path, Small)).Message);
        Assert.Contains("the network wants 2", Assert.Throws<DataException>(
            () => EditedPicture.Decode(Png(4, 4, (_, _) => SKColors.Red), FunctionPredictor.ToyInfo("Two", 2, 4))).Message);

        static string Refusal(byte[] content) => Assert.Throws<DataException>(() => EditedPicture.Decode(content, Small)).Message;
    }

    [Fact]
    public void Of_a_mask_what_is_lighter_than_half_is_painted_and_what_is_transparent_is_not()
    {
        using var picture = EditedPicture.Decode(Png(4, 4, (_, _) => SKColors.Red), Small);
        SKColor[] row = [Grey(127), Grey(128), SKColors.Transparent, SKColors.White];
        var png = Png(4, 4, (x, _) => row[x]);
        File.WriteAllBytes(folder.File("mask.png"), png);
        using var file = PaintMask.Load(folder.File("mask.png"), picture);
        using var stream = PaintMask.Read(new MemoryStream(png), picture);
        using var bytes = PaintMask.Decode(png, picture);

        float[] expected = [0, 1, 0, 1];
        foreach (var mask in (Tensor[])[file, stream, bytes])
        {
            Assert.Equal([1, 1, 4, 4], mask.shape);
            Assert.Equal([.. expected, .. expected, .. expected, .. expected], [.. mask.data<float>()]);
        }
    }

    [Fact]
    public void A_mask_that_leaves_nothing_to_do_or_is_of_another_size_is_refused()
    {
        using var picture = EditedPicture.Decode(Png(8, 8, (_, _) => SKColors.Red), Small);
        Assert.StartsWith(
            "The mask is 4 x 4, and the picture 8 x 8: a mask has the picture's size", Refusal(Png(4, 4, (_, _) => SKColors.White)));
        Assert.StartsWith("The mask has no white at the network's 4 x 4", Refusal(Png(8, 8, (_, _) => SKColors.Black)));
        Assert.StartsWith("The mask is all white", Refusal(Png(8, 8, (_, _) => SKColors.White)));
        Assert.StartsWith("The mask is animated", Refusal(Animated));

        string Refusal(byte[] content) => Assert.Throws<DataException>(() => PaintMask.Decode(content, picture)).Message;
    }

    [Fact]
    public void A_disposed_picture_says_so()
    {
        var picture = EditedPicture.Decode(Png(8, 8, (_, _) => SKColors.Red), Small);
        picture.Dispose();
        var mask = Png(8, 8, (x, _) => x < 4 ? SKColors.White : SKColors.Black);

        Assert.Throws<ObjectDisposedException>(() => picture.Image);
        Assert.Throws<ObjectDisposedException>(() => PaintMask.Decode(mask, picture));
    }

    private static SKColor Grey(int value) => new((byte)value, (byte)value, (byte)value);

    private static byte[] Png(int width, int height, Func<int, int, SKColor> colour)
    {
        using var bitmap = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Unpremul));
        for (var y = 0; y < height; y++)
        {
            for (var x = 0; x < width; x++)
                bitmap.SetPixel(x, y, colour(x, y));
        }
        using var image = SKImage.FromBitmap(bitmap);
        using var png = image.Encode(SKEncodedImageFormat.Png, 100);
        return png.ToArray();
    }
}
