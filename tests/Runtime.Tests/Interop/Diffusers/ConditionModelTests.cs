using System.Text.Json;
using System.Text.Json.Nodes;
using UNetGen.Interop.Diffusers;
using UNetGen.Runtime.Tests.Golden;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>Folders of diffusers with a UNet2DConditionModel: what means what, and what is refused.</summary>
public sealed class ConditionModelTests : IDisposable
{
    /// <summary>The arguments of UNet2DConditionModel's constructor, diffusers 0.40.0.</summary>
    private static readonly string[] Arguments =
    [
        "sample_size", "in_channels", "out_channels", "center_input_sample", "flip_sin_to_cos", "freq_shift", "down_block_types",
        "mid_block_type", "up_block_types", "only_cross_attention", "block_out_channels", "layers_per_block", "downsample_padding",
        "mid_block_scale_factor", "dropout", "act_fn", "norm_num_groups", "norm_eps", "cross_attention_dim",
        "transformer_layers_per_block", "reverse_transformer_layers_per_block", "encoder_hid_dim", "encoder_hid_dim_type",
        "attention_head_dim", "num_attention_heads", "dual_cross_attention", "use_linear_projection", "class_embed_type",
        "addition_embed_type", "addition_time_embed_dim", "num_class_embeds", "upcast_attention", "resnet_time_scale_shift",
        "resnet_skip_time_act", "resnet_out_scale_factor", "time_embedding_type", "time_embedding_dim", "time_embedding_act_fn",
        "timestep_post_act", "time_cond_proj_dim", "conv_in_kernel", "conv_out_kernel", "projection_class_embeddings_input_dim",
        "attention_type", "class_embeddings_concat", "mid_block_only_cross_attention", "cross_attention_norm",
        "addition_embed_type_num_heads",
    ];

    private const string Scheduler = """
        {"_class_name": "DDIMScheduler", "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear", "clip_sample": false,
         "num_train_timesteps": 1000, "set_alpha_to_one": false, "steps_offset": 1, "trained_betas": null}
        """;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Tiny => ["cond_sd1_tiny", "cond_sd2_tiny", "cond_inpaint_tiny"];

    [Theory]
    [MemberData(nameof(Tiny))]
    public void The_settings_of_a_golden_case_are_its_network(string name)
    {
        var settings = GoldenFile.Read($"{name}.json").GetProperty("settings");
        var spec = Spec(settings, """{"_class_name": "DDPMScheduler"}""");
        Assert.Equal(Body(DiffusersRoundTripTests.ImportedSpec(name)), Body(spec));
    }

    [Fact]
    public void Every_argument_is_spelled_out_and_no_other()
    {
        using var network = new ExchangeConditionalUNet();
        DiffusersFolder.Save(folder.File("exported"), network);
        var config = DiffusersFiles.Read(folder.File("exported"), "unet", "config.json");
        Assert.Equal(["_class_name", "_diffusers_version", .. Arguments], config.Select(pair => pair.Key));
        Assert.Equal("UNet2DConditionModel", (string?)config["_class_name"]);
        Assert.Equal("[2,4,4]", config["attention_head_dim"]!.ToJsonString());
        Assert.Equal("[2,1,3]", config["transformer_layers_per_block"]!.ToJsonString());
        Assert.Equal((5, 2), ((int)config["in_channels"]!, (int)config["out_channels"]!));
        // A pipeline needs an autoencoder and a text encoder as well.
        Assert.False(File.Exists(folder.File("exported/model_index.json")));
    }

    [Theory]
    [MemberData(nameof(Published))]
    public void Published_configurations_are_the_published_specs(int index)
    {
        var network = GoldenFile.Read("published_conditional.json")[index];
        var text = Spec(network.GetProperty("settings"), Scheduler);
        var width = network.GetProperty("settings").GetProperty("cross_attention_dim").GetInt32();
        var spec = network.GetProperty("spec").GetString()!;
        foreach (var key in (string[])["image_size", "dim", "channel_multipliers"])
            Assert.Contains(spec.Split('\n').Single(line => line.StartsWith($"{key}: ", StringComparison.Ordinal)), text);
        Assert.Equal(width != 768, text.Contains($"\ncontext_dim: {width}\n", StringComparison.Ordinal));
        Assert.Equal(spec.Contains("out_channels"), text.Contains("\nchannels: 4\ncondition_channels: 5\n", StringComparison.Ordinal));
        Assert.Equal(spec.Contains("head_dim: 64"), text.Contains("head_dim: 64", StringComparison.Ordinal));
        Assert.Equal(spec.Contains("layers: [1, 2, 10]"), text.Contains("layers: [1, 2, 10]", StringComparison.Ordinal));
        Assert.Contains("diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, clip_sample: false }", text);
    }

    public static TheoryData<int> Published => [0, 1, 2, 3, 4];

    [Theory]
    [InlineData("""{"attention_head_dim": 4}""", "attention: { heads: 4 }")]
    [InlineData("""{"attention_head_dim": [2, 2]}""", "attention: { heads: 2 }")]
    [InlineData("""{"attention_head_dim": [2, 4]}""", "attention: { head_dim: 16 }")]
    [InlineData("""{"transformer_layers_per_block": 2}""", "attention: { heads: 2, layers: 2 }")]
    [InlineData("""{"transformer_layers_per_block": [1, 2]}""", "attention: { heads: 2, layers: [1, 2] }")]
    [InlineData("""{"use_linear_projection": true}""", "attention: { heads: 2, linear_projection: true }")]
    [InlineData("""{"upcast_attention": true}""", "attention: { heads: 2 }")]
    [InlineData("""{"cross_attention_dim": 768}""", "attention: { heads: 2 }")]
    [InlineData("""{"cross_attention_dim": [24, 24]}""", "context_dim: 24")]
    [InlineData("""{"layers_per_block": [1, 1]}""", "blocks_per_level: 1")]
    [InlineData("""{"in_channels": 9}""", "condition_channels: 5")]
    [InlineData("""{"downsample_padding": 0}""", "downsample: conv_asymmetric")]
    [InlineData("""{"sample_size": [8, 16]}""", "image_size: [8, 16]")]
    [InlineData("""{"act_fn": "swish"}""", "attention: { heads: 2 }")]
    public void A_setting_has_its_key(string changes, string line) =>
        Assert.Contains($"\n{line}\n", $"\n{Spec(Changed(changes), Scheduler)}", StringComparison.Ordinal);

    [Theory]
    [InlineData("""{"addition_embed_type": "text_time"}""", "a network here is conditioned on classes and a context alone")]
    [InlineData("""{"dual_cross_attention": true}""", "there is one context")]
    [InlineData("""{"only_cross_attention": true}""", "pixels attend to one another as well")]
    [InlineData("""{"only_cross_attention": [true, false]}""", "pixels attend to one another as well")]
    [InlineData("""{"only_cross_attention": [1, 0]}""", "it should be ")]
    [InlineData("""{"num_attention_heads": 8}""", "diffusers itself refuses it")]
    [InlineData("""{"encoder_hid_dim": 4096}""", "the context goes into the transformers as it is")]
    [InlineData("""{"class_embed_type": "projection"}""", "classes have a learned embedding here")]
    [InlineData("""{"mid_block_type": "UNetMidBlock2D"}""", "the middle has two residual blocks and a transformer here")]
    [InlineData("""{"mid_block_type": null}""", "the middle has two residual blocks and a transformer here")]
    [InlineData("""{"act_fn": "gelu"}""", "these have SiLU here")]
    [InlineData("""{"attention_head_dim": [2, 8]}""", "it is the number of heads")]
    [InlineData("""{"attention_head_dim": 3}""", "channels can't be shared out to 3 heads")]
    [InlineData("""{"attention_head_dim": [2]}""", "as many of them as there are levels, 2")]
    [InlineData("""{"layers_per_block": [1, 2]}""", "one number for all levels is known here")]
    [InlineData("""{"cross_attention_dim": [24, 32]}""", "there is one context, of one width")]
    [InlineData("""{"transformer_layers_per_block": [[1, 2], 1]}""", "it should be a list of whole numbers")]
    [InlineData("""{"transformer_layers_per_block": 65}""", "at most 64 are known here")]
    [InlineData("""{"out_channels": 5}""", "those that are predicted go in first")]
    [InlineData("""{"down_block_types": ["SimpleCrossAttnDownBlock2D", "DownBlock2D"]}""", "SimpleCrossAttnDownBlock2D isn't known here")]
    [InlineData("""{"up_block_types": ["CrossAttnUpBlock2D", "UpBlock2D"]}""", "a level has attention on both ways or on none")]
    [InlineData("""{"time_cond_proj_dim": 256}""", "guidance is no input of a network here")]
    [InlineData("""{"conv_in_kernel": 5}""", "the first convolution is 3 x 3")]
    [InlineData("""{"resnet_skip_time_act": true}""", "time has its activation in each residual block here")]
    [InlineData("""{"colours": 3}""", "a setting that isn't known here")]
    public void A_setting_that_cannot_be_said_here_is_refused_by_its_reason(string changes, string reason)
    {
        var error = Assert.Throws<DiffusersException>(() => Spec(Changed(changes), Scheduler));
        Assert.Contains(reason, error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("PNDMScheduler", "", "diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, clip_sample: false }")]
    [InlineData("DDIMScheduler", "", "diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012 }")]
    [InlineData("PNDMScheduler", "\"skip_prk_steps\": true, \"prediction_type\": \"v_prediction\",",
        "diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012, objective: v, clip_sample: false }")]
    public void Stable_Diffusions_schedulers_say_what_it_was_trained_for(string scheduler, string more, string line) => Assert.Contains(
        line,
        Spec(Changed("{}"), $$"""
            {"_class_name": "{{scheduler}}", {{more}} "beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear",
             "num_train_timesteps": 1000, "set_alpha_to_one": false, "steps_offset": 1}
            """), StringComparison.Ordinal);

    [Fact]
    public void Of_a_pipeline_with_an_autoencoder_its_unet_is_read_also_by_its_own_folder()
    {
        Write("unet/config.json", Changed("{}").ToJsonString());
        Write("scheduler/scheduler_config.json", Scheduler);
        Write("model_index.json", """
            {"_class_name": "StableDiffusionPipeline", "feature_extractor": ["transformers", "CLIPImageProcessor"], "requires_safety_checker": true,
             "safety_checker": [null, null], "scheduler": ["diffusers", "DDIMScheduler"], "text_encoder": ["transformers", "CLIPTextModel"],
             "tokenizer": ["transformers", "CLIPTokenizer"], "unet": ["diffusers", "UNet2DConditionModel"], "vae": ["diffusers", "AutoencoderKL"]}
            """);
        var whole = DiffusersFolder.Open(folder.Path).SpecYaml();
        Assert.Equal(Body(whole), Body(DiffusersFolder.Open(folder.File("unet")).SpecYaml()));
        Write("model_index.json", """{"_class_name": "Pipeline", "controlnet": ["diffusers", "ControlNetModel"]}""");
        Assert.Contains(
            "controlnet", Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.Path)).Message, StringComparison.Ordinal);
    }

    private static JsonObject Changed(string changes)
    {
        var config = JsonNode.Parse(GoldenFile.Read("cond_sd1_tiny.json").GetProperty("settings").GetRawText())!.AsObject();
        // Both levels attend, so that what is said of them counts.
        DiffusersFiles.Set(config, """
            {"down_block_types": ["CrossAttnDownBlock2D", "CrossAttnDownBlock2D"],
             "up_block_types": ["CrossAttnUpBlock2D", "CrossAttnUpBlock2D"], "_class_name": "UNet2DConditionModel"}
            """);
        DiffusersFiles.Set(config, changes);
        return config;
    }

    private string Spec(JsonElement settings, string scheduler)
    {
        var config = JsonNode.Parse(settings.GetRawText())!.AsObject();
        config["_class_name"] = "UNet2DConditionModel";
        return Spec(config, scheduler);
    }

    private string Spec(JsonObject config, string scheduler)
    {
        Write("config.json", config.ToJsonString());
        Write("scheduler_config.json", scheduler);
        // Levels that all attend are away from the default, and say so.
        return DiffusersFolder.Open(folder.Path).SpecYaml().Replace("levels: [cross, cross], ", "", StringComparison.Ordinal);
    }

    private void Write(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(folder.File(path))!);
        File.WriteAllText(folder.File(path), text);
    }

    private static string Body(string spec) => spec[(spec.IndexOf('\n') + 1)..];
}
