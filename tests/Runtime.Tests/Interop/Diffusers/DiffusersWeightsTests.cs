using UNetGen.Interop;
using UNetGen.Interop.Diffusers;
using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop.Diffusers;

/// <summary>Weights out of diffusers' folders into networks.</summary>
public sealed class DiffusersWeightsTests : IDisposable
{
    private readonly TemporaryFolder folder = new();
    private readonly DdpmTinyUNet saved = new();
    private readonly DdpmTinyUNet loaded = new();

    public DiffusersWeightsTests()
    {
        Fill.Parameters(saved);
        DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.TinyScheduler());
    }

    private string WeightsPath => folder.File("diffusion_pytorch_model.safetensors");

    public void Dispose()
    {
        saved.Dispose();
        loaded.Dispose();
        folder.Dispose();
    }

    [Fact]
    public void Old_names_of_attention_are_todays()
    {
        DiffusersFiles.WriteWeights(folder.Path, saved, Old);
        using (var file = SafetensorsFile.Open(WeightsPath))
        {
            Assert.Equal(
                6 * 8,
                file.Entries.Count(
                    entry => entry.Name.Contains(".query.") || entry.Name.Contains(".key.") || entry.Name.Contains(".value.")
                        || entry.Name.Contains(".proj_attn.")));
        }

        Load();
        AssertLoaded();
    }

    [Fact]
    public void Loading_leaves_no_tensor_behind()
    {
        DiffusersFiles.WriteWeights(folder.Path, saved, Old);
        Load();
        var before = TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount;
        Load();
        Assert.Equal(before, TorchSharp.DisposeScopeManager.Statistics.TensorStatistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void An_old_name_elsewhere_than_in_attention_is_unexpected()
    {
        DiffusersFiles.WriteWeights(folder.Path, saved, key => key.Replace("conv_in.weight", "conv_in.query.weight"));
        var error = Assert.Throws<StateDictException>(Load);
        Assert.Equal(
            ["conv_in.weight float32 [32, 3, 3, 3] is missing", "conv_in.query.weight float32 [32, 3, 3, 3] is unexpected"],
            error.Differences);
    }

    [Fact]
    public void One_tensor_under_both_names_is_unexpected()
    {
        const string now = "mid_block.attentions.0.to_q.bias";
        SafetensorsFile.Write(WeightsPath, saved.state_dict().Append(KeyValuePair.Create(Old(now), saved.state_dict()[now])));
        Assert.Equal(["mid_block.attentions.0.query.bias float32 [64] is unexpected"], Assert.Throws<StateDictException>(Load).Differences);
    }

    [Fact]
    public void A_tensor_of_another_shape_is_an_error_even_where_it_could_be_broadcast()
    {
        SafetensorsFile.Write(
            WeightsPath, saved.state_dict().Select(pair => pair.Key == "conv_in.bias" ? KeyValuePair.Create(pair.Key, zeros(1)) : pair));
        Assert.Equal(["conv_in.bias is float32 [1], not float32 [32]"], Assert.Throws<StateDictException>(Load).Differences);
        AssertUntouched();
    }

    [Fact]
    public void Numbers_beyond_float32_are_told_as_such_and_not_as_a_training_that_diverged()
    {
        using (no_grad())
        {
            var wide = saved.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.to(float64));
            wide["conv_in.bias"][1] = tensor(1e39, float64);
            SafetensorsFile.Write(folder.File("diffusion_pytorch_model.safetensors"), wide);
        }
        var error = Assert.Throws<DiffusersException>(() => DiffusersFolder.Open(folder.Path).LoadInto(loaded, convert: true));
        Assert.EndsWith(
            "holds numbers that float32 doesn't: 1 of 32 in 'conv_in.bias' are beyond its greatest, and would be infinite.", error.Message);
        AssertUntouched();
    }

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    public void Half_precision_is_converted_only_where_it_is_asked_for(ScalarType type)
    {
        DiffusersFiles.WriteWeights(folder.Path, saved, key => key, type);
        var error = Assert.Throws<DiffusersException>(Load);
        Assert.Contains($"holds {type.ToString().ToLowerInvariant()} (", error.Message);
        Assert.Contains("--convert", error.Message);
        AssertUntouched();

        DiffusersFolder.Open(folder.Path).LoadInto(loaded, convert: true);
        using var scope = NewDisposeScope();
        var theirs = loaded.state_dict();
        Assert.All(
            saved.state_dict(), pair => Assert.Equal(pair.Value.to(type).to(float32).bytes.ToArray(), theirs[pair.Key].bytes.ToArray()));
    }

    [Theory]
    [InlineData("""{"norm_eps": 1e-05}""", "norm_eps: 1E-05 in the folder, but 1E-06 in the network")]
    [InlineData("""{"act_fn": "relu"}""", "act_fn: \"relu\" in the folder, but \"silu\" in the network")]
    [InlineData("""{"downsample_padding": 1}""", "downsample_padding: 1 in the folder, but 0 in the network")]
    [InlineData("""{"sample_size": 32}""", "sample_size: 32 in the folder, but 16 in the network")]
    public void A_network_that_differs_in_what_shapes_do_not_show_is_refused(string changes, string told)
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, changes);
        DiffusersFiles.Flat(folder, config, DiffusersFiles.TinyScheduler());
        DiffusersFiles.WriteWeights(folder.Path, saved, key => key);
        Assert.Equal([told], Assert.Throws<DiffusersException>(Load).Reasons);
    }

    [Fact]
    public void Another_diffusion_is_another_network()
    {
        DiffusersFiles.Flat(folder, DiffusersFiles.TinyConfig(), DiffusersFiles.Cifar10Scheduler());
        DiffusersFiles.WriteWeights(folder.Path, saved, key => key);
        Assert.Equal(
            ["variance_type: \"fixed_large\" in the folder, but \"fixed_small\" in the network"],
            Assert.Throws<DiffusersException>(Load).Reasons);
    }

    [Fact]
    public void Dropout_may_differ_since_weights_do_not_depend_on_it()
    {
        var config = DiffusersFiles.TinyConfig();
        DiffusersFiles.Set(config, """{"dropout": 0.1}""");
        DiffusersFiles.Flat(folder, config, DiffusersFiles.TinyScheduler());
        DiffusersFiles.WriteWeights(folder.Path, saved, key => key);
        Load();
        AssertLoaded();
    }

    [Theory]
    [InlineData("diffusion_pytorch_model.bin", "pickled")]
    [InlineData("diffusion_pytorch_model.fp16.safetensors", "a variant of the weights")]
    [InlineData("diffusion_pytorch_model.safetensors.index.json", "in several files")]
    [InlineData(null, "it holds no weights")]
    public void Weights_that_are_not_one_safetensors_file_are_refused_with_advice(string? name, string told)
    {
        if (name is not null)
            folder.Write(name, []);
        Assert.Contains(told, Assert.Throws<DiffusersException>(Load).Message);
    }

    private void Load() => DiffusersFolder.Open(folder.Path).LoadInto(loaded);

    private void AssertLoaded()
    {
        var theirs = loaded.state_dict();
        Assert.All(saved.state_dict(), pair => Assert.Equal(pair.Value.bytes.ToArray(), theirs[pair.Key].bytes.ToArray()));
    }

    private void AssertUntouched() => Assert.NotEqual(saved.conv_in.bias!.bytes.ToArray(), loaded.conv_in.bias!.bytes.ToArray());

    private static string Old(string key) =>
        key.Replace(".to_q.", ".query.").Replace(".to_k.", ".key.").Replace(".to_v.", ".value.").Replace(".to_out.0.", ".proj_attn.");
}
