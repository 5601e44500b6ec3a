using System.Text.Json.Nodes;
using CsCheck;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Tests.Harness;
using UNetGen.Interop.Diffusers;

namespace UNetGen.Generator.Tests;

/// <summary>The runtime writes specs of diffusers' networks, and the generator has the last word on them.</summary>
public sealed class ImportedSpecTests
{
    private const string TwoLevels = """
        "block_out_channels": [32, 64], "down_block_types": ["DownBlock2D", "AttnDownBlock2D"],
        "up_block_types": ["AttnUpBlock2D", "UpBlock2D"]
        """;

    /// <summary>Settings, with values within the language's limits, at them and beyond.</summary>
    private static readonly string[] Model =
    [
        """ "sample_size": 64 """, """ "sample_size": 15 """, """ "sample_size": 4096 """, """ "sample_size": 4098 """,
        """ "sample_size": [16, 4096] """,
        """ "in_channels": 4096, "out_channels": 4096 """, """ "in_channels": 4097, "out_channels": 4097 """,
        """ "block_out_channels": [4, 4], "norm_num_groups": 4 """, """ "block_out_channels": [2, 2], "norm_num_groups": 2 """,
        """ "block_out_channels": [30, 60] """, """ "block_out_channels": [33, 66], "norm_num_groups": 3 """,
        """ "block_out_channels": [32, 16384] """, """ "block_out_channels": [32, 16416] """, """ "block_out_channels": [16416, 16416] """,
        """ "block_out_channels": [32], "down_block_types": ["DownBlock2D"], "up_block_types": ["UpBlock2D"] """,
        $""" "block_out_channels": {Of(13, "32")}, "down_block_types": {Of(13, "\"DownBlock2D\"")}, "up_block_types": {Of(13, "\"UpBlock2D\"")} """,
        $""" "block_out_channels": {Of(14, "32")}, "down_block_types": {Of(14, "\"DownBlock2D\"")}, "up_block_types": {Of(14, "\"UpBlock2D\"")} """,
        """ "down_block_types": ["AttnDownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "AttnUpBlock2D"] """,
        """ "down_block_types": ["DownBlock2D", "DownBlock2D"], "up_block_types": ["UpBlock2D", "UpBlock2D"] """,
        """ "layers_per_block": 19 """, """ "layers_per_block": 20 """, """ "layers_per_block": 64 """, """ "layers_per_block": 65 """,
        """ "layers_per_block": 100000 """,
        """ "norm_num_groups": 1 """, """ "norm_num_groups": 7 """, """ "norm_num_groups": 16384 """,
        """ "attention_head_dim": null """, """ "attention_head_dim": 0 """, """ "attention_head_dim": 1 """, """ "attention_head_dim": 24 """,
        """ "time_embedding_dim": 65536 """, """ "time_embedding_dim": 65537 """, """ "time_embedding_dim": 1 """,
        """ "num_class_embeds": 1000000 """, """ "num_class_embeds": 1000001 """,
        """ "add_attention": false """, """ "downsample_type": "resnet", "upsample_type": "resnet" """,
        """ "norm_eps": 0 """, """ "norm_eps": 1e-300 """, """ "norm_eps": 2e-38 """, """ "dropout": 0.999999 """,
        """ "dropout": 0.99999999999 """, """ "dropout": 1e-300 """, """ "dropout": 1 """, """ "freq_shift": 1 """,
        """ "act_fn": "mish" """, """ "resnet_time_scale_shift": "scale_shift", "attn_norm_num_groups": 32 """,
    ];

    private static readonly string[] Scheduler =
    [
        """ "num_train_timesteps": 1 """, """ "num_train_timesteps": 1000000 """, """ "num_train_timesteps": 1000001 """,
        """ "num_train_timesteps": 20, "beta_start": 0.005, "beta_end": 1.0 """,
        """ "num_train_timesteps": 25, "beta_start": 0.004, "beta_end": 0.8 """,
        """ "beta_start": 0.00085, "beta_end": 0.012 """, """ "beta_start": 0.03 """, """ "beta_end": 0.03 """,
        """ "beta_start": 1e-300 """, """ "beta_end": 0.99999999999 """,
        """ "rescale_betas_zero_snr": true, "prediction_type": "v_prediction" """,
        """ "beta_schedule": "scaled_linear" """, """ "beta_schedule": "squaredcos_cap_v2" """, """ "prediction_type": "v_prediction" """,
        """ "prediction_type": "sample" """, """ "variance_type": "fixed_large" """, """ "variance_type": "learned_range" """,
    ];

    [Fact]
    public void What_is_imported_is_a_network_to_the_generator()
    {
        var folder = Directory.CreateTempSubdirectory("unetgen-import");
        var (taken, refused) = (0, 0);
        try
        {
            Gen.Select(Gen.OneOf(Model).Array[0, 3], Gen.OneOf(Scheduler).Array[0, 2], Gen.Bool).Sample(it =>
            {
                var (model, scheduler, learns) = it;
                var channels = learns ? """{ "out_channels": 6 }""" : "{}";
                Write("config.json", [$"{{ \"_class_name\": \"UNet2DModel\", \"sample_size\": 16, {TwoLevels} }}", channels, .. model.Select(Braced)]);
                Write("scheduler_config.json", ["""{ "_class_name": "DDPMScheduler" }""", .. scheduler.Select(Braced)]);
                string spec;
                try
                {
                    spec = DiffusersFolder.Open(folder.FullName).SpecYaml();
                }
                catch (DiffusersException)
                {
                    refused++;
                    return;
                }
                taken++;
                var run = new GeneratorProject(("tiny.unet.yaml", spec)).Run();
                var errors = run.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error).ToList();
                Assert.True(errors.Count == 0, $"{string.Join("\n", errors)}\n{spec}");
            }, iter: 800, threads: 1);
        }
        finally
        {
            folder.Delete(recursive: true);
        }
        Assert.True(taken > 100 && refused > 100, $"{taken} taken, {refused} refused");

        void Write(string name, IEnumerable<string> settings)
        {
            var config = new JsonObject();
            foreach (var (key, value) in settings.SelectMany(text => JsonNode.Parse(text)!.AsObject()))
                config[key] = value?.DeepClone();
            File.WriteAllText(Path.Combine(folder.FullName, name), config.ToJsonString());
        }
    }

    private static string Braced(string settings) => $"{{{settings}}}";

    private static string Of(int count, string item) => $"[{string.Join(", ", Enumerable.Repeat(item, count))}]";
}
