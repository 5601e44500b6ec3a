using System.Text.Json.Nodes;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>Folders as diffusers writes them, and has written them.</summary>
internal static class DiffusersFiles
{
    /// <summary>The settings that google/ddpm-cifar10-32 is published with, by diffusers 0.0.4.</summary>
    public static JsonObject Cifar10Config() => Json("""
        {
          "_class_name": "UNet2DModel", "_diffusers_version": "0.0.4",
          "act_fn": "silu", "attention_head_dim": null, "block_out_channels": [128, 256, 256, 256], "center_input_sample": false,
          "down_block_types": ["DownBlock2D", "AttnDownBlock2D", "DownBlock2D", "DownBlock2D"],
          "downsample_padding": 0, "flip_sin_to_cos": false, "freq_shift": 1, "in_channels": 3, "layers_per_block": 2, "mid_block_scale_factor": 1,
          "norm_eps": 1e-06, "norm_num_groups": 32, "out_channels": 3, "sample_size": 32, "time_embedding_type": "positional",
          "up_block_types": ["UpBlock2D", "UpBlock2D", "AttnUpBlock2D", "UpBlock2D"]
        }
        """);

    /// <summary>The scheduler of google/ddpm-cifar10-32, by diffusers 0.1.1.</summary>
    public static JsonObject Cifar10Scheduler() => Json("""
        {
          "_class_name": "DDPMScheduler", "_diffusers_version": "0.1.1",
          "beta_end": 0.02, "beta_schedule": "linear", "beta_start": 0.0001, "clip_sample": true, "num_train_timesteps": 1000, "trained_betas": null,
          "variance_type": "fixed_large"
        }
        """);

    /// <summary>What diffusers would write of <see cref="DdpmTinyUNet"/>.</summary>
    public static JsonObject TinyConfig()
    {
        var config = Cifar10Config();
        Set(config, """
            {"block_out_channels": [32, 64], "norm_num_groups": 8, "sample_size": 16, "down_block_types": ["DownBlock2D", "AttnDownBlock2D"], "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]}
            """);
        return config;
    }

    public static JsonObject TinyScheduler()
    {
        var config = Cifar10Scheduler();
        Set(config, """{"variance_type": "fixed_small"}""");
        return config;
    }

    /// <summary>Everything in one folder, as the first ones have it.</summary>
    public static string Flat(TemporaryFolder folder, JsonObject config, JsonObject scheduler)
    {
        File.WriteAllText(folder.File("config.json"), config.ToJsonString());
        File.WriteAllText(folder.File("scheduler_config.json"), scheduler.ToJsonString());
        return folder.Path;
    }

    /// <summary>Changes settings, and adds those that it hasn't.</summary>
    public static void Set(JsonObject config, string changes)
    {
        foreach (var (key, value) in Json(changes))
            config[key] = value?.DeepClone();
    }

    /// <summary>Weights with a name for each key.</summary>
    public static void WriteWeights(
        string folder, NoisePredictor network, Func<string, string> key, ScalarType type = ScalarType.Float32) => SafetensorsFile.Write(
        Path.Combine(folder, "diffusion_pytorch_model.safetensors"),
        network.state_dict().Select(pair => KeyValuePair.Create(key(pair.Key), pair.Value.to(type))));

    public static JsonObject Read(params string[] path) => Json(File.ReadAllText(Path.Combine(path)));

    private static JsonObject Json(string text) => JsonNode.Parse(text)!.AsObject();
}
