// Excerpt: contexts of one's own
using UNetGen.Data;

/// <summary>Images of another source, each described by what an encoder has made of its class's name.</summary>
/// <param name="images">With classes.</param>
/// <param name="tokens">Of each description.</param>
/// <param name="descriptions">By label, [tokens, width] in row-major order.</param>
public sealed class DescribedImages(IImageSource images, int tokens, IReadOnlyList<float[]> descriptions) : IImageSource
{
    public string Description => $"{images.Description}, described";

    public int Count => images.Count;

    public int Channels => images.Channels;

    public int Height => images.Height;

    public int Width => images.Width;

    public ContextShape? Context => new(tokens, descriptions[0].Length / tokens);

    public DataIdentity Identity => images.Identity with { Classes = [], Context = $"{Context}" };

    public void Read(int index, Span<float> pixels) => images.Read(index, pixels);

    public void ReadContext(int index, Span<float> values) => descriptions[images.Label(index)].CopyTo(values);
}
// End of excerpt
