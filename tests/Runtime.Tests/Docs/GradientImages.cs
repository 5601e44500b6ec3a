// Excerpt: own source
using UNetGen.Data;

/// <summary>Images that a program makes itself: grey slopes, each in a direction of its own, of two classes.</summary>
public sealed class GradientImages(int size, int count) : IImageSource
{
    public string Description => $"{count} slopes";

    public int Count => count;

    public int Channels => 1;

    public int Height => size;

    public int Width => size;

    public IReadOnlyList<string> Classes { get; } = ["across", "down"];

    // Another text for other images: a training that goes on compares it.
    public DataIdentity Identity => DataIdentity.Of(this, "size", $"{size}");

    public int Label(int index) => index % 2;

    // Called by several threads at once, and the same number always gives the same image.
    public void Read(int index, Span<float> pixels)
    {
        var steepness = (index + 1.0f) / count;
        for (var i = 0; i < pixels.Length; i++)
        {
            var place = Label(index) == 0 ? i % size : i / size;
            pixels[i] = steepness * (2.0f * place / (size - 1) - 1);
        }
    }
}
// End of excerpt
