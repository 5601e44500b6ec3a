using UNetGen.Backends.Simd;
using static TorchSharp.torch;

namespace UNetGen.Backends.Winograd;

/// <summary>The tiles of a batch of images, row by row, and their way to a <see cref="IWinogradScheme{V}"/>'s points and back.</summary>
internal readonly unsafe struct WinogradTiles<V, TScheme>
    where V : unmanaged, IFloats<V>
    where TScheme : struct, IWinogradScheme<V>
{
    private readonly int height;
    private readonly int width;
    private readonly int inARow;
    private readonly int inAnImage;

    /// <param name="images">[batch, channels, height, width], height and width whole tiles.</param>
    public WinogradTiles(Tensor images)
    {
        (height, width) = ((int)images.size(2), (int)images.size(3));
        inARow = width / TScheme.Outputs;
        inAnImage = height / TScheme.Outputs * inARow;
        Pixels = images.size(0) * height * width;
        Count = checked((int)(images.size(0) * inAnImage));
    }

    /// <summary>Of all images.</summary>
    public int Count { get; }

    /// <summary>Of all images.</summary>
    public long Pixels { get; }

    /// <summary>B^T d B of some tiles, for some channels.</summary>
    /// <param name="images">[batch, height, width, stride].</param>
    /// <param name="stride">Channels of the images.</param>
    /// <param name="first">Of the channels that are read.</param>
    /// <param name="channels">How many are read.</param>
    /// <param name="start">The first tile.</param>
    /// <param name="tiles">How many, where there are so many.</param>
    /// <param name="points">[points, tiles, channels], the points <paramref name="pointStride"/> apart.</param>
    /// <param name="pointStride">In floats.</param>
    public void ToPoints(float* images, int stride, int first, int channels, int start, int tiles, float* points, nint pointStride)
    {
        for (var tile = start; tile < Math.Min(start + tiles, Count); tile++, points += channels)
        {
            var (image, place) = Math.DivRem(tile, inAnImage);
            WinogradTransforms<V, TScheme>.Input(
                images + (nint)image * height * width * stride + first, height, width, stride, place / inARow, place % inARow, channels,
                points, pointStride);
        }
    }

    /// <summary>A^T m A + bias of some tiles, for some channels, to their pixels.</summary>
    /// <param name="points">[points, tiles, channels], the points <paramref name="pointStride"/> apart.</param>
    /// <param name="pointStride">In floats.</param>
    /// <param name="bias">[stride], or null.</param>
    /// <param name="stride">Channels of the images.</param>
    /// <param name="first">Of the channels that are written.</param>
    /// <param name="channels">How many are written.</param>
    /// <param name="start">The first tile.</param>
    /// <param name="tiles">How many, where there are so many.</param>
    /// <param name="images">[batch, height, width, stride].</param>
    public void FromPoints(
        float* points, nint pointStride, float* bias, int stride, int first, int channels, int start, int tiles, float* images)
    {
        var offset = bias is null ? null : bias + first;
        for (var tile = start; tile < Math.Min(start + tiles, Count); tile++, points += channels)
            WinogradTransforms<V, TScheme>.Output(
                points, pointStride, offset, channels, images + FirstPixel(tile) * stride + first, stride, (nint)width * stride);
    }

    /// <summary>A y A^T of some tiles' gradients, for some channels, which are added to the bias's as well.</summary>
    /// <param name="gradients">[batch, height, width, stride].</param>
    /// <param name="stride">Channels of the gradients.</param>
    /// <param name="first">Of the channels that are read.</param>
    /// <param name="channels">How many are read.</param>
    /// <param name="start">The first tile.</param>
    /// <param name="tiles">How many, where there are so many.</param>
    /// <param name="points">[points, tiles, channels], the points <paramref name="pointStride"/> apart.</param>
    /// <param name="pointStride">In floats.</param>
    /// <param name="bias">[channels], or null.</param>
    public void GradientsToPoints(
        float* gradients, int stride, int first, int channels, int start, int tiles, float* points, nint pointStride, float* bias)
    {
        for (var tile = start; tile < Math.Min(start + tiles, Count); tile++, points += channels)
            WinogradTransforms<V, TScheme>.OutputTransposed(
                gradients + FirstPixel(tile) * stride + first, stride, (nint)width * stride, channels, points, pointStride, bias);
    }

    private nint FirstPixel(int tile)
    {
        var (image, place) = Math.DivRem(tile, inAnImage);
        return ((nint)image * height + place / inARow * TScheme.Outputs) * width + place % inARow * TScheme.Outputs;
    }
}
