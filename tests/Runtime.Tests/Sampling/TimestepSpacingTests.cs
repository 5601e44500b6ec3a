using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CsCheck;
using UNetGen.Diffusion;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

public class TimestepSpacingTests
{
    public sealed record Table(string Spacing, int Timesteps, string Sha256);

    private static readonly NoiseSchedule Thousand = new(new());

    private static readonly Table[] Tables = JsonSerializer.Deserialize<Table[]>(
        File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Golden", "spacings.json")), JsonSerializerOptions.Web)!;

    public static TheoryData<int> Numbers => [.. Enumerable.Range(0, Tables.Length)];

    [Theory]
    [InlineData(TimestepSpacing.Even, new[] { 999, 899, 799, 699, 599, 499, 399, 299, 199, 99, -1 })]
    [InlineData(TimestepSpacing.Leading, new[] { 900, 800, 700, 600, 500, 400, 300, 200, 100, 0, -1 })]
    [InlineData(TimestepSpacing.Linspace, new[] { 999, 888, 777, 666, 555, 444, 333, 222, 111, 0, -1 })]
    [InlineData(TimestepSpacing.Trailing, new[] { 999, 899, 799, 699, 599, 499, 399, 299, 199, 99, -1 })]
    public void Ten_of_a_thousand_are_those_of_diffusers_and_denoising_diffusion_pytorch(TimestepSpacing spacing, int[] expected) =>
        Assert.Equal(expected, SpacedTimesteps.Of(spacing, 10, Thousand));

    [Theory]
    [MemberData(nameof(Numbers))]
    public void Every_number_of_steps_has_the_timesteps_of_diffusers(int number)
    {
        var table = Tables[number];
        var spacing = GoldenSamplerTests.Case.Parse<TimestepSpacing>(table.Spacing);
        var schedule = Schedule(table.Timesteps);
        var fewest = spacing == TimestepSpacing.Trailing || table.Timesteps == 1 ? 1 : 2;

        var lines = Enumerable.Range(fewest, table.Timesteps - fewest + 1).Select(
            steps => string.Join(' ', SpacedTimesteps.Of(spacing, steps, schedule).SkipLast(1)) + "\n");

        Assert.Equal(table.Sha256, Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(string.Concat(lines)))));
    }

    [Theory]
    [InlineData(TimestepSpacing.Linspace, 27, 12, new[] { 538, 499, 461 })]
    [InlineData(TimestepSpacing.Trailing, 12, 0, new[] { 999, 916, 832, 749, 666 })]
    [InlineData(TimestepSpacing.Trailing, 61, 58, new[] { 48, 32, 15, -1 })]
    public void What_lies_halfway_between_two_timesteps_falls_to_diffusers_side(
        TimestepSpacing spacing, int steps, int from, int[] expected) =>
        Assert.Equal(expected, SpacedTimesteps.Of(spacing, steps, Thousand).Skip(from).Take(expected.Length));

    [Theory]
    [InlineData(1000, 0.2)]
    [InlineData(100, 0.2)]
    [InlineData(37, 0.2)]
    public void Even_is_denoising_diffusion_pytorch_s_but_for_float32_s_rounding(int timesteps, double share)
    {
        var schedule = Schedule(timesteps);
        var others = 0;
        for (var steps = 1; steps <= timesteps; steps++)
        {
            using var places = linspace(-1, timesteps - 1, steps + 1);
            using var whole = places.to(ScalarType.Int32);
            var times = whole.data<int>().ToArray();
            var ours = SpacedTimesteps.Of(TimestepSpacing.Even, steps, schedule).Reverse().ToArray();
            Assert.Equal(times.Length, ours.Length);
            Assert.All(times.Zip(ours), pair => Assert.InRange(pair.Second - pair.First, 0, 1));
            others += times.SequenceEqual(ours) ? 0 : 1;
        }
        Assert.InRange(others, 0, share * timesteps);
    }

    [Fact]
    public void An_offset_moves_leading_as_diffusers_steps_offset_does()
    {
        Assert.Equal(
            [901, 801, 701, 601, 501, 401, 301, 201, 101, 1, -1],
            new DdimSampler(10, spacing: TimestepSpacing.Leading) { StepsOffset = 1 }.Times(Thousand));
        Assert.Equal(999, new HeunSampler(10, spacing: TimestepSpacing.Leading) { StepsOffset = 99 }.Times(Thousand)[0]);
        Assert.Contains(
            "timestep 1000",
            Assert.Throws<UNetGenException>(
                () => new DdimSampler(10, spacing: TimestepSpacing.Leading) { StepsOffset = 100 }.Times(Thousand)).Message);
        Assert.Throws<ArgumentOutOfRangeException>(() => new DdimSampler(10, spacing: TimestepSpacing.Leading) { StepsOffset = -1 });
        Assert.Equal([999, -1], new DdimSampler(1, spacing: TimestepSpacing.Leading) { StepsOffset = 999 }.Times(Thousand));
        Assert.Contains(
            "given for trailing",
            Assert.Throws<ArgumentOutOfRangeException>(
                () => new DdimSampler(10, spacing: TimestepSpacing.Trailing) { StepsOffset = 1 }).Message);
    }

    [Fact]
    public void Times_fall_strictly_to_the_clean_image() =>
        (from timesteps in Gen.Int[1, 2000]
         from steps in Gen.Int[1, timesteps]
         from spacing in Gen.Enum<TimestepSpacing>()
         select (
            timesteps, steps, spacing)).Sample(
            given =>
            {
                var (timesteps, steps, spacing) = given;
                var schedule = Schedule(timesteps);
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
        var roots = SpacedTimesteps.Of(TimestepSpacing.Karras, 10, Thousand).SkipLast(1).Select(t => Math.Pow(Thousand.Sigma(t), 1 / 7.0))
            .ToArray();
        var step = (Math.Pow(80, 1 / 7.0) - Math.Pow(Thousand.Sigma(0), 1 / 7.0)) / 9;
        // Where timesteps lie widest, at the end, one is 0.05 wide.
        Assert.All(roots.Zip(roots.Skip(1)), pair => Assert.Equal(step, pair.First - pair.Second, 0.05));
        Assert.Equal(80, Math.Pow(roots[0], 7), 0.5);
    }

    [Fact]
    public void A_log_snr_spacing_halves_and_doubles_sigma_evenly()
    {
        var lambdas = SpacedTimesteps.Of(TimestepSpacing.LogSnr, 10, Thousand).SkipLast(1).Select(t => -Math.Log(Thousand.Sigma(t)))
            .ToArray();
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

    private static NoiseSchedule Schedule(int timesteps) => new(new() { Timesteps = timesteps, Schedule = BetaSchedule.Cosine });
}
