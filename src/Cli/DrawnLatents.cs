using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;

namespace UNetGen.Cli;

/// <summary>
/// What a network of latents has drawn, in a safetensors file: <c>latents</c> [count, channels, height, width], float32, as they came out,
/// for an autoencoder's decoder; and in the metadata what they were drawn with.
/// </summary>
internal static class DrawnLatents
{
    public const string Ending = ".safetensors";

    private const string Key = "latents";

    /// <summary>
    /// Whether what a network draws are pictures, grey or RGB; else they are latents, or something else that no viewer shows. Null: nothing
    /// says it, since latents may have as many channels as pictures.
    /// </summary>
    /// <param name="network">Which knows what it was trained on, or whose spec says whether values have bounds, if it is a DDPM.</param>
    public static bool? ArePictures(NoisePredictor network) =>
        network.Info.Channels is not (1 or 3) ? false
        : network.IsBounded is { } isBounded ? isBounded
        : network.Diffusion is { Type: DiffusionType.Ddpm, ClipSample: false } ? null
        : true;

    /// <summary>Whether a file name is that of such a file.</summary>
    public static bool IsName(string path) => path.EndsWith(Ending, StringComparison.OrdinalIgnoreCase);

    /// <summary>Whether a file is one that was drawn, whose place another may take.</summary>
    public static bool IsOne(string path)
    {
        try
        {
            using var file = SafetensorsFile.Open(path);
            return file.Metadata.ContainsKey(LatentFile.DrawnKey);
        }
        catch (Exception error) when (error is SafetensorsException or IOException or UnauthorizedAccessException)
        {
            return false;
        }
    }

    /// <param name="path">Replaced where it is there.</param>
    /// <param name="images">[count, channels, height, width], on any device.</param>
    /// <param name="network">That has drawn them.</param>
    /// <param name="sampler">The same.</param>
    /// <param name="options">The same.</param>
    public static void Write(string path, torch.Tensor images, NoisePredictor network, Sampler sampler, SamplingOptions options) =>
        SafetensorsFile.Write(
            path, [new(Key, images)],
            new Dictionary<string, string> { [LatentFile.DrawnKey] = SampleInfo.Of(network, sampler, options).ToJsonString() });

    /// <summary>
    /// Latents as a grid can show them, which it does channel by channel in grey, but for three, which are its red, green and blue: without
    /// bounds, they are divided by the largest of their values.
    /// </summary>
    /// <param name="images">[count, channels, height, width].</param>
    /// <returns>In the caller's dispose scope; the images themselves where they lie within [-1, 1].</returns>
    public static torch.Tensor Shown(torch.Tensor images)
    {
        using var largest = images.detach().abs().max();
        var most = largest.item<float>();
        return most > 1 && float.IsFinite(most) ? images / most : images;
    }
}
