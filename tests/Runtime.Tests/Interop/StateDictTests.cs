using TorchSharp;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Sampling;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop;

public sealed class StateDictTests : IDisposable
{
    private readonly DisposeScope scope = NewDisposeScope();

    public void Dispose() => scope.Dispose();

    [Fact]
    public void Tensors_that_fit_are_copied_into_parameters_and_buffers()
    {
        using var module = Module();
        var tensors = module.state_dict().ToDictionary(pair => pair.Key, pair => full(pair.Value.shape, 3, dtype: pair.Value.dtype));

        StateDict.Load(module, tensors);

        Assert.Contains("1.running_mean", module.state_dict().Keys);
        Assert.All(module.state_dict().Values, tensor => Assert.True(tensor.eq(3).all().item<bool>()));
        Assert.All(module.parameters(), parameter => Assert.True(parameter.requires_grad));
        tensors["0.weight"].fill_(5);
        Assert.True(module.state_dict()["0.weight"].eq(3).all().item<bool>());
    }

    [Fact]
    public void A_file_that_says_that_it_is_of_another_spec_is_not_loaded_though_its_shapes_fit()
    {
        using var folder = new TemporaryFolder();
        using TwoConvNet saved = new(), same = new(), other = new(name: "OtherNet");
        StateDict.Save(folder.File("weights.safetensors"), saved);
        using var file = SafetensorsFile.Open(folder.File("weights.safetensors"));

        StateDict.Load(same, file);
        var error = Assert.Throws<UNetGenException>(() => StateDict.Load(other, file)).Message;

        Assert.Contains("says that its weights are TwoConvNet's, of another spec than OtherNet's: `Checkpoint.Begin` takes them", error);
        Assert.Contains("checkpoint: name: TwoConvNet", error);
    }

    [Fact]
    public void Every_difference_is_listed_and_nothing_is_copied()
    {
        using var module = Module();
        var before = module.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        var tensors = module.state_dict().ToDictionary(pair => pair.Key, pair => full(pair.Value.shape, 3, dtype: pair.Value.dtype));
        tensors.Remove("0.bias");
        tensors["extra"] = ones(1);
        tensors["0.weight"] = ones(1, 3);
        tensors["1.bias"] = ones(2, dtype: float16);

        var refusal = Assert.Throws<StateDictException>(() => StateDict.Load(module, tensors));

        Assert.Equal(
            [
                "0.weight is float32 [1, 3], not float32 [2, 3]",
                "0.bias float32 [2] is missing",
                "1.bias is float16 [2], not float32 [2]",
                "extra float32 [1] is unexpected",
            ],
            refusal.Differences);
        Assert.Equal(
            """
            The tensors don't fit torch::nn::SequentialImpl: 4 of 7 entries agree.
              missing:
                0.bias float32 [2]
              unexpected:
                extra float32 [1]
              of another shape:
                0.weight  [1, 3]  expected [2, 3]
              of another type:
                1.bias: float16, expected float32
            Convert them first, as by `tensor.to(torch.float32)`, which is the same in Python and C#.
            """.ReplaceLineEndings("\n"),
            refusal.Message);
        Assert.All(module.state_dict(), pair => Assert.True(pair.Value.eq(before[pair.Key]).all().item<bool>()));
    }

    [Fact]
    public void Weights_of_a_wrapper_are_told_with_how_to_unwrap_them()
    {
        using var module = Module();
        var tensors = module.state_dict().ToDictionary(pair => $"module.{pair.Key}", pair => pair.Value);

        Assert.EndsWith(
            "\nTake 'module.' off the keys first, as by `key.removeprefix('module.')` in Python.",
            Assert.Throws<StateDictException>(() => StateDict.Load(module, tensors)).Message);
    }

    [Fact]
    public void A_scalar_is_not_spread_over_a_vector()
    {
        using var module = Module();
        var tensors = module.state_dict();
        tensors["1.weight"] = tensor(3f);
        Assert.Throws<StateDictException>(() => StateDict.Load(module, tensors));
    }

    [Fact]
    public void Nothing_to_load_is_told_by_the_arguments_name()
    {
        using var module = Module();
        Assert.Throws<ArgumentNullException>("file", () => StateDict.Load(module, (SafetensorsFile)null!));
    }

    [Fact]
    public void Tensors_without_numbers_of_their_own_are_refused()
    {
        using var module = Module();
        var tensors = module.state_dict();
        tensors["1.weight"] = ones(2, device: META);

        Assert.StartsWith(
            "The tensor of '1.weight' is on the device meta, so that it has a shape and no numbers.",
            Assert.Throws<ArgumentException>("tensors", () => StateDict.Load(module, tensors)).Message);
    }

    [Fact]
    public void A_network_without_numbers_is_neither_loaded_nor_saved_nor_trained_nor_drawn_with()
    {
        using var folder = new TemporaryFolder();
        using var network = new TwoConvNet();
        var tensors = network.state_dict().ToDictionary(entry => entry.Key, entry => entry.Value.clone());
        network.to(META);

        const string fault = "The tensor of 'conv1.weight' is on the device meta, so that it has a shape and no numbers.";
        foreach (var (parameter, act) in new (string, Action)[]
        {
            ("module", () => StateDict.Load(network, tensors)),
            ("network", () => StateDict.Save(folder.File("a.safetensors"), network)),
            ("network", () => _ = new Trainer(network, new ShapesSource(1, 8, 8), new() { Steps = 1 })),
            ("network", () => new DdimSampler(2).Sample(network, new())),
        })
            Assert.StartsWith(fault, Assert.Throws<ArgumentException>(parameter, act).Message);
    }

    [Fact]
    public void A_class_whose_blocks_are_not_those_it_was_generated_for_says_so()
    {
        using var network = new OneConvNet(
            new StateDictManifest("conv.weight float32 [4, 1, 5, 5]\nconv.bias float32 [4]\nconv.scale float32 [1]"));
        Assert.Equal(
            """
            The blocks of OneConvNet aren't those that it was generated for; are UNetGen and UNetGen.Runtime of one version? 1 of 3 entries agree.
              missing:
                conv.scale float32 [1]
              of another shape:
                conv.weight  [4, 1, 3, 3]  expected [4, 1, 5, 5]
            """.ReplaceLineEndings("\n"),
            Assert.Throws<UNetGenException>(() => StateDict.Load(network, network.state_dict())).Message);
    }

    [Fact]
    public void What_a_network_has_beyond_its_manifest_is_loaded_as_well_in_whatever_type_it_is()
    {
        using var network = new OneConvNet(new StateDictManifest("conv.weight float32 [4, 1, 3, 3]"));
        network.to(ScalarType.Float64);
        var tensors = network.state_dict().ToDictionary(pair => pair.Key, pair => full_like(pair.Value, 3));
        StateDict.Load(network, tensors);
        Assert.True(network.state_dict()["conv.bias"].eq(3).all().item<bool>());
        tensors.Remove("conv.bias");
        Assert.Equal(
            ["conv.bias float64 [4] is missing"], Assert.Throws<StateDictException>(() => StateDict.Load(network, tensors)).Differences);
    }

    [Fact]
    public void A_file_that_does_not_fit_is_refused_by_its_header()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("one.safetensors");
        using var module = Module();
        SafetensorsFile.Write(path, module.state_dict().Where(pair => pair.Key != "0.bias"));
        using var file = SafetensorsFile.Open(path);
        // Whoever reads a tensor now finds the file cut short.
        using (var stream = new FileStream(path, FileMode.Open))
            stream.SetLength(stream.Length - 1);
        Assert.Throws<StateDictException>(() => StateDict.Load(module, file));
    }

    [Fact]
    public void Loading_leaves_no_tensors_behind()
    {
        using var module = Module();
        var tensors = module.state_dict().ToDictionary(pair => pair.Key, pair => pair.Value.clone());
        long before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        StateDict.Load(module, tensors);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void A_file_that_fits_is_loaded_and_leaves_no_tensors_behind()
    {
        using var folder = new TemporaryFolder();
        var path = folder.File("one.safetensors");
        using var module = Module();
        SafetensorsFile.Write(path, module.state_dict().ToDictionary(pair => pair.Key, pair => full_like(pair.Value, 3)));
        using var file = SafetensorsFile.Open(path);
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        StateDict.Load(module, file);
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
        Assert.All(module.state_dict().Values, tensor => Assert.True(tensor.eq(3).all().item<bool>()));
    }

    private static TorchSharp.Modules.Sequential Module() => nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2));

    private sealed class OneConvNet : NoisePredictor
    {
        public OneConvNet(StateDictManifest manifest) : base(nameof(OneConvNet))
        {
            Info = FunctionPredictor.ToyInfo(nameof(OneConvNet), 1, 8) with { StateDict = manifest };
            register_module("conv", nn.Conv2d(1, 4, 3));
        }

        public override NetworkInfo Info { get; }

        public override DiffusionOptions Diffusion => new();

        public override Tensor forward(Tensor x, Tensor timesteps) => throw new NotSupportedException();
    }
}
