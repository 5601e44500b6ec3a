using UNetGen.Generator.Common;

namespace UNetGen.Generator.Specs;

internal static partial class Fields
{
    /// <summary>The class, the images, the widths, and what residual blocks are made of.</summary>
    private static Field[] OfTheNetwork =>
    [
        new Field<string>("name", "The class's name.", new TextType("a C# class name", Names.FaultOfClass, Names.ClassPattern),
            s => s.Name, (s, v) => s with { Name = v })
        { DefaultInWords = "the file's name: TinyUNet for tiny.unet.yaml", Example = "\"MyUNet\"" },
        new Field<string>("namespace", "The class's namespace.",
            new TextType("a C# namespace", Names.FaultOfNamespace, Names.DottedPattern),
            s => s.Namespace, (s, v) => s with { Namespace = v })
        { DefaultInWords = "the project's root namespace", Example = "\"My.Models\"" },
        new Field<Preset>("preset", "The family, and with it every default.",
            new ChoiceType<Preset>()
                .AlsoKnownAs(Preset.Ddpm, "diffusers")
                .AlsoKnownAs(Preset.Adm, "guided_diffusion", "guided-diffusion", "improved_diffusion")
                .AlsoKnownAs(Preset.Lucidrains, "denoising_diffusion_pytorch", "denoising-diffusion-pytorch")
                .AlsoKnownAs(Preset.Conditional, "stable_diffusion", "stable-diffusion", "latent_diffusion"),
            s => s.Preset ?? default, (_, v) => Presets.Defaults(v))
        {
            Required = true,
            Details = "annotated: The Annotated Diffusion Model. lucidrains: denoising-diffusion-pytorch. "
                + "ddpm: Ho et al. 2020, as diffusers has it. adm: guided-diffusion (Dhariwal and Nichol 2021). "
                + "conditional: diffusers' UNet2DConditionModel, which is Stable Diffusion's U-Net (Rombach et al. 2022).",
        },
        new Field<ImageSize>("image_size", "Height and width of the images, pixels.", new ImageSizeType(SpecLimits.ImageSize),
            s => s.ImageSize, (s, v) => s with { ImageSize = v })
        {
            Required = true,
            Example = "32",
            AlsoKnownAs = ["sample_size", "resolution", "image_resolution", "img_resolution", "img_size"],
        },
        new Field<int>("channels", "Image channels, in and out.", new IntType(1, SpecLimits.Channels),
            s => s.Channels, (s, v) => s with { Channels = v })
        { Required = true, Example = "3", AlsoKnownAs = ["in_channels", "img_channels", "image_channels"] },
        new Field<int>("condition_channels", "Further channels that go in, behind those of the image, and aren't predicted.",
            new IntType(0, SpecLimits.Channels),
            s => s.ConditionChannels, (s, v) => s with { ConditionChannels = v })
        {
            Example = "3",
            Details = "For what a picture is made of: a small picture to enlarge, a picture with a hole and its mask.",
            ImpliedIf = s => s.ConditionChannels == 0,
            AlsoKnownAs = ["cond_channels", "conditioning_channels", "concat_channels"],
        },
        // Of two numbers that both count, the table has the second after the first.
        new Field<int>("out_channels", "Image channels out, where fewer come out than go in: the others are a condition.",
            new IntType(1, SpecLimits.Channels),
            s => s.Channels, (s, v) => s with { Channels = v, ConditionChannels = s.Channels - v })
        {
            DefaultInWords = "channels",
            Example = "3",
            Details = "channels: 9 and out_channels: 4 are channels: 4 and condition_channels: 5.",
            ImpliedIf = _ => true,
            AlsoKnownAs = ["out_ch", "out_dim"],
        },
        new Field<int>("dim", "The base width.", EvenWidth,
            s => s.Dim, (s, v) => s with { Dim = v })
        {
            Required = true,
            Example = "64",
            AlsoKnownAs =
                ["model_channels", "num_channels", "base_channels", "ch", "filters", "first_conv_channels", "base_dim", "nf", "ngf"],
        },
        new Field<EquatableArray<int>>("channel_multipliers", "One entry per level; the level's width is dim times the entry.",
            new ListType<int>(Multiplier, "a list of whole numbers from 1, one per level"),
            s => s.ChannelMultipliers, (s, v) => s with { ChannelMultipliers = v })
        {
            Required = true,
            Example = "\"[1, 2, 2]\"",
            AlsoKnownAs = ["dim_mults", "channel_mult", "channel_mults", "mults", "multipliers", "block_out_channels", "ch_mult"],
        },
        new Field<int>("time_emb_dim", "Width of the time embedding.", new IntType(1, SpecLimits.TimeEmbDim),
            s => s.TimeEmbDim, (s, v) => s with { GivenTimeEmbDim = v })
        {
            DefaultInWords = "4 * dim",
            Example = "256",
            AlsoKnownAs = ["time_embed_dim", "time_embedding_dim", "time_dim", "temb_ch", "temb_channels", "embedding_dims"],
        },
        new Field<int>("init_dim", "Width after the first convolution.", Width,
            s => s.InitDim, (s, v) => s with { GivenInitDim = v })
        { DefaultInWords = "dim; in preset adm the first level's width", Example = "64" },
        new Field<int>("init_kernel", "Kernel of the first convolution.", new OddIntType(31),
            s => s.InitKernel, (s, v) => s with { InitKernel = v }),
        new Field<EquatableArray<int>>("blocks_per_level", "Residual blocks per level, on the way down; on the way up it is one more.",
            BlocksPerLevel,
            s => Enumerable.Range(0, s.Levels).Select(s.BlocksAt).ToEquatableArray(), (s, v) => s with { GivenBlocksPerLevel = v })
        {
            DefaultInWords = "2",
            Example = "2",
            AlsoKnownAs = ["layers_per_block", "num_res_blocks", "num_blocks", "block_depth"],
            NarrowedBy = preset => InDenoisingDiffusion(preset, new FixedType<EquatableArray<int>>(
                BlocksPerLevel, new[] { 2 }.ToEquatableArray(), "is fixed by the presets annotated and lucidrains")),
        },
        new Field<Norm>("norm", "What normalises in residual blocks.",
            new ChoiceType<Norm>().AlsoKnownAs(Norm.Group, "group_norm", "GroupNorm", "gn").AlsoKnownAs(Norm.Rms, "rms_norm", "RMSNorm"),
            s => s.Norm, (s, v) => s with { Norm = v })
        {
            OnlyIf = Normalises,
            Details = "group: GroupNorm. rms: RMSNorm over the channels of each pixel.",
            NarrowedBy = preset => preset == Preset.Conditional
                ? new FixedType<Norm>(new ChoiceType<Norm>(), Norm.Group, "is fixed by the preset conditional")
                : null,
        },
        new Field<int>("groups", "Groups of the GroupNorms.", Width,
            s => s.Groups, (s, v) => s with { Groups = v })
        {
            AlsoKnownAs = ["resnet_block_groups", "norm_num_groups", "num_groups", "norm_groups"],
            OnlyWith = WithGroups,
            OnlyIf = new(s => s.Norm == Norm.Group, "norm: rms has no groups; leave it out, or say norm: group", "norm")
            {
                And = Normalises,
            },
        },
        new Field<double>("norm_eps", "Added to the variance by GroupNorms.", FloatType.Above(0),
            s => s.NormEps, (s, v) => s with { NormEps = v })
        {
            OnlyWith = WithGroups,
            OnlyIf = new(UsesNormEps, "there is no GroupNorm here; leave it out, or say norm: group", "preset", "norm"),
        },
        new Field<bool>("weight_standardization", "Whether residual blocks standardise their filters.", new BoolType(),
            s => s.WeightStandardization, (s, v) => s with { WeightStandardization = v })
        { OnlyIf = OwnBlocks },
        new Field<Activation>("activation", "The nonlinearity of residual blocks.",
            new ChoiceType<Activation>().AlsoKnownAs(Activation.Silu, "swish"),
            s => s.Activation, (s, v) => s with { Activation = v })
        { AlsoKnownAs = ["act_fn", "nonlinearity", "activation_fn"], OnlyIf = OwnBlocks },
        new Field<double>("dropout", "Probability, in residual blocks.", FloatType.Fraction,
            s => s.Dropout, (s, v) => s with { Dropout = v })
        { Example = "0.1", AlsoKnownAs = ["dropout_rate", "dropout_prob"], OnlyIf = OwnBlocks },
    ];

    /// <summary>How levels halve and double, what else goes in and comes out, and whose blocks compute it.</summary>
    private static Field[] OfResamplingAndConditions =>
    [
        new Field<DownsampleKind>("downsample", "How a level halves the image.",
            new ChoiceType<DownsampleKind>()
                .AlsoKnownAs(DownsampleKind.Resblock, "resnet")
                .AlsoKnownAs(DownsampleKind.Unshuffle, "pixel_unshuffle"),
            s => s.Downsample, (s, v) => s with { Downsample = v })
        {
            AlsoKnownAs = ["downsample_type"],
            Details = "unshuffle: each 2 x 2 pixels become channels. conv: 3 x 3, stride 2, padded all around. "
                + "conv_asymmetric: the same, padded right and below. avg_pool: the mean of 2 x 2. "
                + "resblock: the mean, in a residual block.",
            OnlyIf = Halves,
            NarrowedBy = preset => InDenoisingDiffusion(
                preset, new ChoiceType<DownsampleKind>(DownsampleKind.Resblock).Without("resblock", PreActivationOnly)),
        },
        new Field<UpsampleKind>("upsample", "How a level doubles the image.",
            new ChoiceType<UpsampleKind>()
                .AlsoKnownAs(UpsampleKind.Resblock, "resnet")
                .AlsoKnownAs(UpsampleKind.NearestConv, "conv", "nearest"),
            s => s.Upsample, (s, v) => s with { Upsample = v })
        {
            AlsoKnownAs = ["upsample_type"],
            Details = "nearest_conv: each pixel four times, then 3 x 3. conv_transpose: 4 x 4, stride 2. "
                + "resblock: each pixel four times, in a residual block.",
            OnlyIf = Halves,
            NarrowedBy = preset => InDenoisingDiffusion(
                preset, new ChoiceType<UpsampleKind>(UpsampleKind.Resblock).Without("resblock", PreActivationOnly)),
        },
        new Field<bool>("self_condition", "Whether the network sees its previous estimate of the clean image.", new BoolType(),
            s => s.SelfCondition, (s, v) => s with { SelfCondition = v })
        { AlsoKnownAs = ["self_conditioning", "self_cond"] },
        new Field<bool>("zero_init", "The last convolution of each residual branch and of the network starts at 0.", new BoolType(),
            s => s.ZeroInit, (s, v) => s with { ZeroInit = v }),
        new Field<bool>("learned_variance", "Whether the network predicts the variance too, in as many channels again.", new BoolType(),
            s => s.LearnedVariance, (s, v) => s with { LearnedVariance = v })
        { AlsoKnownAs = ["learn_sigma", "learned_sigma"] },
        new Field<int>("num_classes", "Classes whose labels the network takes; null: none.",
            new OrNullType<int>(new IntType(1, SpecLimits.Classes), none: 0),
            s => s.NumClasses ?? 0, (s, v) => s with { NumClasses = v == 0 ? null : v })
        { AlsoKnownAs = ["class_cond", "num_class_embeds", "label_dim"], Example = "10" },
        new Field<int>("context_dim", "Width of the context's tokens, to which attention cross attends.", Width,
            s => s.TokenDim, (s, v) => s with { TokenDim = v })
        {
            Details = "The network takes a context then, [batch, tokens, context_dim]: in Stable Diffusion 1 what CLIP makes of a text, 77 "
                + "tokens of 768.",
            OnlyIn = [Preset.Conditional],
            OnlyIf = AttendsToContext,
            AlsoKnownAs = ["cross_attention_dim", "cross_attn_dim"],
        },
        new Field<string>(
            "blocks.resnet",
            "Your own residual block, a C# type with its namespace; its constructor takes (dim, dimOut, timeEmbDim), "
            + "its forward (x, timeEmb). null: the family's, where a base says otherwise.",
            new OrNullType<string>(new TextType("a C# type, as My.Namespace.MyBlock", Names.FaultOfType, Names.DottedPattern), none: ""),
            s => s.ResnetBlock ?? "", (s, v) => s with { ResnetBlock = v.Length == 0 ? null : v })
        { DefaultInWords = "the family's", Example = "\"My.Blocks.MyBlock\"", ImpliedIf = s => s.ResnetBlock is null },
        new Field<KernelForm>("kernels", "How the network computes; weights and checkpoints are the same.", new ChoiceType<KernelForm>(),
            s => s.Kernels, (s, v) => s with { Kernels = v })
        {
            Details = "fast: in the fastest form there is. "
                + "reference: operation by operation, as in the papers and reference implementations.",
        },
        new Field<string>("extends", "Another spec whose keys are the defaults.",
            new TextType("a path to another *.unet.yaml, from this file's folder", _ => null),
            _ => "", (s, _) => s)
        {
            DefaultInWords = "none",
            Example = "\"base.unet.yaml\"",
            ImpliedIf = _ => true,
            AlsoKnownAs = ["base", "inherits", "parent"],
        },
    ];
}
