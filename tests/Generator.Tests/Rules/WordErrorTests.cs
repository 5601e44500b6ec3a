using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Words that a key doesn't have.</summary>
public sealed class WordErrorTests
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
        "UNG0005: 'anotated' is no value of 'preset', which must be annotated, lucidrains, ddpm, adm or conditional; "
            + "did you mean 'annotated'?");

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
        "UNG0005: 'Annotated' is no value of 'preset', which must be annotated, lucidrains, ddpm, adm or conditional; "
            + "did you mean 'annotated'?",
        "UNG0005: 'GROUP' is no value of 'norm', which must be group or rms; did you mean 'group'?",
        "UNG0005: 'min-snr' is no value of 'diffusion.loss_weight', which must be none, min_snr or plain; did you mean 'min_snr'?");

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
        "UNG0005: 'squaredcos_cap_v2' is no value of 'diffusion.schedule', which must be linear, cosine, sigmoid or scaled_linear; "
        + "did you mean 'cosine'?");

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
        "UNG0018: 'downsample: resblock' is for presets ddpm, adm and conditional; here it must be unshuffle, conv, conv_asymmetric "
            + "or avg_pool",
        "UNG0018: 'upsample: resblock' is for presets ddpm, adm and conditional; here it must be nearest_conv or conv_transpose",
        "UNG0027: variance: learned_range reads what the network predicts; use learned_variance: true, or variance: fixed_small");
}
