using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Values of the wrong type, out of range, or unknown.</summary>
public sealed class ValueErrorTests
{
    [Fact]
    public void An_unknown_preset() => Errors.In(
        """
        preset: «anotated»
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0005: 'anotated' is no value of 'preset', which must be annotated, lucidrains, ddpm or adm; did you mean 'annotated'?");

    [Fact]
    public void Words_in_capitals() => Errors.In(
        """
        preset: «Annotated»
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        norm: «GROUP»
        diffusion:
          loss_weight: «min-snr»
        """,
        "UNG0005: 'Annotated' is no value of 'preset', which must be annotated, lucidrains, ddpm or adm; did you mean 'annotated'?",
        "UNG0005: 'GROUP' is no value of 'norm', which must be group or rms; did you mean 'group'?",
        "UNG0005: 'min-snr' is no value of 'diffusion.loss_weight', which must be none or min_snr; did you mean 'min_snr'?");

    [Fact]
    public void Words_of_other_projects() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        norm: «rms_norm»
        activation: «swish»
        diffusion:
          objective: «epsilon»
          schedule: «squaredcos_cap_v2»
        """,
        "UNG0005: 'rms_norm' is no value of 'norm', which must be group or rms; did you mean 'rms'?",
        "UNG0005: 'swish' is no value of 'activation', which must be silu, gelu, relu or mish; did you mean 'silu'?",
        "UNG0005: 'epsilon' is no value of 'diffusion.objective', which must be noise, x0 or v; did you mean 'noise'?",
        "UNG0005: 'squaredcos_cap_v2' is no value of 'diffusion.schedule', which must be linear, cosine, sigmoid or scaled_linear; did you mean 'cosine'?");

    [Fact]
    public void A_word_like_no_other() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        downsample: «maxpool_with_indices»
        attention:
          levels: [linear, «sparse»]
          mid: «linear»
        """,
        "UNG0005: 'maxpool_with_indices' is no value of 'downsample', which must be unshuffle, conv, conv_asymmetric or avg_pool",
        "UNG0005: 'sparse' is no value of 'attention.levels[1]', which must be none, linear or full",
        "UNG0005: 'linear' is no value of 'attention.mid', which must be none or full");

    [Fact]
    public void Values_of_other_presets() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        downsample: «resblock»
        upsample: «resblock»
        diffusion:
          variance: «learned_range»
        """,
        "UNG0018: 'downsample: resblock' is for presets ddpm and adm; here it must be unshuffle, conv, conv_asymmetric or avg_pool",
        "UNG0018: 'upsample: resblock' is for presets ddpm and adm; here it must be nearest_conv or conv_transpose",
        "UNG0027: variance: learned_range reads what the network predicts; it needs learned_variance: true");

    [Fact]
    public void Quoted_numbers() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «'16'»
        channel_multipliers: [1, 2]
        dropout: «"0.1"»
        self_condition: «'true'»
        init_dim: «'sixteen'»
        """,
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not the text '16'; leave out the quotes",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not the text '0.1'; leave out the quotes",
        "UNG0007: 'self_condition' must be true or false, not the text 'true'; leave out the quotes",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not the text 'sixteen'");

    [Fact]
    public void Values_of_other_types() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «[16]»
        channel_multipliers: [1, 2]
        groups: «four»
        init_dim: «16.5»
        dropout: «little»
        self_condition: «yes»
        """,
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not a list",
        "UNG0007: 'groups' must be a whole number from 1 to 16384, not 'four'",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not '16.5'",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not 'little'",
        "UNG0007: 'self_condition' must be true or false, not 'yes'");

    [Fact]
    public void Nothing_where_a_value_belongs() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: «null»
        dim:«»
        channel_multipliers: [1, 2]
        name: «~»
        norm:«»
        """,
        "UNG0007: 'channels' must be a whole number from 1 to 4096, not nothing",
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not nothing",
        "UNG0007: 'name' must be a C# class name, not nothing",
        "UNG0007: 'norm' must be group or rms, not nothing");

    [Fact]
    public void Numbers_in_other_notations() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        groups: «0x4»
        init_dim: «1e2»
        time_emb_dim: «1_000»
        dropout: «0,1»
        """,
        "UNG0007: 'groups' must be a whole number from 1 to 16384, not '0x4'",
        "UNG0007: 'init_dim' must be a whole number from 1 to 16384, not '1e2'",
        "UNG0007: 'time_emb_dim' must be a whole number from 1 to 65536, not '1_000'",
        "UNG0007: 'dropout' must be a number from 0 to below 1, not '0,1'");

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
    public void An_image_size_of_three() => Errors.In(
        """
        preset: annotated
        image_size: «[16, 16, 3]»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0007: 'image_size' must be a whole number from 1 to 4096, or [height, width], not a list of 3");

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
    public void An_image_size_of_another_type() => Errors.In(
        """
        preset: annotated
        image_size: «{height: 16}»
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0007: 'image_size' must be a whole number from 1 to 4096, or [height, width], not a mapping of keys");

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

    [Fact]
    public void No_levels() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: «[]»
        """,
        "UNG0007: 'channel_multipliers' must be a list of whole numbers from 1, one a level, not an empty list");

    [Fact]
    public void One_multiplier_without_list() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: «2»
        """,
        "UNG0007: 'channel_multipliers' must be a list of whole numbers from 1, one a level, not '2'");

    [Fact]
    public void Multipliers_of_other_types() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 16
        channel_multipliers: [1, «two», «2.5», «'3'», «[4]», «null»]
        """,
        "UNG0007: 'channel_multipliers[1]' must be a whole number from 1, not 'two'",
        "UNG0007: 'channel_multipliers[2]' must be a whole number from 1, not '2.5'",
        "UNG0007: 'channel_multipliers[3]' must be a whole number from 1, not the text '3'; leave out the quotes",
        "UNG0007: 'channel_multipliers[4]' must be a whole number from 1, not a list",
        "UNG0007: 'channel_multipliers[5]' must be a whole number from 1, not nothing");
}
