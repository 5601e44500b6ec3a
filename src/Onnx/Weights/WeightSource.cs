using UNetGen.Interop;
using UNetGen.Networks;

namespace UNetGen.Onnx.Weights;

/// <summary>A state dict of which tensors are read one by one, as float32.</summary>
internal abstract class WeightSource
{
    private Dictionary<string, int[]>? shapes;

    /// <summary>Where it comes from, for messages.</summary>
    public abstract string Name { get; }

    /// <summary>What there is.</summary>
    public abstract IEnumerable<(string Key, TensorForm Form)> Forms { get; }

    /// <summary>The sizes of a tensor.</summary>
    public int[] ShapeOf(string key) => (shapes ??= Forms.ToDictionary(
        pair => pair.Key, pair => pair.Form.Shape.Select(size => (int)size).ToArray()))[key];

    /// <summary>A tensor's numbers, row by row.</summary>
    /// <exception cref="UNetGenException">They can't be read, or are no finite numbers.</exception>
    public float[] Read(string key)
    {
        var numbers = ReadAny(key);
        var bad = numbers.Count(number => !float.IsFinite(number));
        return bad == 0 ? numbers : throw StateDict.NotFinite(Name, key, bad, numbers.Length, others: 0);
    }

    /// <summary>Checks that there is what a network has, and nothing else, whatever type of floating-point numbers it is in.</summary>
    /// <exception cref="StateDictException">Something differs; all differences are listed.</exception>
    public void RequireAllOf(string network, StateDictManifest manifest)
    {
        var given = Forms.ToList();
        var types = given.ToDictionary(pair => pair.Key, pair => pair.Form.DType);
        var comparison = new StateDictComparison(
            manifest.Select(entry => (entry.Key, new TensorForm(types.GetValueOrDefault(entry.Key, entry.DType), entry.Shape))), given);
        if (!comparison.Fits)
            throw new StateDictException(network, comparison);
    }

    /// <summary>The same, whatever they are.</summary>
    protected abstract float[] ReadAny(string key);
}
