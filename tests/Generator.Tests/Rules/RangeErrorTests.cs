using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Numbers out of their range.</summary>
public sealed class RangeErrorTests
{
    [Fact]
    public void Whole_numbers_beyond_every_int() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: «4294967299»
        dim: «99999999999999999999»
        channel_multipliers: [1, 2]
        """,
        "UNG0008: 'channels' must be a whole number from 1 to 4096, not 4294967299",
        "UNG0008: 'dim' must be an even whole number from 4 to 16384, not 99999999999999999999");

    [Fact]
    public void Numbers_that_are_none_and_infinities() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        dropout: «.nan»
        norm_eps: «.inf»
        time_embedding:
          theta: «-.Inf»
        """,
        "UNG0008: 'dropout' must be a number from 0 to below 1, not .nan",
        "UNG0008: 'norm_eps' must be a finite number above 0, not .inf",
        "UNG0008: 'time_embedding.theta' must be a finite number above 1, not -.Inf");

    [Fact]
    public void A_number_beyond_every_double() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        norm_eps: «1e999»
        """,
        "UNG0008: 'norm_eps' must be a finite number above 0, not 1e999");

    [Fact]
    public void Numbers_that_float32_makes_nothing_of() => Errors.In(
        """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        norm: group
        norm_eps: «1e-320»
        dropout: «1e-400»
        diffusion:
          beta_start: «1.1e-38»
          beta_end: «0.99999999999»
          loss_weight: min_snr
          min_snr_gamma: «1e300»
        """,
        "UNG0008: 'norm_eps' must be a finite number above 0, not 1e-320; above 0 the numbers of float32, in which all is computed, have "
            + "all their digits from 1.2e-38 on",
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 1e-400; above 0 the numbers of float32, in which all is computed, "
            + "have all their digits from 1.2e-38 on",
        "UNG0008: 'diffusion.beta_start' must be a number above 0 to below 1, not 1.1e-38; above 0 the numbers of float32, in which all "
            + "is computed, have all their digits from 1.2e-38 on",
        "UNG0008: 'diffusion.beta_end' must be a number above 0 to below 1, not 0.99999999999, which float32, in which all is computed, "
            + "rounds to 1",
        "UNG0008: 'diffusion.min_snr_gamma' must be a finite number above 0, not 1e300; the greatest number of float32, in which all is "
            + "computed, is 3.4e38");

    [Theory]
    [InlineData("dropout", "0")]
    [InlineData("dropout", "-0.0e5")]
    [InlineData("dropout", "0.9999999")]
    [InlineData("norm_eps", "1.1754944e-38")]
    [InlineData("norm_eps", "3.4028235e38")]
    [InlineData("diffusion.beta_end", "0.9999999")]
    [InlineData("time_embedding.theta", "1e300")]
    [InlineData("diffusion.p_mean", "-40")]
    [InlineData("diffusion.p_mean", "1e-300")]
    [InlineData("diffusion.sigma_data", "1e-16")]
    [InlineData("diffusion.mode_scale", "1.75189999999999")]
    public void What_float32_holds_is_taken(string key, string number)
    {
        var problems = Problems.Ignored;
        Fields.ByKey[key].Read(new YamlScalar(default, number, IsPlain: true), new UNetSpec(), problems);
        Assert.False(problems.AnyError);
    }

    /// <summary>Whatever field of real numbers: what float32 makes 0, 1 or infinite where that isn't meant.</summary>
    [Fact]
    public void Every_field_of_numbers_is_bounded_by_float32()
    {
        var fields = Fields.All.Where(field => field is Field<double>).ToList();
        Assert.NotEmpty(fields);
        Assert.All(fields, field =>
        {
            Assert.Equal(field.Key != "time_embedding.theta", Refuses(field, "1e300"));
            Assert.Equal(Refuses(field, "1e-300"), Refuses(field, "1e-400"));
            Assert.Equal(Refuses(field, "1"), Refuses(field, "0.99999999999"));
            Assert.Equal(Refuses(field, "0") || field.Key == "dropout", Refuses(field, "1e-300"));
        });

        static bool Refuses(Field field, string number)
        {
            var problems = Problems.Ignored;
            field.Read(new YamlScalar(default, number, IsPlain: true), new UNetSpec(), problems);
            return problems.AnyError;
        }
    }

    [Fact]
    public void Values_just_outside_their_ranges() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        dropout: «1»
        norm_eps: «0»
        init_kernel: «4»
        time_embedding:
          theta: «1»
          freq_shift: «2»
        attention:
          heads: «0»
          memory_tokens: «-1»
        diffusion:
          timesteps: «0»
          «min_snr_gamma»: «-5»
        """,
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 1",
        "UNG0008: 'norm_eps' must be a finite number above 0, not 0",
        "UNG0008: 'init_kernel' must be an odd whole number from 1 to 31, not 4",
        "UNG0008: 'time_embedding.theta' must be a finite number above 1, not 1",
        "UNG0008: 'time_embedding.freq_shift' must be a whole number from 0 to 1, not 2",
        "UNG0008: 'attention.heads' must be a whole number from 1 to 16384, not 0",
        "UNG0008: 'attention.memory_tokens' must be a whole number from 0 to 16384, not -1",
        "UNG0008: 'diffusion.timesteps' must be a whole number from 1 to 1000000, not 0",
        "UNG0018: 'diffusion.min_snr_gamma' would have no effect: it belongs to loss_weight: min_snr; leave it out, or say that",
        "UNG0008: 'diffusion.min_snr_gamma' must be a finite number above 0, not -5");

    [Fact]
    public void Negative_dropout() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        dropout: «-0.1»
        norm_eps: «-1e-5»
        """,
        "UNG0008: 'dropout' must be a number from 0 to below 1, not -0.1",
        "UNG0008: 'norm_eps' must be a finite number above 0, not -1e-5");

    [Fact]
    public void An_image_of_no_height_and_one_too_wide() => Errors.In(
        """
        preset: annotated
        image_size: [«0», «99999»]
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0008: 'image_size[0]' must be a whole number from 1 to 4096, not 0",
        "UNG0008: 'image_size[1]' must be a whole number from 1 to 4096, not 99999");

    [Fact]
    public void No_channels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: «0»
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0008: 'channels' must be a whole number from 1 to 4096, not 0");
}
