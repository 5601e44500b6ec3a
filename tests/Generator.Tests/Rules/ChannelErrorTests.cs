using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Which of the channels that go in are the image's, and which its condition.</summary>
public sealed class ChannelErrorTests
{
    private const string Spec = """
        preset: lucidrains
        image_size: 16
        dim: 16
        channel_multipliers: [1, 2]

        """;

    [Fact]
    public void Both_ways_at_once() => Errors.In(
        Spec + "channels: 9\n«condition_channels»: 5\nout_channels: 4",
        "UNG0032: condition_channels and out_channels both say how many channels are a condition; use one of them");

    [Fact]
    public void More_channels_out_than_in() => Errors.In(
        Spec + "channels: 3\nout_channels: «6»\nlearned_variance: true",
        "UNG0032: 6 channels can't come out where 3 go in, since those that come out are the image's (a variance that is learnt isn't "
        + "counted); use out_channels 3 or less, or more channels");

    [Theory]
    [InlineData("condition_channels: 5", "out_channels: 4")]
    [InlineData("out_channels: 4", "condition_channels: 5")]
    public void One_way_inherited_and_the_other_said(string inherited, string own) => Errors.In(
        [("base.unet.yaml", $"{Spec}channels: 9\n{inherited}"), ("derived.unet.yaml", $"extends: «base.unet.yaml»\n{own}")],
        "UNG0032: condition_channels and out_channels both say how many channels are a condition; use one of them; "
        + $"'{inherited}' is inherited from base.unet.yaml");

    [Theory]
    [InlineData("channels: 9\nout_channels: 4", "channels: 4\ncondition_channels: 5")]
    [InlineData("out_channels: 4\nchannels: 9", "condition_channels: 5\nchannels: 4")]
    [InlineData("channels: 4\nout_channels: 4", "channels: 4")]
    [InlineData("channels: 4\ncondition_channels: 0", "channels: 4")]
    public void The_two_ways_are_one_network(string one, string other)
    {
        var effective = SpecWriter.Write(ParsedSpec.Of(Spec + one));
        Assert.Equal(SpecWriter.Write(ParsedSpec.Of(Spec + other)), effective);
        Assert.DoesNotContain("out_channels", effective, StringComparison.Ordinal);
        Assert.Equal(other.Contains("5", StringComparison.Ordinal), effective.Contains("channels: 4\ncondition_channels: 5\n"));
    }

    [Fact]
    public void A_base_s_condition_can_be_given_up()
    {
        var run = GeneratorHarness.Run(null, ("base.unet.yaml", $"{Spec}channels: 4\ncondition_channels: 5"),
            ("derived.unet.yaml", "extends: base.unet.yaml\ncondition_channels: 0"));
        Assert.Contains("public const int ConditionChannels = 5;", run.Sources["base.unet.g.cs"], StringComparison.Ordinal);
        Assert.DoesNotContain("ConditionChannels", run.Sources["derived.unet.g.cs"], StringComparison.Ordinal);
    }
}
