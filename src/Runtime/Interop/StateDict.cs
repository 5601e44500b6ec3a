using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>Tensors don't fit the module they should be loaded into; the message lists the differences.</summary>
public sealed class StateDictException : UNetGenException
{
    private const int Shown = 20;

    internal StateDictException(string module, IReadOnlyList<string> differences)
        : base($"The tensors don't fit {module}:\n" + string.Join('\n', differences.Take(Shown).Select(difference => "  " + difference))
            + (differences.Count > Shown ? $"\n  and {differences.Count - Shown} more differences" : "")) => Differences = differences;

    /// <summary>Every difference: tensors that are missing or unexpected, shapes and types that differ.</summary>
    public IReadOnlyList<string> Differences { get; }
}

/// <summary>Moves tensors into modules.</summary>
public static class StateDict
{
    /// <summary>
    /// Copies tensors into a module's parameters and persistent buffers. Names, shapes and types must all agree: unlike
    /// TorchSharp's <c>load_state_dict</c> it never broadcasts, converts or leaves anything out.
    /// </summary>
    /// <param name="module">On any device; it stays there. Unchanged where the tensors don't fit.</param>
    /// <param name="tensors">By the names of the module's <c>state_dict()</c>, in any order; copied, so still the caller's.</param>
    /// <exception cref="StateDictException">Something differs; nothing was copied.</exception>
    public static void Load(nn.Module module, IReadOnlyDictionary<string, Tensor> tensors)
    {
        var state = module.state_dict();
        var differences = new List<string>();
        foreach (var (name, target) in state)
        {
            if (!tensors.TryGetValue(name, out var tensor))
                differences.Add($"{name} is missing: {Describe(target)}");
            else if (!tensor.shape.AsSpan().SequenceEqual(target.shape))
                differences.Add($"{name} has another shape: {Describe(tensor)} given, {Describe(target)} expected");
            else if (tensor.dtype != target.dtype)
                differences.Add($"{name} has another type: {Describe(tensor)} given, {Describe(target)} expected");
        }
        differences.AddRange(tensors.Where(pair => !state.ContainsKey(pair.Key)).Select(pair => $"{pair.Key} is unexpected: {Describe(pair.Value)}"));
        if (differences.Count > 0)
            throw new StateDictException(module.GetName(), differences);

        using var _ = no_grad();
        foreach (var (name, target) in state)
            target.copy_(tensors[name]);
    }

    private static string Describe(Tensor tensor) => $"[{string.Join(", ", tensor.shape)}] {tensor.dtype}";
}
