using UNetGen.Diffusion;
using UNetGen.Sampling;

namespace UNetGen.Runtime.Tests;

public class CountedTests
{
    [Theory]
    [InlineData(0, "0 classes")]
    [InlineData(1, "1 class")]
    [InlineData(2, "2 classes")]
    [InlineData(1234567, "1,234,567 classes")]
    public void One_is_told_in_the_singular_and_every_other_number_in_the_plural(long count, string text) =>
        Assert.Equal(text, Counted.Of(count, "class", "classes"));

    [Fact]
    public void A_diffusion_of_one_timestep_has_one()
    {
        var schedule = new NoiseSchedule(new() { Timesteps = 1, Schedule = BetaSchedule.Cosine });
        var error = Assert.Throws<UNetGenException>(() => SpacedTimesteps.Of(TimestepSpacing.Even, 2, schedule));
        Assert.Equal("A sampler can't take 2 steps: the network's diffusion has 1 timestep. Use 1 step.", error.Message);
    }
}
