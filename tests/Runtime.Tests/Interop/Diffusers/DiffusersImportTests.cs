using System.Text.Json.Nodes;
using UNetGen.Interop;
using UNetGen.Interop.Diffusers;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>Specs of diffusers' configurations, and what has none.</summary>
public sealed class DiffusersImportTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void The_published_cifar10_network_is_the_preset_almost_as_it_is()
    {
        var path = Directory.CreateDirectory(folder.File("ddpm-cifar10-32")).FullName;
        File.WriteAllText(Path.Combine(path, "config.json"), DiffusersFiles.Cifar10Config().ToJsonString());
        File.WriteAllText(Path.Combine(path, "scheduler_config.json"), DiffusersFiles.Cifar10Scheduler().ToJsonString());
        File.WriteAllText(Path.Combine(path, "model_index.json"), """
            {"_class_name": "DDPMPipeline", "_diffusers_version": "0.1.1", "scheduler": ["diffusers", "DDPMScheduler"], "unet": ["diffusers", "UNet2DModel"]}
            """);
        Assert.Equal(DiffusersRoundTripTests.ImportedSpec("cifar10"), DiffusersFolder.Open(path).SpecYaml());
        // The published count of parameters is PublishedDdpmUNet's, whose spec differs in dropout and variance alone.
        Assert.Equal(
            PublishedDdpmUNet.Description.StateDict.Select(entry => entry.ToString()),
            ImportedCifar10UNet.Description.StateDict.Select(entry => entry.ToString()));
    }

    [Fact]
    public void Settings_that_are_missing_have_diffusers_defaults()
    {
        var config = JsonNode.Parse("""{"_class_name": "UNet2DModel", "sample_size": 64}""")!.AsObject();
        Assert.Equal(
            """
            preset: ddpm
            image_size: 64
            channels: 3
            dim: 224
            channel_multipliers: [1, 2, 3, 4]
            norm_eps: 1e-5
            time_embedding: { order: cos_sin, freq_shift: 0 }
            attention: { resolutions: [32, 16, 8], head_dim: 8 }
            downsample: conv

            """.ReplaceLineEndings("\n"), Body(config, JsonNode.Parse("""{"_class_name": "DDPMScheduler"}""")!.AsObject()));
    }

    [Theory]
    [InlineData("""{"attention_head_dim": 8}""", "attention: { resolutions: [8], head_dim: 8 }")]
    [InlineData("""{"attention_head_dim": 64}""", "attention: { resolutions: [8] }")]
    [InlineData("""{"add_attention": false}""", "attention: { resolutions: [8], mid: none }")]
    [InlineData(
        """{"down_block_types": ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "AttnUpBlock2D"]}""", "attention: none",
        false)]
    [InlineData(
        """{"down_block_types": ["DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D"]}""",
        "attention: { levels: [none, none] }")]
    [InlineData("""{"down_block_types": ["UNetResDownBlock2D", "UNetResAttnDownBlock2D"], "up_block_types": ["UNetResAttnUpBlock2D", "UNetResUpBlock2D"]}""", "attention: { resolutions: [8] }")]
    [InlineData("""{"sample_size": [16, 8]}""", "attention: { levels: [none, full] }")]
    [InlineData("""{"down_block_types": ["ResnetDownsampleBlock2D", "AttnDownBlock2D"]}""", "downsample: resblock")]
    [InlineData("""{"downsample_type": "resnet", "down_block_types": ["DownBlock2D", "AttnDownBlock2D"]}""", "downsample", false)]
    [InlineData("""{"upsample_type": "resnet"}""", "upsample: resblock")]
    [InlineData("""{"downsample_padding": 1}""", "downsample: conv")]
    [InlineData(
        """{"resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 8}""", "time_embedding: { conditioning: scale_shift }")]
    [InlineData("""{"act_fn": "swish"}""", "activation", false)]
    [InlineData("""{"time_embedding_dim": 96}""", "time_emb_dim: 96")]
    [InlineData("""{"dropout": 0.25}""", "dropout: 0.25")]
    [InlineData("""{"norm_eps": 0.00002}""", "norm_eps: 2e-5")]
    public void A_setting_of_the_model_has_its_key(string changes, string line, bool isThere = true)
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, changes);
        var text = Body(config, DiffusersFiles.TinyScheduler());
        Assert.Equal(isThere, $"\n{text}".Contains($"\n{line}{(isThere ? "\n" : "")}"));
    }

    [Theory]
    [InlineData("""{"num_train_timesteps": 4000}""", "diffusion: { timesteps: 4000, schedule_scaling: false }")]
    [InlineData("""{"num_train_timesteps": 250, "beta_start": 0.0004, "beta_end": 0.08}""", "diffusion: { timesteps: 250 }")]
    [InlineData("""{"beta_schedule": "squaredcos_cap_v2"}""", "diffusion: { schedule: cosine }")]
    [InlineData("""{"beta_schedule": "scaled_linear"}""", "diffusion: { schedule: scaled_linear }")]
    [InlineData("""{"beta_start": 0.00085, "beta_end": 0.012, "beta_schedule": "scaled_linear"}""", "diffusion: { schedule: scaled_linear, beta_start: 0.00085, beta_end: 0.012 }")]
    [InlineData("""{"clip_sample": false}""", "diffusion: { clip_sample: false }")]
    [InlineData("""{"_class_name": "PNDMScheduler"}""", "diffusion: { clip_sample: false }")]
    [InlineData("""{"beta_start": 0.0015, "beta_end": 0.0195}""", "diffusion: { beta_start: 0.0015, beta_end: 0.0195 }")]
    [InlineData("""{"num_train_timesteps": 500, "beta_end": 0.03}""", "diffusion: { timesteps: 500, schedule_scaling: false, beta_end: 0.03 }")]
    [InlineData("""{"beta_start": 0.5, "beta_schedule": "squaredcos_cap_v2"}""", "diffusion: { schedule: cosine }")]
    [InlineData("""{"rescale_betas_zero_snr": true, "prediction_type": "v_prediction"}""", "diffusion: { schedule_rescale: zero_terminal_snr, objective: v }")]
    [InlineData("""{"rescale_betas_zero_snr": false, "timestep_spacing": "leading"}""", null)]
    [InlineData("""{"prediction_type": "sample"}""", "diffusion: { objective: x0 }")]
    [InlineData("""{"prediction_type": "v_prediction"}""", "diffusion: { objective: v }")]
    [InlineData("""{"predict_epsilon": false}""", "diffusion: { objective: x0 }")]
    [InlineData("""{"predict_epsilon": false, "prediction_type": "epsilon"}""", null)]
    [InlineData("""{"predict_epsilon": false, "prediction_type": "v_prediction"}""", "diffusion: { objective: v }")]
    [InlineData("""{"predict_epsilon": true, "prediction_type": "sample"}""", "diffusion: { objective: x0 }")]
    [InlineData("""{"variance_type": "fixed_small_log"}""", null)]
    [InlineData("""{"variance_type": "fixed_large"}""", "diffusion: { variance: fixed_large }")]
    [InlineData("""{"_class_name": "DDIMScheduler", "set_alpha_to_one": true}""", null)]
    [InlineData("""{"_class_name": "DDIMScheduler", "variance_type": "fixed_small"}""", null)]
    public void A_setting_of_the_scheduler_has_its_key(string changes, string? line)
    {
        var scheduler = DiffusersFiles.TinyScheduler();
        if (changes.Contains("DDIM"))
            scheduler.Remove("variance_type");
        if (changes.Contains("PNDM"))
            scheduler.Remove("clip_sample");
        DiffusersFiles.Set(scheduler, changes);
        var text = Body(DiffusersFiles.TinyConfig(), scheduler);
        Assert.Equal(line ?? "", text.Split('\n').FirstOrDefault(l => l.StartsWith("diffusion", StringComparison.Ordinal)) ?? "");
    }

    [Theory]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler"}""", "{ type: flow }", "--sampler euler --spacing linspace does.")]
    [InlineData(
        """{"_class_name": "FlowMatchHeunDiscreteScheduler", "num_train_timesteps": 1000, "shift": 3.0}""", "{ type: flow, shift: 3 }",
        "--sampler heun --spacing linspace does.")]
    [InlineData(
        """{"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": false, "max_shift": 2, "use_karras_sigmas": true, "shift_terminal": 0.1}""",
        "{ type: flow }", "has settings of drawing that sample has not: use_karras_sigmas, shift_terminal.")]
    [InlineData("""{"_class_name": "EDMEulerScheduler"}""", "{ type: edm }", "--sampler euler --spacing karras does.")]
    [InlineData(
        """{"_class_name": "EDMDPMSolverMultistepScheduler", "sigma_data": 1, "sigma_min": 0.3, "sigma_max": 500, "sigma_schedule": "exponential", "rho": 7.0, "solver_order": 2}""",
        "{ type: edm, sigma_data: 1, sigma_min: 0.3, sigma_max: 500 }", "--sampler dpm++ --spacing log-snr does.")]
    [InlineData(
        """{"_class_name": "EDMDPMSolverMultistepScheduler", "rho": 5, "solver_order": 3, "final_sigmas_type": "sigma_min"}""",
        "{ type: edm }", "has settings of drawing that sample has not: rho, final_sigmas_type, solver_order.")]
    public void A_scheduler_of_a_flow_or_of_edm_has_its_type(string scheduler, string diffusion, string remark)
    {
        var text = DiffusersFolder.Open(
            DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), JsonNode.Parse(scheduler)!.AsObject())).SpecYaml();
        Assert.EndsWith($"\ndiffusion: {diffusion}\n", text);
        Assert.Contains($"{remark}\n", text);
        Assert.Equal(remark.Contains("has not"), text.Contains("has settings of drawing"));
    }

    [Theory]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "num_train_timesteps": 500}""", "num_train_timesteps: 500: a network")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": 0}""", "shift: 0: it should be a positive number")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift": "x"}""", "shift: \"x\": it should be a number, such as 1")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "use_dynamic_shifting": true}""", "use_dynamic_shifting: true: the shift")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "invert_sigmas": true}""", "invert_sigmas: true: the flow")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "beta_start": 0.1}""", "beta_start: 0.1: a setting that isn't known")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "prediction_type": "v_prediction"}""", "prediction_type: \"v_prediction\": EDM's F")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_min": 90}""", "sigma_min: 90: it should be less than sigma_max, 80")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_data": 1e-30}""", "sigma_data: 1e-30: it should be a number from 1e-16 to 1e16")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_data": -1}""", "sigma_data: -1: it should be a positive number")]
    [InlineData("""{"_class_name": "EDMDPMSolverMultistepScheduler", "thresholding": true}""", "thresholding: true: x_0 is clipped")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "shift_terminal": "a"}""", "shift_terminal: \"a\": it should be a number")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "use_beta_sigmas": 1}""", "use_beta_sigmas: 1: it should be true or false")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "max_shift": true}""", "max_shift: true: it should be a number")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "base_image_seq_len": 1.5}""", "base_image_seq_len: 1.5: it should be a whole")]
    [InlineData("""{"_class_name": "FlowMatchEulerDiscreteScheduler", "time_shift_type": "foo"}""", "time_shift_type: \"foo\": known are exponential, linear")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_schedule": "foo"}""", "sigma_schedule: \"foo\": known are karras, exponential")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "sigma_schedule": 3}""", "sigma_schedule: 3: it should be a text")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "rho": "7"}""", "rho: \"7\": it should be a number")]
    [InlineData("""{"_class_name": "EDMEulerScheduler", "final_sigmas_type": "one"}""", "final_sigmas_type: \"one\": known are zero, sigma_min")]
    [InlineData("""{"_class_name": "EDMDPMSolverMultistepScheduler", "solver_order": "2"}""", "solver_order: \"2\": it should be a whole number")]
    [InlineData("""{"_class_name": "EDMDPMSolverMultistepScheduler", "euler_at_final": 0}""", "euler_at_final: 0: it should be true or false")]
    [InlineData("""{"_class_name": "EDMDPMSolverMultistepScheduler", "algorithm_type": "x"}""", "algorithm_type: \"x\": known are dpmsolver++, ")]
    [InlineData("""{"_class_name": "EDMDPMSolverMultistepScheduler", "solver_type": "x"}""", "solver_type: \"x\": known are midpoint, heun, ")]
    [InlineData("""{"_class_name": "DDPMScheduler", "timestep_spacing": "foo"}""", "timestep_spacing: \"foo\": known are leading, linspace, trailing")]
    [InlineData("""{"_class_name": "DDPMScheduler", "timestep_spacing": 1}""", "timestep_spacing: 1: it should be a text")]
    [InlineData("""{"_class_name": "DDPMScheduler", "clip_sample_range": "1"}""", "clip_sample_range: \"1\": it should be a number")]
    [InlineData("""{"_class_name": "DDIMScheduler", "set_alpha_to_one": "yes"}""", "set_alpha_to_one: \"yes\": it should be true or false")]
    [InlineData("""{"_class_name": "PNDMScheduler", "steps_offset": "1"}""", "steps_offset: \"1\": it should be a whole number")]
    [InlineData("""{"_class_name": "PNDMScheduler", "tensor_format": "tf"}""", "tensor_format: \"tf\": known are np, pt")]
    public void What_a_flow_or_edm_here_has_not_is_refused_by_name(string scheduler, string reason)
    {
        var told = Assert.Single(Reasons(DiffusersFiles.TinyConfig(), JsonNode.Parse(scheduler)!.AsObject()));
        Assert.StartsWith(reason, told);
    }

    [Theory]
    [InlineData("""{"_class_name": "HeunDiscreteScheduler", "beta_start": 0.1, "use_karras_sigmas": true}""", "\"HeunDiscreteScheduler\"")]
    [InlineData("""{"_class_name": 3, "shift": 2}""", "3: it should be a text")]
    [InlineData("""{"shift": 2}""", "missing")]
    public void Of_a_scheduler_of_another_class_only_that_is_told(string scheduler, string reason)
    {
        var config = DiffusersFiles.TinyConfig();
        // Whether that is wrong depends on the scheduler.
        DiffusersFiles.Set(config, """{"out_channels": 2}""");
        var told = Assert.Single(Reasons(config, JsonNode.Parse(scheduler)!.AsObject()));
        Assert.StartsWith($"_class_name: {reason}", told);
        if (!reason.StartsWith('3'))
            Assert.EndsWith(
                ": known schedulers are DDPMScheduler, DDIMScheduler, PNDMScheduler, FlowMatchEulerDiscreteScheduler, "
                    + "FlowMatchHeunDiscreteScheduler, EDMEulerScheduler, EDMDPMSolverMultistepScheduler",
                told);
    }

    [Theory]
    [InlineData("clip_sample_range")]
    [InlineData("timestep_spacing")]
    [InlineData("sample_max_value")]
    public void A_setting_of_drawing_may_be_null(string key)
    {
        var scheduler = DiffusersFiles.TinyScheduler();
        scheduler[key] = null;
        Assert.DoesNotContain("diffusion", Body(DiffusersFiles.TinyConfig(), scheduler));
    }

    [Fact]
    public void A_scheduler_that_clips_to_other_bounds_is_remarked_on()
    {
        var scheduler = DiffusersFiles.TinyScheduler();
        DiffusersFiles.Set(scheduler, """{"clip_sample_range": 2.0}""");
        Assert.Contains(
            "# Its scheduler clips x_0 to other bounds",
            DiffusersFolder.Open(DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), scheduler)).SpecYaml());
    }

    [Theory]
    [InlineData("trailing")]
    [InlineData("linspace")]
    public void A_scheduler_of_another_spacing_is_remarked_on(string spacing)
    {
        var scheduler = DiffusersFiles.TinyScheduler();
        DiffusersFiles.Set(scheduler, $$"""{"timestep_spacing": "{{spacing}}"}""");
        Assert.Contains(
            $"by timestep_spacing {spacing}, as sample --spacing {spacing} does.\n",
            DiffusersFolder.Open(DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), scheduler)).SpecYaml());
    }

    [Theory]
    [InlineData("""{"_class_name": "UNet1DModel"}""", "_class_name")]
    [InlineData("""{"center_input_sample": true}""", "center_input_sample")]
    [InlineData("""{"time_embedding_type": "fourier"}""", "time_embedding_type")]
    [InlineData("""{"mid_block_type": null}""", "mid_block_type")]
    [InlineData("""{"mid_block_scale_factor": 1.4142135}""", "mid_block_scale_factor")]
    [InlineData("""{"class_embed_type": "timestep"}""", "class_embed_type")]
    [InlineData("""{"block_out_channels": [32, 48]}""", "block_out_channels")]
    [InlineData("""{"block_out_channels": [32, 64, 64]}""", "block_out_channels")]
    [InlineData("""{"block_out_channels": 32}""", "block_out_channels")]
    [InlineData("""{"down_block_types": ["SkipDownBlock2D", "AttnDownBlock2D"]}""", "down_block_types")]
    [InlineData("""{"down_block_types": ["AttnDownBlock2D", "AttnDownBlock2D"]}""", "up_block_types")]
    [InlineData("""{"down_block_types": ["AttnDownBlock2D", "ResnetDownsampleBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D"], "block_out_channels": [32, 32, 32]}""", "down_block_types")]
    [InlineData("""{"out_channels": 6}""", "out_channels")]
    [InlineData("""{"sample_size": null}""", "sample_size")]
    [InlineData("""{"sample_size": 15}""", "sample_size")]
    [InlineData("""{"sample_size": [16, 16, 16]}""", "sample_size")]
    [InlineData("""{"act_fn": "elu"}""", "act_fn")]
    [InlineData("""{"freq_shift": 2}""", "freq_shift")]
    [InlineData("""{"downsample_padding": 2}""", "downsample_padding")]
    [InlineData("""{"downsample_type": "kernel", "down_block_types": ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "AttnUpBlock2D"]}""", "downsample_type")]
    [InlineData("""{"attention_head_dim": 24}""", "attention_head_dim")]
    [InlineData("""{"attn_norm_num_groups": 4}""", "attn_norm_num_groups")]
    [InlineData("""{"resnet_time_scale_shift": "scale_shift"}""", "attn_norm_num_groups")]
    [InlineData("""{"resnet_time_scale_shift": "spatial"}""", "resnet_time_scale_shift")]
    [InlineData("""{"norm_num_groups": null}""", "norm_num_groups")]
    [InlineData("""{"layers_per_block": "two"}""", "layers_per_block")]
    [InlineData("""{"attention_legacy_order": true}""", "attention_legacy_order")]
    public void A_setting_of_the_model_that_cannot_be_expressed_is_refused_by_name(string changes, string key)
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, changes);
        AssertRefused(key, config, DiffusersFiles.TinyScheduler());
    }

    [Theory]
    [InlineData("""{"_class_name": "EulerDiscreteScheduler"}""", "_class_name")]
    [InlineData("""{"beta_schedule": "sigmoid"}""", "beta_schedule")]
    [InlineData("""{"beta_start": 0.03}""", "beta_start")]
    [InlineData("""{"beta_start": 0}""", "beta_start")]
    [InlineData("""{"beta_start": 1e-300}""", "beta_start")]
    [InlineData("""{"beta_end": 0.99999999999}""", "beta_start")]
    [InlineData("""{"beta_end": 1, "beta_schedule": "scaled_linear"}""", "beta_start")]
    [InlineData("""{"trained_betas": [0.1, 0.2]}""", "trained_betas")]
    [InlineData("""{"variance_type": "fixed_large_log"}""", "variance_type")]
    [InlineData("""{"variance_type": "learned_range"}""", "out_channels")]
    [InlineData("""{"prediction_type": "flow"}""", "prediction_type")]
    [InlineData("""{"thresholding": true}""", "thresholding")]
    [InlineData("""{"rescale_betas_zero_snr": true}""", "rescale_betas_zero_snr")]
    [InlineData("""{"rescale_betas_zero_snr": true, "prediction_type": "sample", "num_train_timesteps": 1}""", "rescale_betas_zero_snr")]
    [InlineData("""{"num_train_timesteps": 0}""", "num_train_timesteps")]
    [InlineData("""{"num_train_timesteps": 1000001}""", "num_train_timesteps")]
    [InlineData("""{"num_train_timesteps": 20, "beta_start": 0.005, "beta_end": 1}""", "beta_end")]
    [InlineData("""{"num_train_timesteps": 10000}""", "beta_end")]
    [InlineData("""{"beta_end": 0.9, "beta_schedule": "scaled_linear"}""", "beta_end")]
    [InlineData("""{"use_karras_sigmas": true}""", "use_karras_sigmas")]
    public void A_setting_of_the_scheduler_that_cannot_be_expressed_is_refused_by_name(string changes, string key)
    {
        var scheduler = DiffusersFiles.TinyScheduler();
        DiffusersFiles.Set(scheduler, changes);
        AssertRefused(key, DiffusersFiles.TinyConfig(), scheduler);
    }

    [Fact]
    public void A_pipeline_with_an_autoencoder_is_refused()
    {
        folder.Write(
            "model_index.json",
            """{"_class_name": "LDMPipeline", "unet": ["diffusers", "UNet2DModel"], "vqvae": ["diffusers", "VQModel"]}"""u8.ToArray());
        AssertRefused("vqvae", DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
    }

    [Fact]
    public void A_folder_without_a_scheduler_does_not_say_its_diffusion()
    {
        DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
        File.Delete(folder.File("scheduler_config.json"));
        Assert.Contains("scheduler_config.json", Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.Path)).Message);
    }

    [Fact]
    public void Weights_that_are_no_numbers_are_neither_taken_over_nor_written()
    {
        using var network = new DdpmTinyUNet();
        DiffusersFolder.Save(folder.File("pipe"), network);
        var weights = folder.File("pipe/unet/diffusion_pytorch_model.safetensors");
        var (tensors, metadata) = SafetensorsFile.Read(weights);
        using (no_grad())
            tensors["conv_in.bias"][0] = float.PositiveInfinity;
        SafetensorsFile.Write(weights, tensors, metadata.Where(pair => pair.Key != "unetgen.tensors_sha256").ToDictionary());

        var message = Assert.Throws<UNetGenException>(() => DiffusersFolder.Open(folder.File("pipe")).LoadInto(network)).Message;

        Assert.StartsWith($"{weights} holds numbers that are NaN or infinite: 1 of 32 in 'conv_in.bias'.", message);
        using (no_grad())
            network.get_parameter("conv_in.bias")!.fill_(float.NaN);
        Assert.Contains(
            "32 of 32 in 'conv_in.bias'",
            Assert.Throws<UNetGenException>(() => DiffusersFolder.Save(folder.File("other"), network)).Message);
        Assert.False(Directory.Exists(folder.File("other")));
    }

    [Theory]
    [InlineData("""{"norm_eps": 1e999}""", "norm_eps")]
    [InlineData("""{"norm_eps": -1}""", "norm_eps")]
    [InlineData("""{"norm_eps": 1e-300}""", "norm_eps")]
    [InlineData("""{"dropout": 1}""", "dropout")]
    [InlineData("""{"dropout": 0.99999999999}""", "dropout")]
    [InlineData("""{"dropout": 1e-300}""", "dropout")]
    [InlineData("""{"layers_per_block": 0}""", "layers_per_block")]
    [InlineData("""{"layers_per_block": 2147483647}""", "layers_per_block")]
    [InlineData("""{"num_class_embeds": -1}""", "num_class_embeds")]
    [InlineData("""{"time_embedding_dim": 0}""", "time_embedding_dim")]
    [InlineData("""{"layers_per_block": 65}""", "layers_per_block")]
    [InlineData("""{"layers_per_block": 64, "block_out_channels": [32, 32, 32, 32, 32], "down_block_types": ["DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D", "UpBlock2D"]}""", "layers_per_block")]
    [InlineData("""{"block_out_channels": [32, 16416]}""", "block_out_channels")]
    [InlineData("""{"block_out_channels": [2, 4]}""", "block_out_channels")]
    [InlineData("""{"block_out_channels": [33, 66]}""", "block_out_channels")]
    [InlineData("""{"in_channels": 4097, "out_channels": 4097}""", "in_channels")]
    [InlineData("""{"sample_size": 4098}""", "sample_size")]
    [InlineData("""{"sample_size": 4096, "down_block_types": ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "AttnUpBlock2D"]}""", "sample_size")]
    [InlineData("""{"norm_num_groups": 7}""", "norm_num_groups")]
    [InlineData("""{"time_embedding_dim": 65537}""", "time_embedding_dim")]
    [InlineData("""{"num_class_embeds": 1000001}""", "num_class_embeds")]
    [InlineData("""{"attention_head_dim": -8}""", "attention_head_dim")]
    public void A_number_that_no_network_has_is_refused_by_name(string changes, string key)
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, changes);
        AssertRefused(key, config, DiffusersFiles.TinyScheduler());
    }

    /// <summary>What a reader puts in the place of a wrong setting is no ground for another reason.</summary>
    [Theory]
    [InlineData("""{"block_out_channels": 32}""", "block_out_channels: 32: it should be a list of whole numbers, such as [224,448,672,896]")]
    [InlineData("""{"block_out_channels": [0, 32]}""", "block_out_channels: [0,32]: it should be a list like [224,448,672,896]")]
    [InlineData("""{"block_out_channels": [33, 66], "sample_size": 15}""", "block_out_channels: [33,66]: the first must be even and at least 4, and the others multiples of it")]
    [InlineData("""{"down_block_types": "DownBlock2D"}""", """down_block_types: "DownBlock2D": it should be a list of texts, such as ["DownBlock2D","AttnDownBlock2D","AttnDownBlock2D","AttnDownBlock2D"]""")]
    [InlineData("""{"in_channels": "one"}""", "in_channels: \"one\": it should be a whole number, such as 3")]
    [InlineData("""{"freq_shift": 0.5}""", "freq_shift: 0.5: it should be a whole number, such as 0")]
    [InlineData("""{"norm_num_groups": null}""", "norm_num_groups: null: it should be a whole number, such as 32")]
    [InlineData("""{"add_attention": 1}""", "add_attention: 1: it should be true or false")]
    [InlineData("""{"in_channels": 0}""", "in_channels: 0: it should be a number from 1 to 4,096")]
    [InlineData("""{"norm_num_groups": 0, "attn_norm_num_groups": 8}""", "norm_num_groups: 0: it should be a number from 1 to 16,384")]
    [InlineData("""{"resnet_time_scale_shift": "film"}""", "resnet_time_scale_shift: \"film\": known are default, scale_shift")]
    [InlineData("""{"num_train_timesteps": "many"}""", "num_train_timesteps: \"many\": it should be a whole number")]
    [InlineData("""{"downsample_type": 3}""", "downsample_type: 3: it should be a text, such as \"conv\"")]
    public void A_wrong_setting_is_one_reason(string changes, string reason)
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, changes);
        Assert.Equal([reason], Reasons(config, DiffusersFiles.TinyScheduler()));
    }

    [Theory]
    [InlineData("""{"num_train_timesteps": 1.5, "beta_end": 0.08, "beta_start": 0.0004}""", "num_train_timesteps: 1.5: it should be a whole number, such as 1000")]
    [InlineData("""{"beta_end": null}""", "beta_end: null: it should be a number, such as 0.02")]
    [InlineData("""{"variance_type": "learned"}""", "variance_type: \"learned\": known are fixed_small, fixed_large, learned_range, fixed_small_log")]
    public void A_wrong_setting_of_the_scheduler_is_one_reason(string changes, string reason)
    {
        var (config, scheduler) = (DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
        if (changes.Contains("variance_type"))
            DiffusersFiles.Set(config, """{"out_channels": 6}""");
        DiffusersFiles.Set(scheduler, changes);
        Assert.Equal([reason], Reasons(config, scheduler));
    }

    [Fact]
    public void A_default_that_does_not_go_with_what_the_file_says_is_called_one()
    {
        var config = DiffusersFiles.TinyConfig();
        config.Remove("up_block_types");
        Assert.Equal(
            ["block_out_channels: [32,64]: 2 levels, but 2 down_block_types and 4 up_block_types (missing: diffusers' default)"],
            Reasons(config, DiffusersFiles.TinyScheduler()));
    }

    [Fact]
    public void All_reasons_are_told_at_once_whatever_is_wrong_with_the_levels()
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, """{"block_out_channels": [32, 64, 64], "in_channels": 0, "dropout": 2, "newer": 1}""");
        Assert.Equal(
            ["block_out_channels", "in_channels", "dropout", "newer"],
            Reasons(config, DiffusersFiles.TinyScheduler()).Select(reason => reason[..reason.IndexOf(':')]));
    }

    [Fact]
    public void A_folder_of_something_else_is_told() =>
        Assert.Contains(
            "neither unet/config.json nor config.json",
            Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.File("nowhere"))).Message);

    [Theory]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"sample_size": 8, "sample_size": 16}""")]
    public void A_configuration_that_is_no_JSON_object_is_named(string text)
    {
        DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
        File.WriteAllText(folder.File("config.json"), text);
        Assert.StartsWith(folder.File("config.json"), Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.Path)).Message);
    }

    [Theory]
    [InlineData("1 bad\nx: y")]
    [InlineData("Tiny\n")]
    [InlineData("a: b")]
    [InlineData("")]
    public void A_name_that_is_no_identifier_gets_into_no_spec(string name)
    {
        var opened = DiffusersFolder.Open(DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler()));

        Assert.Contains("is no C# identifier", Assert.Throws<ArgumentException>("name", () => opened.SpecYaml(name)).Message);
        Assert.Contains("\nname: Größe_2\n", opened.SpecYaml("Größe_2"));
    }

    [Fact]
    public void Nothing_is_neither_opened_nor_loaded_into_nor_saved()
    {
        var opened = DiffusersFolder.Open(DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler()));

        Assert.Throws<ArgumentNullException>("path", () => DiffusersFolder.Open(null!));
        Assert.Throws<ArgumentNullException>("network", () => opened.LoadInto(null!));
        Assert.Throws<ArgumentNullException>("network", () => DiffusersFolder.Save(folder.File("out"), null!));
    }

    /// <summary>The spec without its remark.</summary>
    private string Body(JsonObject config, JsonObject scheduler)
    {
        var text = DiffusersFolder.Open(DiffusersFiles.Flat(folder, config, scheduler)).SpecYaml();
        return text[(text.IndexOf('\n') + 1)..];
    }

    private void AssertRefused(string key, JsonObject config, JsonObject scheduler)
    {
        var reasons = Reasons(config, scheduler);
        Assert.NotEmpty(reasons);
        Assert.All(reasons, reason => Assert.StartsWith($"{key}: ", reason));
    }

    private IReadOnlyList<string> Reasons(JsonObject config, JsonObject scheduler) =>
        Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(DiffusersFiles.Flat(folder, config, scheduler))).Reasons;
}
