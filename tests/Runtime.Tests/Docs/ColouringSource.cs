using UNetGen.Data;

namespace UNetGen.Runtime.Tests.Docs;

// Excerpt: own source
/// <summary>Colour pictures that are to be made of their grey.</summary>
public sealed class ColouringSource(IImageSource images) : ConditionedSource(images, conditionChannels: 1)
{
    public override string Condition => "colouring";

    protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition)
    {
        var plane = Height * Width;
        for (var i = 0; i < plane; i++)
            condition[i] = (image[i] + image[plane + i] + image[2 * plane + i]) / 3;
    }
}
// End of excerpt
