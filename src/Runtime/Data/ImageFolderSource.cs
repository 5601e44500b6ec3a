using System.IO.Enumeration;
using SkiaSharp;

namespace UNetGen.Data;

/// <summary>A picture file that could not be used.</summary>
/// <param name="Path">Relative to the folder that was opened, with <c>/</c>.</param>
/// <param name="Reason">What is wrong with it.</param>
public sealed record BrokenFile(string Path, string Reason);

/// <summary>
/// The PNG and JPEG files of a folder and of the folders in it, in ordinal order of their relative paths, the same on every machine. Hidden
/// files and folders are left out. Broken files are skipped and listed.
/// </summary>
/// <remarks>
/// Each picture is turned upright (EXIF), converted to sRGB, laid on black where it is transparent, cropped around its centre to the wanted aspect
/// ratio, and scaled: mip-mapped where it shrinks, Mitchell's cubic where it grows. Grey is Rec. 601 luma; RGB from a grey picture repeats it.
/// </remarks>
public sealed class ImageFolderSource : DecodedSource
{
    private ImageFolderSource(string description, IReadOnlyList<byte[]> images, IReadOnlyList<BrokenFile> brokenFiles, int channels, int height, int width)
        : base(description, images, channels, height, width) => BrokenFiles = brokenFiles;

    /// <summary>The files that were skipped, in order. A program should tell its user of them.</summary>
    public IReadOnlyList<BrokenFile> BrokenFiles { get; }

    /// <summary>Decodes every picture in a folder, on all cores.</summary>
    /// <param name="folder">Searched with everything in it.</param>
    /// <param name="channels">1 (grey) or 3 (RGB).</param>
    /// <param name="height">Pixels.</param>
    /// <param name="width">Pixels.</param>
    /// <exception cref="DataException">There is no such folder, no picture in it or none that isn't broken, or they don't fit into memory.</exception>
    public static ImageFolderSource Open(string folder, int channels, int height, int width)
    {
        CheckTarget(folder, channels, height, width);
        var names = FindIn(folder);
        if (names.Length == 0)
            throw new DataException($"'{folder}' holds no .png, .jpg or .jpeg file.");
        CheckMemory(folder, names.Length, channels, height, width);

        var images = new byte[]?[names.Length];
        var reasons = new string?[names.Length];
        Parallel.For(0, names.Length, i => images[i] = Decode(Path.Combine(folder, names[i]), channels, height, width, out reasons[i]));

        var broken = names.Zip(reasons).Where(file => file.Second != null).Select(file => new BrokenFile(file.First, file.Second!)).ToArray();
        if (broken.Length == names.Length)
            throw new DataException($"'{folder}': not one of its {names.Length} picture files can be used; the first, {broken[0].Path}, {broken[0].Reason}.");
        var whole = images.OfType<byte[]>().ToArray();
        var skipped = broken.Length == 0 ? "" : FormattableString.Invariant($", {broken.Length:N0} broken files skipped");
        return new ImageFolderSource(
            FormattableString.Invariant($"{whole.Length:N0} pictures in {folder}{skipped}"), whole, broken, channels, height, width);
    }

    /// <summary>Relative paths of the pictures in a folder, in ordinal order.</summary>
    internal static string[] FindIn(string folder)
    {
        if (!Directory.Exists(folder))
            throw new DataException($"There is no folder '{folder}'.");
        var options = new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = false };
        // Links to files are followed; links to folders aren't, since they may lead round in a circle.
        var files = new FileSystemEnumerable<string>(folder, (ref FileSystemEntry entry) => entry.ToFullPath(), options)
        {
            ShouldIncludePredicate = (ref FileSystemEntry entry) => !entry.IsDirectory,
            ShouldRecursePredicate = (ref FileSystemEntry entry) => !entry.Attributes.HasFlag(FileAttributes.ReparsePoint),
        };
        try
        {
            var names = files
                .Where(file => Path.GetExtension(file).ToLowerInvariant() is ".png" or ".jpg" or ".jpeg")
                .Select(file => Path.GetRelativePath(folder, file).Replace('\\', '/'))
                .ToArray();
            Array.Sort(names, StringComparer.Ordinal);
            return names;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new DataException($"'{folder}' can't be searched: {e.Message}", e);
        }
    }

    private static byte[]? Decode(string file, int channels, int height, int width, out string? reason)
    {
        try
        {
            using var stream = File.OpenRead(file);
            if (stream.Length == 0)
            {
                reason = "is empty";
                return null;
            }
            using var codec = SKCodec.Create(stream, out var opened);
            if (codec == null)
            {
                reason = $"is no PNG or JPEG picture ({opened})";
                return null;
            }
            using var srgb = SKColorSpace.CreateSrgb();
            using var bitmap = new SKBitmap();
            if (!bitmap.TryAllocPixels(new SKImageInfo(codec.Info.Width, codec.Info.Height, SKColorType.Rgba8888, SKAlphaType.Premul, srgb)))
            {
                reason = $"is too large to decode ({codec.Info.Width} x {codec.Info.Height})";
                return null;
            }
            var decoded = codec.GetPixels(bitmap.Info, bitmap.GetPixels());
            if (decoded != SKCodecResult.Success)
            {
                reason = decoded == SKCodecResult.IncompleteInput ? "is cut off" : $"can't be decoded ({decoded})";
                return null;
            }
            bitmap.SetImmutable();
            using var image = SKImage.FromBitmap(bitmap);
            reason = null;
            return ImageFit.Fit(image, codec.EncodedOrigin, channels, height, width);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            reason = $"can't be read: {e.Message}";
            return null;
        }
    }
}
