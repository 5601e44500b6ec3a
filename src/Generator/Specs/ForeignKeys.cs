using System.Globalization;
using UNetGen.Generator.Common;
using UNetGen.Generator.Yaml;

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
    private const string Betas = "betas are those of a schedule, as `diffusion: { schedule: linear }`; leave it out";

    private const string ZeroSnr =
        "write `diffusion: { objective: v, schedule_rescale: zero_terminal_snr }`, or leave it out where it is false";

    private const string Training = "how a network is trained is no part of its spec but of TrainingOptions; leave it out";
    private const string Checkpointing =
        "whether blocks compute again in the backward pass is no part of a spec but TrainingOptions.GradientCheckpointing; leave it out";
    private const string Spacing = "which steps a sampler takes is said where it is made, as new DdimSampler(50); leave it out";
    private const string Clipping =
        "estimates are clipped to [-1, 1], unless the spec says `diffusion: { clip_sample: false }`; leave it out";

    private const string NotPooled =
        "a network here is conditioned on classes, as `num_classes: 10`, and in preset conditional on a context; leave it out";
    private const string NoProjection = "the context goes into the transformers as it is, and 'context_dim' is its width; leave it out";
    private const string BothAttentions = "transformers attend to the pixels and to the context, one after the other; leave it out";
    private const string DiffusersFile =
        "this is a configuration of diffusers: the command import makes a spec and weights of its folder (docs/exchange.md); else leave it "
        + "out, and each key that is another here says so";

    private const string Resampling = "how levels resample is said by `downsample: conv` and `upsample: nearest_conv`; leave it out";

    private const string Blocks =
        "each entry of 'channel_multipliers' is a level, and its residual blocks are counted by `blocks_per_level: 2`";

    private const string LabelDropout =
        "how often labels are left out while training is said by TrainingOptions.LabelDropout; leave it out";

    private const string OfMinSnr = "write `diffusion: { loss_weight: min_snr }`, which weighs timesteps to the same end, or leave it out";

    private const string VarianceLoss =
        "with `learned_variance: true` the loss is the hybrid one of Nichol and Dhariwal 2021, else the mean of squares; leave it out";

    /// <summary>Keys whose value, where it is a list, has the width of each level, which is here a multiple of dim.</summary>
    private static readonly string[] Widths = ["block_out_channels", "num_channels", "widths", "filters", "hidden_dims"];

    /// <summary>What to say of a key, or null where it is none of another project that there is more to say of.</summary>
    public static ForeignKey? Find(string key, YamlNode value) =>
        Widths.Contains(key) && value is YamlSequence widths ? OfWidths(widths) : ByName.TryGetValue(key, out var known) ? known : null;

    /// <summary>The advice follows "unknown key ...;". What stands between backticks can be pasted.</summary>
    public static readonly IReadOnlyDictionary<string, ForeignKey> ByName = new Dictionary<string, ForeignKey>(StringComparer.Ordinal)
    {
        // diffusers
        ["_class_name"] = new(DiffusersFile),
        ["_diffusers_version"] = new(DiffusersFile),
        ["_name_or_path"] = new(DiffusersFile),
        ["encoder_hid_dim"] = new(NoProjection),
        ["encoder_hid_dim_type"] = new(NoProjection),
        ["only_cross_attention"] = new(BothAttentions),
        ["dual_cross_attention"] = new(BothAttentions),
        ["addition_embed_type"] = new(NotPooled),
        ["addition_time_embed_dim"] = new(NotPooled),
        ["projection_class_embeddings_input_dim"] = new(NotPooled),
        ["upcast_attention"] = new("how attention is computed is said by precision where a network runs; leave it out"),
        ["attention_head_dim"] = new(
            "in a UNet2DModel it is the features of a head, `attention: { head_dim: 8 }`, and in a UNet2DConditionModel the number of "
            + "heads, `attention: { heads: 8 }`",
            "attention.heads", "attention.head_dim"),
        ["attn_norm_num_groups"] = new("attention is normalised by as many groups as all else, which 'groups' says; leave it out"),
        ["trained_betas"] = new(Betas),
        ["rescale_betas_zero_snr"] = new(ZeroSnr, "diffusion.schedule_rescale"),
        ["timestep_spacing"] = new(Spacing),
        ["steps_offset"] = new(Spacing),
        ["set_alpha_to_one"] = new("the last step of a sampler leads to the clean image; leave it out"),
        ["thresholding"] = new(Clipping),
        ["clip_sample_range"] = new(Clipping),
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

        // denoising-diffusion-pytorch
        ["full_attn"] = new("say of each level what attention it has, as `attention: { levels: [linear, full] }`", "attention.levels"),
        ["learned_sinusoidal_cond"] = new("write `time_embedding: { type: learned_fourier }`", "time_embedding.type"),
        ["learned_sinusoidal_dim"] = new("an embedding of type fourier or learned_fourier has 16 features; leave it out"),
        ["random_fourier_features"] = new("write `time_embedding: { type: fourier }`", "time_embedding.type"),
        ["sampling_timesteps"] = new("how many steps a sampler takes is said where it is made, as new DdimSampler(50); leave it out"),
        ["auto_normalize"] = new("images are from -1 to 1; leave it out"),
        ["flash_attn"] = new("how attention is computed is left to PyTorch; leave it out"),
        ["offset_noise_strength"] = new("it is said where a network is trained, in TrainingOptions.OffsetNoise; leave it out"),
        ["ddim_sampling_eta"] = new("it is said where the sampler is made, as new DdimSampler(50, eta: 0.5); leave it out"),
        ["cond_drop_prob"] = new(LabelDropout),
        ["loss_type"] = new("the loss is the mean of squares, and another is code of your own (docs/csharp.md); leave it out"),
        ["p2_loss_weight_gamma"] = new(OfMinSnr, "diffusion.loss_weight"),
        ["p2_loss_weight_k"] = new(OfMinSnr, "diffusion.loss_weight"),
        ["schedule_fn_kwargs"] = new("the curves of schedules have no parameters; leave it out"),
        ["train_lr"] = new(Training),
        ["train_batch_size"] = new(Training),
        ["train_num_steps"] = new(Training),
        ["gradient_accumulate_every"] = new(Training),
        ["amp"] = new(Training),
        ["min_snr_loss_weight"] = new("write `diffusion: { loss_weight: min_snr }`", "diffusion.loss_weight"),

        // guided-diffusion, improved-diffusion
        ["resblock_updown"] = new("write `downsample: resblock` and `upsample: resblock`", "downsample", "upsample"),
        ["conv_resample"] = new(ResampleByConvolution, "downsample"),
        ["with_conv"] = new(ResampleByConvolution, "downsample"),
        ["resamp_with_conv"] = new(ResampleByConvolution, "downsample"),
        ["use_scale_shift_norm"] = new(
            "write `time_embedding: { conditioning: scale_shift }`, or `time_embedding: { conditioning: add }` where it is false",
            "time_embedding.conditioning"),
        ["use_checkpoint"] = new(Checkpointing),
        ["gradient_checkpointing"] = new(Checkpointing),
        ["rescale_timesteps"] = new("timesteps go into the network as they are, from 0; leave it out"),
        ["use_kl"] = new(VarianceLoss),
        ["rescale_learned_sigmas"] = new(VarianceLoss),
        ["sigma_small"] = new(
            "write `diffusion: { variance: fixed_small }`, or `diffusion: { variance: fixed_large }` where it is false",
            "diffusion.variance"),
        ["num_heads_upsample"] = new("both ways have the same heads, those of `attention: { heads: 4 }`; leave it out"),
        ["timestep_respacing"] = new(Spacing),
        ["schedule_sampler"] = new(Training),
        ["ema_rate"] = new(Training),
        ["weight_decay"] = new(Training),
        ["lr_anneal_steps"] = new(Training),
        ["microbatch"] = new(Training),
        ["dims"] = new("images here have two dimensions; leave it out"),
        ["predict_xstart"] = new("write `diffusion: { objective: x0 }`", "diffusion.objective"),

        // EDM
        ["channel_mult_emb"] = new("write the width itself, dim times it, as `time_emb_dim: 128`", "time_emb_dim"),
        ["channel_mult_noise"] = new("the sinusoid of the timestep is dim wide; leave it out"),
        ["label_dropout"] = new(LabelDropout),
        ["augment_dim"] = new("a network isn't told how images were changed for training; leave it out"),
        ["resample_filter"] = new(Resampling),

        // Keras's examples
        ["layers"] = new(Blocks, "blocks_per_level"),
        ["num_layers"] = new(Blocks, "blocks_per_level"),
        ["has_attention"] = new(
            "say of each level what attention it has, as `attention: { levels: [none, full] }`", "attention.levels"),
        ["input_shape"] = new("write height and width as 'image_size', and how many channels as 'channels'", "image_size", "channels"),
        ["kernel_size"] = new("convolutions are 3 x 3; the first one's kernel is said by `init_kernel: 3`"),
        ["strides"] = new(Resampling),
        ["batch_norm"] = new("write `norm: group`, or `norm: rms`: batches aren't normalised here", "norm"),

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

    private static YamlScalar Plain(int number) => new(default, number.ToString(CultureInfo.InvariantCulture), IsPlain: true);

    private static ForeignKey OfWidths(YamlSequence widths)
    {
        const string form = "a level is dim times its multiplier wide: ";
        var numbers = widths.Items
            .Select(item => item is YamlScalar { IsPlain: true } scalar && int.TryParse(scalar.Value, out var number) ? number : 0)
            .ToList();
        if (numbers.Count is 0 or > SpecLimits.Levels || numbers.Any(number => number is < 1 or > SpecLimits.Width))
            return new(form + "write 'dim', and each width as a multiple of it in 'channel_multipliers'", "dim", "channel_multipliers");
        var first = numbers[0];
        var dim = numbers.Aggregate(Divisors.GreatestCommon);
        return dim < SpecLimits.LeastDim || dim % 2 != 0
            ? new($"{form}no even dim from {SpecLimits.LeastDim} divides all of these", "dim", "channel_multipliers")
            : dim == first ? Written(dim, "write ", "")
            : Written(dim, $"{numbers.First(number => number % first != 0)} is no multiple of {first}, but ",
                $" have these widths, with `init_dim: {first}` the first convolution too; the embedding of the timesteps is narrower");

        ForeignKey Written(int dim, string before, string after)
        {
            var multiples = numbers.Select(number => number / dim).ToList();
            var multipliers = $"[{string.Join(", ", multiples)}]";
            return new ForeignKey($"{before}`dim: {dim}` and `channel_multipliers: {multipliers}`{after}", "dim", "channel_multipliers")
            {
                Meant =
                [
                    ("dim", Plain(dim)),
                    ("channel_multipliers", widths with { Items = multiples.Select(Plain).ToEquatableArray<YamlNode>() }),
                ],
            };
        }
    }
}

/// <param name="Advice">What to do instead.</param>
/// <param name="StandsFor">The keys that say it here.</param>
internal sealed record ForeignKey(string Advice, params string[] StandsFor)
{
    /// <summary>What it would be here, where that follows from its value.</summary>
    public IReadOnlyList<(string Key, YamlNode Value)> Meant { get; init; } = [];
}
