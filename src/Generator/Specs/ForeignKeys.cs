namespace UNetGen.Generator.Specs;

/// <summary>Keys of other projects that no one key here stands for, and what to write instead. Those with a counterpart are in <see cref="Fields"/>.</summary>
internal static class ForeignKeys
{
    private const string BlockTypes = "say of each level what attention it has, as `attention: { levels: [none, full] }`, and how they resample, as `downsample: conv`";
    private const string ResampleByConvolution = "write `downsample: conv`, or `downsample: avg_pool` where it is false";
    private const string Betas = "the linear schedule's betas go from 1e-4 to 0.02; leave it out";
    private const string Training = "how a network is trained is no part of its spec but of TrainingOptions; leave it out";

    private const string OutChannels = "as many channels come out as go in, and with `learned_variance: true` as many again; leave it out";

    /// <summary>What follows "unknown key ...;". What stands between backticks can be pasted.</summary>
    public static readonly IReadOnlyDictionary<string, string> Advice = new Dictionary<string, string>(StringComparer.Ordinal)
    {
        // diffusers
        ["down_block_types"] = BlockTypes,
        ["up_block_types"] = BlockTypes,
        ["mid_block_type"] = "write `attention: { mid: full }`, or `attention: { mid: none }`",
        ["add_attention"] = "write `attention: { mid: full }`, or `attention: { mid: none }` where it is false",
        ["flip_sin_to_cos"] = "write `time_embedding: { order: cos_sin }`, or `time_embedding: { order: sin_cos }` where it is false",
        ["beta_start"] = Betas,
        ["beta_end"] = Betas,

        // denoising-diffusion-pytorch
        ["full_attn"] = "say of each level what attention it has, as `attention: { levels: [linear, full] }`",
        ["learned_sinusoidal_cond"] = "write `time_embedding: { type: learned_fourier }`",
        ["random_fourier_features"] = "write `time_embedding: { type: fourier }`",
        ["out_dim"] = OutChannels,
        ["out_channels"] = OutChannels,
        ["min_snr_loss_weight"] = "write `diffusion: { loss_weight: min_snr }`",

        // guided-diffusion, improved-diffusion
        ["resblock_updown"] = "write `downsample: resblock` and `upsample: resblock`",
        ["conv_resample"] = ResampleByConvolution,
        ["resamp_with_conv"] = ResampleByConvolution,
        ["use_scale_shift_norm"] = "write `time_embedding: { conditioning: scale_shift }`, or `time_embedding: { conditioning: add }` where it is false",
        ["dims"] = "images here have two dimensions; leave it out",
        ["predict_xstart"] = "write `diffusion: { objective: x0 }`",

        ["learning_rate"] = Training,
        ["lr"] = Training,
        ["batch_size"] = Training,
        ["ema_decay"] = Training,
        ["epochs"] = Training,
        ["optimizer"] = Training,
        ["seed"] = Training,
        ["use_fp16"] = Training,

        ["$schema"] = "name the schema in a comment, which editors read, with its path from this file: # yaml-language-server: $schema=unet.schema.json",
    };
}
