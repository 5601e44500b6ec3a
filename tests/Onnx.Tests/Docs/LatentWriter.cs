// Excerpt: latents of pictures
using UNetGen.Data;
using UNetGen.Interop;
using static TorchSharp.torch;

public static class LatentWriter
{
    /// <summary>Makes a folder of latents, with their contexts, of a folder of pictures.</summary>
    /// <param name="parts">What encodes them.</param>
    /// <param name="pictures">The pictures' folder.</param>
    /// <param name="size">Their height and width in pixels, 8 times that of the latents; they are cropped and scaled to it.</param>
    /// <param name="words">The tokens of what a picture shows, by its number.</param>
    /// <param name="folder">Where the latents go, a file for each picture.</param>
    public static void Write(StableDiffusionParts parts, string pictures, int size, Func<int, int[]> words, string folder)
    {
        Directory.CreateDirectory(folder);
        var source = ImageFolderSource.Open(pictures, channels: 3, size, size);
        var pixels = new float[3 * size * size];
        for (var i = 0; i < source.Count; i++)
        {
            using var scope = NewDisposeScope();
            source.Read(i, pixels);
            var latents = parts.Encode(tensor(pixels, [1, 3, size, size]));
            SafetensorsFile.Write(
                Path.Combine(folder, $"{i:D6}.safetensors"), [new("latents", latents), new("context", parts.Context(words(i)))]);
        }
        using var nothing = parts.Context();
        SafetensorsFile.Write(Path.Combine(folder, LatentFolderSource.NullFileName), [new("null_context", nothing.squeeze(0))]);
    }
}
// End of excerpt
