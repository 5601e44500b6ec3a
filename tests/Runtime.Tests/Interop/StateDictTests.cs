using TorchSharp;
using UNetGen.Interop;
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
                "0.weight has another shape: [1, 3] Float32 given, [2, 3] Float32 expected",
                "0.bias is missing: [2] Float32",
                "1.bias has another type: [2] Float16 given, [2] Float32 expected",
                "extra is unexpected: [1] Float32",
            ],
            refusal.Differences);
        Assert.All(refusal.Differences, difference => Assert.Contains(difference, refusal.Message));
        Assert.All(module.state_dict(), pair => Assert.True(pair.Value.eq(before[pair.Key]).all().item<bool>()));
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
    public void A_long_list_of_differences_is_cut_in_the_message_alone()
    {
        using var module = Module();
        var tensors = module.state_dict();
        for (int i = 0; i < 50; i++)
            tensors[$"extra{i}"] = ones(1);
        var refusal = Assert.Throws<StateDictException>(() => StateDict.Load(module, tensors));
        Assert.Equal(50, refusal.Differences.Count);
        Assert.EndsWith("and 30 more differences", refusal.Message);
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

    private static TorchSharp.Modules.Sequential Module() => nn.Sequential(nn.Linear(3, 2), nn.BatchNorm1d(2));
}
