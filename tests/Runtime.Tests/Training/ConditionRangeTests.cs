using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Training;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>Conditions that use hardly anything of [-1, 1] are told as images are, once for what is at fault.</summary>
public class ConditionRangeTests
{
    private const string Narrow = "less than an eighth of [-1, 1]";

    [Theory]
    [InlineData(-1, -0.9f, true)]
    [InlineData(-1, -0.7f, false)]
    public void Conditions_are_told_apart_from_their_images(float low, float high, bool told)
    {
        var warnings = Look(new Conditioned(new Stripes(), low, high));

        Assert.Equal(told ? 1 : 0, warnings.Count);
        Assert.All(
            warnings,
            warning => Assert.StartsWith(
                $"The conditions of 4 images of four images of stripes, for a test run from -1 to -0.9: {Narrow}", warning));
        Assert.Equal(told ? 2 : 1, Look(new Conditioned(new Stripes(low: -1, high: -0.9f), low, high)).Count);
    }

    [Fact]
    public void What_is_made_of_the_images_is_not_told_beside_them()
    {
        var stripes = new Stripes(low: -1, high: -0.9f);
        foreach (var source in (IImageSource[])[new UpscalingSource(stripes), new InpaintingSource(stripes, seed: 0)])
            Assert.StartsWith("4 images of four images of stripes", Assert.Single(Look(source)));
        // Each square of fine stripes is grey, whatever they are.
        Assert.Empty(Look(new UpscalingSource(new Stripes())));
    }

    private static IReadOnlyList<string> Look(IImageSource source) =>
        InputCheck.Images(source, new DiffusionOptions(), refuseNonNegative: true, CancellationToken.None);

    private sealed class Conditioned(IImageSource images, float low, float high) : ConditionedSource(images, conditionChannels: 1)
    {
        public override string Condition => "a test";

        protected override void MakeCondition(long place, ReadOnlySpan<float> image, Span<float> condition)
        {
            for (var i = 0; i < condition.Length; i++)
                condition[i] = i % 2 == 0 ? low : high;
        }
    }
}
