using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Weights;

/// <summary>The weights of a live network, wherever it is.</summary>
internal sealed class ModuleWeights(NoisePredictor network) : WeightSource
{
    private readonly Dictionary<string, Tensor> state = network.state_dict();

    public override string Name => network.Info.Name;

    public override IEnumerable<(string Key, TensorForm Form)> Forms => state.Select(pair => (pair.Key, TensorForm.Of(pair.Value)));

    protected override float[] ReadAny(string key)
    {
        using var scope = NewDisposeScope();
        return state[key].detach().cpu().to(ScalarType.Float32).contiguous().data<float>().ToArray();
    }
}
