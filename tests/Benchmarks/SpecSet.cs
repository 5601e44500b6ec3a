using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Benchmarks;

/// <summary>Specs as the project of a laboratory has them: ten kinds of images, ten networks for each, no two alike.</summary>
internal static class SpecSet
{
    public const string Directory = "/project/";

    private static readonly (string Name, string Size, int Channels, int[] Multipliers)[] Images =
    [
        ("mnist", "28", 1, [1, 2, 4]),
        ("fashion", "32", 1, [1, 2, 2, 4]),
        ("cifar", "32", 3, [1, 2, 2, 2]),
        ("shapes", "16", 3, [1, 2, 2]),
        ("thumbnails", "64", 3, [1, 2, 3, 4]),
        ("faces", "64", 3, [1, 2, 2, 4]),
        ("bedrooms", "128", 3, [1, 1, 2, 2, 4]),
        ("portraits", "256", 3, [1, 1, 2, 2, 4, 4]),
        ("spectrograms", "[80, 256]", 1, [1, 2, 4, 4]),
        ("latents", "32", 4, [1, 2]),
    ];

    private static readonly (string Name, string Keys)[] Networks =
    [
        ("annotated", """
            preset: annotated
            """),
        ("lucidrains", """
            preset: lucidrains
            """),
        ("cosine", """
            # The Annotated Diffusion Model with the schedule of Nichol and Dhariwal (2021).
            preset: annotated
            groups: 8
            diffusion:
              schedule: cosine      # gentler at both ends than linear
              variance: fixed_large
            """),
        ("velocity", """
            preset: lucidrains
            norm: group
            groups: 8
            diffusion:
              timesteps: 1000
              schedule: sigmoid
              objective: v
              loss_weight: min_snr
              min_snr_gamma: 5
            """),
        ("plain", """
            # No attention at all: how much does it give?
            preset: annotated
            attention: none
            activation: gelu
            downsample: conv_asymmetric
            upsample: conv_transpose
            """),
        ("fourier", """
            preset: lucidrains
            init_kernel: 5
            time_emb_dim: 192
            time_embedding:
              type: learned_fourier
              conditioning: scale_shift
            attention:
              heads: 8
              head_dim: 16
              memory_tokens: 8
            """),
        ("ddpm", """
            preset: ddpm
            attention:
              levels: LEVELS        # full at the lowest alone
            """),
        ("slim", """
            extends: ddpm-DIM.unet.yaml
            blocks_per_level: 1
            attention: none
            """),
        ("classes", """
            # Dhariwal and Nichol's (2021) network, told what to draw.
            preset: adm
            num_classes: 10
            learned_variance: true
            attention:
              levels: LEVELS
              head_dim: 16
            diffusion:
              schedule: cosine
              variance: learned_range
            """),
        ("spelled-out", """
            # Everything said, nothing left to the preset.
            preset: lucidrains
            init_dim: 32
            init_kernel: 7
            norm: group
            groups: 4
            norm_eps: 1e-6
            weight_standardization: true
            activation: silu
            dropout: 0.05

            time_embedding:
              type: sinusoidal
              theta: 10000
              order: sin_cos
              freq_shift: 1
              conditioning: add

            attention:            # full in the middle alone, linear where there are many positions
              mid: full
              heads: 4
              head_dim: 32
              memory_tokens: 4

            downsample: unshuffle
            upsample: nearest_conv
            self_condition: false
            zero_init: false

            diffusion:
              timesteps: 500
              schedule: linear
              schedule_scaling: true
              objective: noise
              loss_weight: none
              variance: fixed_small
            """),
    ];

    /// <summary>The first so many: ten networks for each kind of images, and from the hundredth on the same ones wider.</summary>
    public static SpecText[] Take(int count) => [.. Enumerable.Range(0, count).Select(Spec)];

    private static SpecText Spec(int index)
    {
        var (kind, network) = (index / Networks.Length, Networks[index % Networks.Length]);
        var image = Images[kind % Images.Length];
        var dim = 32 * (1 + kind % Images.Length % 4 + 4 * (kind / Images.Length));
        var levels = string.Join(", ", image.Multipliers.SkipLast(1).Select(_ => "none").Append("full"));
        var keys = network.Keys.Replace("LEVELS", $"[{levels}]", StringComparison.Ordinal).Replace(
            "DIM", $"{dim}", StringComparison.Ordinal);
        var sizes = keys.StartsWith("extends", StringComparison.Ordinal) ? "" : $"""
            image_size: {image.Size}
            channels: {image.Channels}
            dim: {dim}
            channel_multipliers: [{string.Join(", ", image.Multipliers)}]

            """;
        return new SpecText(
            $"{Directory}specs/{image.Name}/{network.Name}-{dim}.unet.yaml",
            $"{keys}\nname: {Pascal(image.Name)}{Pascal(network.Name)}{dim}\n{sizes}");
    }

    private static string Pascal(string name) => string.Concat(name.Split('-').Select(word => char.ToUpperInvariant(word[0]) + word[1..]));
}
