using static TorchSharp.torch;

namespace UNetGen.Backends.Memory;

/// <summary>
/// The memory of images [batch, channels, height, width] whose channels lie together ("channels last": in the order batch, height, width,
/// channels).
/// </summary>
/// <remarks>
/// Who asks for an address calls <see cref="GC.KeepAlive"/> behind its last use for tensors that it was given: one that nobody else holds
/// would be finalised as soon as its address is known.
/// </remarks>
internal static unsafe class TensorMemory
{
    /// <summary>The same numbers with the channels together; the tensor itself where they are.</summary>
    public static Tensor ChannelsLast(Tensor x)
    {
        if (AreTogether(x))
            return x;
        using var pixels = x.permute(0, 2, 3, 1);
        return pixels.contiguous().permute(0, 3, 1, 2);
    }

    /// <summary>
    /// Images [batch, channels, height, width] as the rows of a matrix each, [batch, height * width, channels]: a view where the channels
    /// lie together.
    /// </summary>
    public static Tensor Tokens(Tensor images)
    {
        using var pixels = images.permute(0, 2, 3, 1);
        return pixels.reshape(images.size(0), -1, images.size(1));
    }

    /// <summary>The pixels of all images whose channels are together, [batch * height * width, channels]: a view.</summary>
    public static Tensor Pixels(Tensor images)
    {
        using var pixels = images.permute(0, 2, 3, 1);
        return pixels.view(-1, images.size(1));
    }

    /// <summary>What <see cref="Tokens"/> took apart, [batch, channels, height, width] with the channels together.</summary>
    public static Tensor Images(Tensor tokens, long height, long width)
    {
        using var pixels = tokens.reshape(tokens.size(0), height, width, -1);
        return pixels.permute(0, 3, 1, 2);
    }

    /// <summary>Whether a tensor of so many numbers can be reached: TorchSharp gives out up to 2 GiB.</summary>
    public static bool IsWithinReach(long count) => count <= int.MaxValue / sizeof(float);

    /// <summary>
    /// Images of any content, channels together; no view of another tensor, so that a gradient may pass through what is changed in place.
    /// </summary>
    public static Tensor EmptyImages(long batch, long channels, long height, long width) =>
        ImageMemory.Empty(batch, height, width, channels).transpose_(1, 3).transpose_(2, 3);

    /// <summary>Where the numbers of images whose channels are together lie.</summary>
    public static float* OfImages(Tensor x) =>
        AreTogether(x) ? (float*)Native.Libtorch.AddressOf(x) : throw new ArgumentException("The channels don't lie together.", nameof(x));

    /// <summary>Where the numbers of a contiguous tensor of float32 on the CPU lie; null for null.</summary>
    public static float* Of(Tensor? x) =>
        x is null ? null
        : x.is_contiguous() ? (float*)Native.Libtorch.AddressOf(x)
        : throw new ArgumentException("The numbers don't lie in the order of their indices.", nameof(x));

    // By the strides: a permuted tensor that could be asked would cost twenty times as much, and kernels ask often. Along an axis of length
    // 1 a stride says nothing.
    private static bool AreTogether(Tensor x)
    {
        var (batch, channels, height, width) = (x.size(0), x.size(1), x.size(2), x.size(3));
        return (channels == 1 || x.stride(1) == 1) && (width == 1 || x.stride(3) == channels)
            && (height == 1 || x.stride(2) == width * channels)
            && (batch == 1 || x.stride(0) == height * width * channels);
    }
}
