namespace UNetGen.Generator.Tests;

/// <summary>Specs that several tests look at: the smallest of each family, and ones with many keys.</summary>
internal static class Specimens
{
    public const string Annotated = """
        name: TinyUNet
        preset: annotated
        image_size: 16
        channels: 1
        dim: 8
        channel_multipliers: [1, 2]
        """;

    public const string LucidrainsRms = """
        preset: lucidrains
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2, 4]
        """;

    public const string ManyKeys = """
        name: ManyKeysUNet
        namespace: Shop.Conditioned
        preset: lucidrains
        image_size: [32, 48]
        channels: 2
        dim: 24
        channel_multipliers: [1, 2, 2]
        time_emb_dim: 72
        init_dim: 12
        init_kernel: 5
        norm: group
        groups: 6
        norm_eps: 1e-6
        weight_standardization: true
        activation: mish
        dropout: 0.125
        time_embedding:
          type: learned_fourier
          conditioning: add
        attention:
          levels: [none, linear, full]
          heads: 2
          head_dim: 16
          memory_tokens: 3
        downsample: conv_asymmetric
        upsample: conv_transpose
        self_condition: true
        zero_init: true
        diffusion:
          timesteps: 500
          schedule: sigmoid
          objective: v
          loss_weight: min_snr
          min_snr_gamma: 4.5
          variance: fixed_large
        """;

    public const string OneLevel = """
        preset: annotated
        image_size: 9
        channels: 4
        dim: 4
        channel_multipliers: [1]
        norm: rms
        attention: none
        time_embedding:
          theta: 100
          order: cos_sin
          freq_shift: 0
        diffusion:
          objective: x0
        """;

    public const string Ddpm = """
        preset: ddpm
        image_size: 16
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        groups: 8
        blocks_per_level: [1, 2]
        attention: { resolutions: [8] }
        """;

    public const string Adm = """
        name: ClassesUNet
        preset: adm
        image_size: 16
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        blocks_per_level: 1
        num_classes: 10
        learned_variance: true
        """;

    public const string Conditional = """
        preset: conditional
        image_size: 8
        channels: 4
        dim: 32
        channel_multipliers: [1, 2]
        blocks_per_level: 1
        groups: 8
        attention: { levels: [cross, none], heads: 2, layers: [2, 1] }
        context_dim: 24
        """;

    public const string ConditionalWithClasses = """
        preset: conditional
        image_size: [8, 16]
        channels: 4
        dim: 16
        channel_multipliers: [1, 2, 4]
        blocks_per_level: 1
        groups: 4
        attention: { head_dim: 8, linear_projection: true }
        context_dim: 20
        num_classes: 5
        self_condition: true
        zero_init: true
        """;

    public const string Flow = """
        preset: lucidrains
        image_size: 16
        channels: 1
        dim: 8
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          shift: 3
        """;

    public const string FlowByMode = """
        preset: annotated
        image_size: 16
        channels: 1
        dim: 8
        channel_multipliers: [1, 2]
        diffusion:
          type: flow
          timestep_sampling: mode
          weighting_scheme: cosmap
        """;

    public const string Edm = """
        preset: ddpm
        image_size: 16
        channels: 1
        dim: 8
        channel_multipliers: [1, 2]
        groups: 4
        diffusion:
          type: edm
          sigma_max: 80
        """;

    public const string Conditioned = """
        preset: lucidrains
        image_size: 16
        channels: 3
        condition_channels: 4
        dim: 16
        channel_multipliers: [1, 2]
        self_condition: true
        """;

    public const string UserBlock = """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 8
        channel_multipliers: [1, 2]
        attention: none
        blocks: { resnet: My.Blocks.Plain }
        """;

    public const string Broken = """
        name: BrokenUNet
        preset: annotated
        image_size: 28
        channels: 3
        dim: 64
        channel_multipliers: [1, 2, 4, 8]
        """;

    public static readonly IReadOnlyList<string> Good =
        [Annotated, LucidrainsRms, ManyKeys, OneLevel, Ddpm, Adm, Flow, FlowByMode, Edm, Conditioned, Conditional, ConditionalWithClasses];
}
