// Excerpt: contexts of one's own
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using UNetGen.Data;

/// <summary>Images of another source, each described by what an encoder has made of its class's name.</summary>
/// <param name="images">With classes.</param>
/// <param name="tokens">Of each description.</param>
/// <param name="descriptions">By label, [tokens, width] in row-major order.</param>
public sealed class DescribedImages(IImageSource images, int tokens, IReadOnlyList<float[]> descriptions) : DerivedSource(images)
{
    private readonly string[] hashes =
        [.. descriptions.Select(values => Convert.ToHexString(SHA256.HashData(MemoryMarshal.AsBytes<float>(values))))];

    public override string Description => $"{Images.Description}, described";

    public override ContextShape? Context => new(tokens, descriptions[0].Length / tokens);

    // A training that goes on notices other descriptions, as it notices other images.
    public override DataIdentity Identity => base.Identity.And("descriptions", hashes);

    public override void ReadContext(int index, Span<float> values) => descriptions[Images.Label(index)].CopyTo(values);
}
// End of excerpt
