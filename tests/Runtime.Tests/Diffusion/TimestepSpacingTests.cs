using CsCheck;
using UNetGen.Diffusion;

namespace UNetGen.Runtime.Tests.Diffusion;

public class TimestepSpacingTests
{
    private static readonly NoiseSchedule Thousand = new(new());

    [Theory]
    [InlineData(TimestepSpacing.Even, new[] { 999, 899, 799, 699, 599, 499, 399, 299, 199, 99, -1 })]
    [InlineData(TimestepSpacing.Leading, new[] { 900, 800, 700, 600, 500, 400, 300, 200, 100, 0, -1 })]
    [InlineData(TimestepSpacing.Linspace, new[] { 999, 888, 777, 666, 555, 444, 333, 222, 111, 0, -1 })]
    [InlineData(TimestepSpacing.Trailing, new[] { 999, 899, 799, 699, 599, 499, 399, 299, 199, 99, -1 })]
    public void Ten_of_a_thousand_are_those_of_diffusers_and_denoising_diffusion_pytorch(TimestepSpacing spacing, int[] expected) =>
        Assert.Equal(expected, SpacedTimesteps.Of(spacing, 10, Thousand));

    [Fact]
    public void Times_fall_strictly_to_the_clean_image() =>
        (from timesteps in Gen.Int[1, 2000] from steps in Gen.Int[1, timesteps] from spacing in Gen.Enum<TimestepSpacing>() select (timesteps, steps, spacing)).Sample(
            given =>
            {
                var (timesteps, steps, spacing) = given;
                var schedule = new NoiseSchedule(new() { Timesteps = timesteps, Schedule = BetaSchedule.Cosine });
                var fromZero = spacing is TimestepSpacing.Leading or TimestepSpacing.Linspace;
                if (fromZero && steps == 1 && timesteps > 1)
                    return;

                var times = SpacedTimesteps.Of(spacing, steps, schedule);

                Assert.Equal(-1, times[^1]);
                Assert.All(times.Zip(times.Skip(1)), step => Assert.True(step.First > step.Second));
                Assert.InRange(times[0], 0, timesteps - 1);
                if (spacing is not (TimestepSpacing.LogSnr or TimestepSpacing.Karras))
                    Assert.Equal(steps + 1, times.Count);
                if (spacing is TimestepSpacing.Even or TimestepSpacing.Linspace or TimestepSpacing.Trailing)
                    Assert.Equal(timesteps - 1, times[0]);
            }, iter: 500);

    [Fact]
    public void Karras_goes_from_sigma_80_in_even_steps_of_its_seventh_root()
    {
        var roots = SpacedTimesteps.Of(TimestepSpacing.Karras, 10, Thousand).SkipLast(1).Select(t => Math.Pow(Thousand.Sigma(t), 1 / 7.0)).ToArray();
        var step = (Math.Pow(80, 1 / 7.0) - Math.Pow(Thousand.Sigma(0), 1 / 7.0)) / 9;
        // Where timesteps lie widest, at the end, one is 0.05 wide.
        Assert.All(roots.Zip(roots.Skip(1)), pair => Assert.Equal(step, pair.First - pair.Second, 0.05));
        Assert.Equal(80, Math.Pow(roots[0], 7), 0.5);
    }

    [Fact]
    public void A_log_snr_spacing_halves_and_doubles_sigma_evenly()
    {
        var lambdas = SpacedTimesteps.Of(TimestepSpacing.LogSnr, 10, Thousand).SkipLast(1).Select(t => -Math.Log(Thousand.Sigma(t))).ToArray();
        var step = (-Math.Log(Thousand.Sigma(0)) + Math.Log(80)) / 9;
        Assert.All(lambdas.Zip(lambdas.Skip(1)), pair => Assert.Equal(step, pair.Second - pair.First, 0.2));
    }

    [Fact]
    public void Timesteps_are_not_repeated()
    {
        var schedule = new NoiseSchedule(new() { Timesteps = 30 });
        Assert.All([TimestepSpacing.Karras, TimestepSpacing.LogSnr], spacing =>
        {
            var times = SpacedTimesteps.Of(spacing, 30, schedule);
            Assert.InRange(times.Count, 10, 30);
            Assert.Equal(times.Distinct(), times);
        });
    }

    [Theory]
    [InlineData(TimestepSpacing.Leading)]
    [InlineData(TimestepSpacing.Linspace)]
    public void One_step_that_would_see_no_noise_is_refused(TimestepSpacing spacing) =>
        Assert.Contains("2 steps or more", Assert.Throws<UNetGenException>(() => SpacedTimesteps.Of(spacing, 1, Thousand)).Message);
}
