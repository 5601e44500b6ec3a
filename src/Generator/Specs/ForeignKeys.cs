namespace UNetGen.Generator.Specs;

/// <summary>
/// Keys of other projects for which there is no single key here, and what to write instead. Those that have one are in
/// <see cref="Fields"/>.
/// </summary>
internal static class ForeignKeys
{
    private const string BlockTypes =
        "say of each level what attention it has, as `attention: { levels: [none, full] }`, and how they resample, as `downsample: conv`";

    private const string ResampleByConvolution = "write `downsample: conv`, or `downsample: avg_pool` where it is false";
    private const string Betas = "the linear schedule's betas go from 1e-4 to 0.02; leave it out";
    private const string Training = "how a network is trained is no part of its spec but of TrainingOptions; leave it out";

    private const string OutChannels = "as many channels come out as go in, and with `learned_variance: true` as many again; leave it out";

    /// <summary>The advice follows "unknown key ...;". What stands between backticks can be pasted.</summary>
    public static readonly IReadOnlyDictionary<string, ForeignKey> ByName = new Dictionary<string, ForeignKey>(StringComparer.Ordinal)
    {
        // diffusers
        ["down_block_types"] = new(BlockTypes, "attention.levels", "downsample"),
        ["up_block_types"] = new(BlockTypes, "attention.levels", "upsample"),
        ["mid_block_type"] = new("write `attention: { mid: full }`, or `attention: { mid: none }`", "attention.mid"),
        ["add_attention"] = new("write `attention: { mid: full }`, or `attention: { mid: none }` where it is false", "attention.mid"),
        ["flip_sin_to_cos"] = new(
            "write `time_embedding: { order: cos_sin }`, or `time_embedding: { order: sin_cos }` where it is false",
            "time_embedding.order"),
        ["class_embed_type"] = new(
            "labels have a table of embeddings: write how many classes there are, as `num_classes: 10`", "num_classes"),
        ["downsample_padding"] = new("write `downsample: conv`, or `downsample: conv_asymmetric` where it is 0", "downsample"),
        ["center_input_sample"] = new("images are from -1 to 1 when the network gets them; leave it out"),
        ["mid_block_scale_factor"] = new("residual branches are added as they are; leave it out"),
        ["clip_sample"] = new("whether samples are clipped is said where they are drawn, in SamplingOptions.Clip; leave it out"),
        ["beta_start"] = new(Betas),
        ["beta_end"] = new(Betas),

        // denoising-diffusion-pytorch
        ["full_attn"] = new("say of each level what attention it has, as `attention: { levels: [linear, full] }`", "attention.levels"),
        ["learned_sinusoidal_cond"] = new("write `time_embedding: { type: learned_fourier }`", "time_embedding.type"),
        ["learned_sinusoidal_dim"] = new("an embedding of type fourier or learned_fourier has 16 features; leave it out"),
        ["random_fourier_features"] = new("write `time_embedding: { type: fourier }`", "time_embedding.type"),
        ["sampling_timesteps"] = new("how many steps a sampler takes is said where it is made, as new DdimSampler(50); leave it out"),
        ["auto_normalize"] = new("images are from -1 to 1; leave it out"),
        ["flash_attn"] = new("how attention is computed is left to PyTorch; leave it out"),
        ["out_dim"] = new(OutChannels),
        ["out_channels"] = new(OutChannels),
        ["out_ch"] = new(OutChannels),
        ["min_snr_loss_weight"] = new("write `diffusion: { loss_weight: min_snr }`", "diffusion.loss_weight"),

        // guided-diffusion, improved-diffusion
        ["resblock_updown"] = new("write `downsample: resblock` and `upsample: resblock`", "downsample", "upsample"),
        ["conv_resample"] = new(ResampleByConvolution, "downsample"),
        ["with_conv"] = new(ResampleByConvolution, "downsample"),
        ["resamp_with_conv"] = new(ResampleByConvolution, "downsample"),
        ["use_scale_shift_norm"] = new(
            "write `time_embedding: { conditioning: scale_shift }`, or `time_embedding: { conditioning: add }` where it is false",
            "time_embedding.conditioning"),
        ["dims"] = new("images here have two dimensions; leave it out"),
        ["predict_xstart"] = new("write `diffusion: { objective: x0 }`", "diffusion.objective"),

        ["attn"] = new("did you mean 'attention'?", "attention"),
        ["learning_rate"] = new(Training),
        ["lr"] = new(Training),
        ["batch_size"] = new(Training),
        ["ema_decay"] = new(Training),
        ["epochs"] = new(Training),
        ["optimizer"] = new(Training),
        ["seed"] = new(Training),
        ["use_fp16"] = new(Training),

        ["$schema"] = new(
            "name the schema in a comment, which editors read, with its path from this file: "
            + "# yaml-language-server: $schema=unet.schema.json"),
    };
}

/// <param name="Advice">What to do instead.</param>
/// <param name="StandsFor">The keys that say it here.</param>
internal sealed record ForeignKey(string Advice, params string[] StandsFor);
