using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;

namespace UNetGen.Data;

/// <summary>Tells whether two sets of images are the same.</summary>
public static class Fingerprint
{
    /// <summary>SHA-256 over shape, number, pixels, labels and contexts of all images, in hex: each image is read once.</summary>
    /// <param name="source">Of whatever kind: the same images from other files have the same one.</param>
    /// <param name="cancellation">
    /// Looked at before each image. After it one is waited for two seconds more: a read may hang.
    /// </param>
    /// <exception cref="DataException">
    /// The source says a number of images or a shape that none can have, or its classes are null.
    /// </exception>
    /// <exception cref="OperationCanceledException">Cancelled.</exception>
    public static string Of(IImageSource source, CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        return Patience.Await(Task.Run(() => Compute(source, cancellation), default), cancellation);
    }

    private static string Compute(IImageSource source, CancellationToken cancellation)
    {
        var shape = SourceShape.Of(source);
        SourceChecks.RequireClasses(source);
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        Span<byte> number = stackalloc byte[sizeof(int)];
        foreach (var part in (int[])[shape.Count, shape.Channels, shape.Height, shape.Width, source.Classes.Count])
            Append(number, part);
        var (pixels, context) = (new float[shape.PixelCount], new float[shape.ContextCount]);
        for (var i = 0; i < shape.Count; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Array.Fill(pixels, float.NaN);
            source.Read(i, pixels);
            hash.AppendData(MemoryMarshal.AsBytes(pixels.AsSpan()));
            if (source.Classes.Count > 0)
                Append(number, source.Label(i));
            if (context.Length == 0)
                continue;
            source.ReadContext(i, context);
            hash.AppendData(MemoryMarshal.AsBytes(context.AsSpan()));
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());

        void Append(Span<byte> bytes, int value)
        {
            BinaryPrimitives.WriteInt32LittleEndian(bytes, value);
            hash.AppendData(bytes);
        }
    }
}
