// Excerpt: drawing by a text
using UNetGen.Networks;
using UNetGen.Pictures;
using UNetGen.Sampling;
using static TorchSharp.torch;

public static class TextToPicture
{
    /// <summary>Draws what a text says.</summary>
    /// <param name="unet">With its weights, on the device to be used.</param>
    /// <param name="parts">What stands before and behind it.</param>
    /// <param name="words">The text's tokens: 320, 1125, 539, 320, 2368 for "a photo of a cat".</param>
    /// <param name="picture">The .png file to write.</param>
    /// <param name="seed">Another seed is another picture.</param>
    public static void Draw(NoisePredictor unet, StableDiffusionParts parts, int[] words, string picture, long seed = 1)
    {
        using var scope = NewDisposeScope();
        var latents = new DpmSolverSampler(25).Sample(unet, new SamplingOptions
        {
            Count = 1,
            Seed = seed,
            Context = parts.Context(words),
            NegativeContext = parts.Context(),   // an empty text, or what the picture shall not show
            Guidance = 7.5,
        });
        ImageGrid.Save(parts.Decode(latents), picture, scale: 1, gap: 0);
    }
}
// End of excerpt
