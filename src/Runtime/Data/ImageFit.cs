using System.Drawing;
using SkiaSharp;

namespace UNetGen.Data;

/// <summary>Brings a picture of any size to the size and channels that a network wants.</summary>
internal static class ImageFit
{
    // Rec. 601, as PIL's mode L and OpenCV weigh them.
    private const int RedWeight = 299;
    private const int GreenWeight = 587;
    private const int BlueWeight = 114;

    /// <summary>
    /// Centre crop to the target's aspect ratio, then scaling: mip-mapped where it shrinks (nothing aliases), Mitchell's cubic where it
    /// grows. Three channels become one by Rec. 601 luma.
    /// </summary>
    /// <param name="image">The picture as it is stored.</param>
    /// <param name="origin">How it has to be turned to stand upright (EXIF).</param>
    /// <param name="shape">[channels, height, width]: 1 (grey) or 3 (RGB), and pixels.</param>
    /// <param name="background">What lies behind transparent pixels, opaque.</param>
    /// <returns>[channels, height, width] bytes.</returns>
    public static byte[] Fit(SKImage image, SKEncodedOrigin origin, (int Channels, int Height, int Width) shape, Color background)
    {
        var (channels, height, width) = shape;
        using var target = new SKBitmap(new SKImageInfo(width, height, SKColorType.Rgba8888, SKAlphaType.Premul));
        target.Erase(new SKColor(background.R, background.G, background.B));
        using (var canvas = new SKCanvas(target))
        {
            var upright = Upright(origin, image.Width, image.Height);
            var size = upright.MapRect(SKRect.Create(image.Width, image.Height));
            var scale = Math.Max(width / size.Width, height / size.Height);
            canvas.Translate((width - size.Width * scale) / 2, (height - size.Height * scale) / 2);
            canvas.Scale(scale);
            canvas.Concat(upright);
            canvas.DrawImage(image, 0, 0, scale > 1
                ? new SKSamplingOptions(SKCubicResampler.Mitchell)
                : new SKSamplingOptions(SKFilterMode.Linear, SKMipmapMode.Linear));
        }

        var rgba = target.GetPixelSpan();
        var plane = height * width;
        var pixels = new byte[channels * plane];
        for (var i = 0; i < plane; i++)
        {
            byte r = rgba[4 * i], g = rgba[4 * i + 1], b = rgba[4 * i + 2];
            if (channels == 1)
                pixels[i] = (byte)((RedWeight * r + GreenWeight * g + BlueWeight * b + 500) / 1000);
            else
                (pixels[i], pixels[plane + i], pixels[2 * plane + i]) = (r, g, b);
        }
        return pixels;
    }

    /// <summary>A grey picture, [height, width] bytes.</summary>
    public static unsafe byte[] FitGrey(ReadOnlySpan<byte> grey, int sourceHeight, int sourceWidth, int channels, int height, int width)
    {
        fixed (byte* start = grey)
        {
            using var image = SKImage.FromPixels(
                new SKImageInfo(sourceWidth, sourceHeight, SKColorType.Gray8, SKAlphaType.Opaque), (nint)start);
            return Fit(image, SKEncodedOrigin.TopLeft, (channels, height, width), Color.Black);
        }
    }

    /// <summary>A picture in colour, [3, height, width] bytes.</summary>
    public static unsafe byte[] FitPlanes(ReadOnlySpan<byte> planes, int sourceHeight, int sourceWidth, int channels, int height, int width)
    {
        var plane = sourceHeight * sourceWidth;
        var rgba = new byte[4 * plane];
        for (var i = 0; i < plane; i++)
            (rgba[4 * i], rgba[4 * i + 1], rgba[4 * i + 2], rgba[4 * i + 3]) = (
                planes[i], planes[plane + i], planes[2 * plane + i], byte.MaxValue);
        fixed (byte* start = rgba)
        {
            using var image = SKImage.FromPixels(
                new SKImageInfo(sourceWidth, sourceHeight, SKColorType.Rgba8888, SKAlphaType.Opaque), (nint)start);
            return Fit(image, SKEncodedOrigin.TopLeft, (channels, height, width), Color.Black);
        }
    }

    /// <summary>From the picture as stored to the picture upright, its corner at (0, 0); EXIF 2.32, tag 274.</summary>
    private static SKMatrix Upright(SKEncodedOrigin origin, float width, float height) => origin switch
    {
        SKEncodedOrigin.TopRight => new SKMatrix(-1, 0, width, 0, 1, 0, 0, 0, 1),
        SKEncodedOrigin.BottomRight => new SKMatrix(-1, 0, width, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.BottomLeft => new SKMatrix(1, 0, 0, 0, -1, height, 0, 0, 1),
        SKEncodedOrigin.LeftTop => new SKMatrix(0, 1, 0, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightTop => new SKMatrix(0, -1, height, 1, 0, 0, 0, 0, 1),
        SKEncodedOrigin.RightBottom => new SKMatrix(0, -1, height, -1, 0, width, 0, 0, 1),
        SKEncodedOrigin.LeftBottom => new SKMatrix(0, 1, 0, -1, 0, width, 0, 0, 1),
        _ => SKMatrix.Identity,
    };
}
