using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>A tensor's type and shape.</summary>
internal sealed record TensorForm(ScalarType DType, IReadOnlyList<long> Shape)
{
    public string TypeName => DType.ToString().ToLowerInvariant();

    public string Dimensions => $"[{string.Join(", ", Shape)}]";

    public static TensorForm Of(Tensor tensor) => new(tensor.dtype, tensor.shape);

    public bool HasShapeOf(TensorForm other) => Shape.SequenceEqual(other.Shape);

    public override string ToString() => $"{TypeName} {Dimensions}";
}

/// <summary>What a module's state_dict expects against what there is, key by key.</summary>
internal sealed class StateDictComparison
{
    private readonly OrderedDictionary<string, TensorForm> expected = [];
    private readonly OrderedDictionary<string, TensorForm> given = [];

    public StateDictComparison(IEnumerable<(string Key, TensorForm Form)> expected, IEnumerable<(string Key, TensorForm Form)> given)
    {
        foreach (var (key, form) in expected)
            this.expected.Add(key, form);
        foreach (var (key, form) in given)
            this.given.Add(key, form);
        Missing = [.. Expected.Keys.Where(key => !Given.ContainsKey(key))];
        Unexpected = [.. Given.Keys.Where(key => !Expected.ContainsKey(key))];
        OfOtherShape = [.. Expected.Keys.Where(key => Given.TryGetValue(key, out var form) && !form.HasShapeOf(Expected[key]))];
        OfOtherType = [
            .. Expected.Keys.Where(
                key => Given.TryGetValue(key, out var form) && form.HasShapeOf(Expected[key]) && form.DType != Expected[key].DType)];
    }

    public IReadOnlyDictionary<string, TensorForm> Expected => expected;

    public IReadOnlyDictionary<string, TensorForm> Given => given;

    public IReadOnlyList<string> Missing { get; }

    public IReadOnlyList<string> Unexpected { get; }

    public IReadOnlyList<string> OfOtherShape { get; }

    /// <summary>Of the right shape.</summary>
    public IReadOnlyList<string> OfOtherType { get; }

    public bool Fits => Missing.Count + Unexpected.Count + OfOtherShape.Count + OfOtherType.Count == 0;

    public bool DiffersInTypesAlone => OfOtherType.Count > 0 && Missing.Count + Unexpected.Count + OfOtherShape.Count == 0;

    /// <summary>One line each, in the module's order, what is unexpected last.</summary>
    public IEnumerable<string> Differences => Expected.Keys
        .Where(key => !Given.TryGetValue(key, out var form) || !form.HasShapeOf(Expected[key]) || form.DType != Expected[key].DType)
        .Select(key => Given.TryGetValue(key, out var form) ? $"{key} is {form}, not {Expected[key]}" : $"{key} {Expected[key]} is missing")
        .Concat(Unexpected.Select(key => $"{key} {Given[key]} is unexpected"));
}
