using System.Text.Json.Nodes;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>What is written for diffusers, and what can't be.</summary>
public sealed class DiffusersExportTests : IDisposable
{
    /// <summary>The arguments of UNet2DModel's constructor, diffusers 0.40.0.</summary>
    private static readonly string[] UNetArguments =
    [
        "sample_size", "in_channels", "out_channels", "center_input_sample", "time_embedding_type", "time_embedding_dim", "freq_shift",
        "flip_sin_to_cos", "down_block_types",
        "mid_block_type", "up_block_types", "block_out_channels", "layers_per_block", "mid_block_scale_factor", "downsample_padding",
        "downsample_type", "upsample_type", "dropout",
        "act_fn", "attention_head_dim", "norm_num_groups", "attn_norm_num_groups", "norm_eps", "resnet_time_scale_shift", "add_attention",
        "class_embed_type", "num_class_embeds",
        "num_train_timesteps",
    ];

    /// <summary>The arguments of DDPMScheduler's constructor, diffusers 0.40.0.</summary>
    private static readonly string[] SchedulerArguments =
    [
        "num_train_timesteps", "beta_start", "beta_end", "beta_schedule", "trained_betas", "variance_type", "clip_sample",
        "prediction_type", "thresholding",
        "dynamic_thresholding_ratio", "clip_sample_range", "sample_max_value", "timestep_spacing", "steps_offset", "rescale_betas_zero_snr",
    ];

    /// <summary>Those of FlowMatchEulerDiscreteScheduler's, diffusers 0.40.0.dev0.</summary>
    private static readonly string[] FlowArguments =
    [
        "num_train_timesteps", "shift", "use_dynamic_shifting", "base_shift", "max_shift", "base_image_seq_len", "max_image_seq_len",
        "invert_sigmas", "shift_terminal", "use_karras_sigmas", "use_exponential_sigmas", "use_beta_sigmas", "time_shift_type",
        "stochastic_sampling",
    ];

    /// <summary>Those of EDMEulerScheduler's.</summary>
    private static readonly string[] EdmArguments =
    [
        "sigma_min", "sigma_max", "sigma_data", "sigma_schedule", "num_train_timesteps", "prediction_type", "rho", "final_sigmas_type",
    ];

    private readonly TemporaryFolder temporary = new();

    private string Folder => temporary.File("exported");

    public void Dispose() => temporary.Dispose();

    [Fact]
    public void Every_argument_of_model_and_scheduler_is_spelled_out_and_no_other()
    {
        Export(new ExchangeManyKeysUNet());
        Assert.Equal(["_class_name", "_diffusers_version", .. UNetArguments], Config.Select(pair => pair.Key));
        Assert.Equal(["_class_name", "_diffusers_version", .. SchedulerArguments], Scheduler.Select(pair => pair.Key));
        Assert.Equal("DDPMPipeline", (string?)DiffusersFiles.Read(Folder, "model_index.json")["_class_name"]);
    }

    [Fact]
    public void A_flow_is_for_the_pipeline_too_with_a_scheduler_of_its_own()
    {
        Export(new ExchangeFlowUNet());
        Assert.Equal(["_class_name", "_diffusers_version", .. FlowArguments], Scheduler.Select(pair => pair.Key));
        AssertSettings(Scheduler, """{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3}""");
        var pipeline = DiffusersFiles.Read(Folder, "model_index.json");
        AssertSettings(
            pipeline, """{"_class_name": "DDPMPipeline", "scheduler": ["diffusers", "FlowMatchEulerDiscreteScheduler"]}""");
    }

    [Fact]
    public void Edm_has_model_and_scheduler_and_no_pipeline_which_would_not_scale_what_it_is_given()
    {
        Export(new ExchangeEdmUNet());
        Assert.Equal(["_class_name", "_diffusers_version", .. EdmArguments], Scheduler.Select(pair => pair.Key));
        AssertSettings(
            Scheduler,
            """{"_class_name": "EDMEulerScheduler", "sigma_min": 0.01, "sigma_max": 50.5, "sigma_data": 1, "prediction_type": "epsilon"}""");
        Assert.Equal(["scheduler", "unet"], Directory.GetFileSystemEntries(Folder).Select(Path.GetFileName).Order());
    }

    [Fact]
    public void The_published_network_gets_the_settings_it_is_published_with()
    {
        Export(new SpecOnlyNetwork(ImportedCifar10UNet.Description, new() { Variance = Variance.FixedLarge }));
        foreach (
            var (published, written) in new[] { (DiffusersFiles.Cifar10Config(), Config), (DiffusersFiles.Cifar10Scheduler(), Scheduler) })
            Assert.All(
                published.Where(pair => pair.Key != "_diffusers_version"),
                pair => Assert.True(JsonNode.DeepEquals(pair.Value, written[pair.Key]), $"{pair.Key}: {written[pair.Key]}"));
    }

    [Fact]
    public void Settings_that_the_published_network_lacks_are_those_of_the_spec()
    {
        Export(new ExchangeManyKeysUNet());
        AssertSettings(Config, """
            {
              "sample_size": [8, 12], "in_channels": 3, "out_channels": 6, "time_embedding_dim": 24, "freq_shift": 0, "flip_sin_to_cos": true,
              "down_block_types": ["AttnDownBlock2D", "ResnetDownsampleBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "ResnetUpsampleBlock2D", "AttnUpBlock2D"],
              "block_out_channels": [8, 16, 16], "layers_per_block": 1, "downsample_type": "resnet", "upsample_type": "resnet", "dropout": 0.1, "act_fn": "mish",
              "attention_head_dim": 4, "norm_num_groups": 4, "attn_norm_num_groups": 4, "norm_eps": 1e-05, "resnet_time_scale_shift": "scale_shift", "add_attention": true, "num_class_embeds": 3
            }
            """);
        AssertSettings(Scheduler, """
            {"num_train_timesteps": 500, "beta_start": 0.0001, "beta_end": 0.02, "beta_schedule": "linear", "prediction_type": "sample", "variance_type": "learned_range"}
            """);
    }

    [Fact]
    public void Scaled_betas_are_written_as_their_ends()
    {
        Export(new ExchangeOneLevelUNet());
        AssertSettings(Config, """{"add_attention": false, "down_block_types": ["DownBlock2D"], "up_block_types": ["UpBlock2D"], "attention_head_dim": null}""");
        AssertSettings(Scheduler, """{"num_train_timesteps": 250, "beta_start": 0.0004, "beta_end": 0.08, "prediction_type": "v_prediction", "variance_type": "fixed_large"}""");
    }

    [Fact]
    public void A_schedule_without_last_signal_is_written_with_the_spacing_that_begins_there()
    {
        Export(new ExchangeZeroTerminalUNet());
        AssertSettings(Scheduler, """
            {
              "num_train_timesteps": 500, "beta_start": 0.0017, "beta_end": 0.024, "prediction_type": "v_prediction",
              "rescale_betas_zero_snr": true, "timestep_spacing": "trailing"
            }
            """);
    }

    [Theory]
    [InlineData(BetaSchedule.Cosine, "squaredcos_cap_v2")]
    [InlineData(BetaSchedule.ScaledLinear, "scaled_linear")]
    [InlineData(BetaSchedule.Linear, "linear")]
    public void Schedules_have_the_names_of_their_scheduler(BetaSchedule schedule, string name)
    {
        Export(new SpecOnlyNetwork(DdpmTinyUNet.Description, new() { Schedule = schedule }));
        AssertSettings(Scheduler, $$"""{"beta_schedule": "{{name}}", "beta_start": 0.0001, "beta_end": 0.02}""");
    }

    [Fact]
    public void Weights_are_under_the_keys_that_diffusers_has()
    {
        using var network = new DdpmTinyUNet();
        Export(network);
        using var file = SafetensorsFile.Open(Path.Combine(Folder, "unet", "diffusion_pytorch_model.safetensors"));
        Assert.Equal(Golden.GoldenNetwork.Load("ddpm_tiny").StateDict.Select(entry => entry.Key), file.Entries.Select(entry => entry.Name));
        Assert.Equal("pt", file.Metadata["format"]);
    }

    [Theory]
    [InlineData("init_kernel: 3", "init_kernel: 7")]
    [InlineData("norm: group", "norm: rms")]
    [InlineData("weight_standardization: false", "weight_standardization: true")]
    [InlineData("  type: sinusoidal", "  type: fourier", "time_embedding.type: fourier")]
    [InlineData("  theta: 10000", "  theta: 5000", "time_embedding.theta: 5000")]
    [InlineData("  memory_tokens: 0", "  memory_tokens: 4", "attention.memory_tokens: 4")]
    [InlineData("  levels: [none, full]", "  levels: [linear, full]", "attention.levels: [linear, full]")]
    [InlineData("  heads: 1", "  heads: 4", "attention.heads: 4 at widths 32 and 64", "levels: [none, full]", "levels: [full, full]")]
    [InlineData("self_condition: false", "self_condition: true")]
    [InlineData("blocks_per_level: [2, 2]", "blocks_per_level: [1, 2]")]
    [InlineData("downsample: conv_asymmetric", "downsample: avg_pool")]
    [InlineData("downsample: conv_asymmetric", "downsample: unshuffle")]
    [InlineData("upsample: nearest_conv", "upsample: conv_transpose")]
    [InlineData("init_dim: 32", "init_dim: 64")]
    [InlineData("channel_multipliers: [1, 2]", "channel_multipliers: [2, 4]", "dim: 32")]
    [InlineData("  schedule: linear", "  schedule: sigmoid", "diffusion.schedule: sigmoid")]
    [InlineData("diffusion:", "blocks:\n  resnet: My.Block\ndiffusion:", "blocks.resnet: My.Block")]
    [InlineData("preset: ddpm", "preset: adm")]
    public void What_diffusers_cannot_express_is_refused_by_name(
        string line, string instead, string? told = null, string and = "", string insteadOfThat = "")
    {
        (string, string)[] changes = [(line + "\n", instead + "\n"), (and, insteadOfThat)];
        using var network = new SpecOnlyNetwork(and.Length == 0 ? changes[..1] : changes);
        var error = Assert.Throws<DiffusersException>(() => DiffusersFolder.Save(Folder, network));
        Assert.Contains(error.Reasons, reason => reason.StartsWith($"{told ?? instead}: ", StringComparison.Ordinal));
        Assert.Empty(Directory.GetFileSystemEntries(temporary.Path));
    }

    [Fact]
    public void All_reasons_are_told_at_once()
    {
        using var network = new DdpmManyKeysUNet();
        var error = Assert.Throws<DiffusersException>(() => DiffusersFolder.Save(Folder, network));
        Assert.Equal(9, error.Reasons.Count);
        Assert.All(error.Reasons, reason => Assert.Contains($"\n  {reason}", error.Message));
    }

    [Fact]
    public void What_hooks_have_added_is_refused()
    {
        using var network = new DdpmTinyUNet();
        network.register_module("extra", nn.Linear(2, 2));
        var error = Assert.Throws<DiffusersException>(() => DiffusersFolder.Save(Folder, network));
        Assert.StartsWith("the class's hooks have added extra.weight", Assert.Single(error.Reasons));
    }

    [Fact]
    public void A_folder_with_something_in_it_is_left_alone_and_an_empty_one_is_filled()
    {
        using var network = new ExchangeOneLevelUNet();
        Directory.CreateDirectory(Folder);
        Export(network);
        var before = Directory.GetLastWriteTimeUtc(Folder);
        Assert.Contains("not an empty folder", Assert.Throws<UNetGenException>(() => DiffusersFolder.Save(Folder, network)).Message);
        Assert.Equal(before, Directory.GetLastWriteTimeUtc(Folder));
        Assert.Single(Directory.GetFileSystemEntries(temporary.Path));
    }

    private JsonObject Config => DiffusersFiles.Read(Folder, "unet", "config.json");

    private JsonObject Scheduler => DiffusersFiles.Read(Folder, "scheduler", "scheduler_config.json");

    private void Export(NoisePredictor network)
    {
        using (network)
            DiffusersFolder.Save(Folder, network);
    }

    private static void AssertSettings(JsonObject written, string expected) => Assert.All(JsonNode.Parse(expected)!.AsObject(), pair =>
        Assert.True(JsonNode.DeepEquals(pair.Value, written[pair.Key]), $"{pair.Key}: {written[pair.Key]}"));
}
