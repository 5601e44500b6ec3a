using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using UNetGen.Native;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Interop;

/// <summary>Tensors don't fit the module they should be loaded into; the message shows how, in few lines.</summary>
public sealed class StateDictException : UNetGenException
{
    internal StateDictException(string module, StateDictComparison comparison)
        : base($"The tensors don't fit {module}: {StateDictReport.Write(comparison)}{StateDictReport.Remedy(comparison)}") =>
        (Differences, AreOfTypesAlone) = ([.. comparison.Differences], comparison.DiffersInTypesAlone);

    /// <summary>Every difference, one a tensor: those that are missing or unexpected, and shapes and types that differ.</summary>
    public IReadOnlyList<string> Differences { get; }

    /// <summary>Whether names and shapes agree.</summary>
    internal bool AreOfTypesAlone { get; }
}

/// <summary>Moves tensors into modules.</summary>
public static class StateDict
{
    /// <summary>
    /// Copies tensors into a module's parameters and persistent buffers. Names, shapes and types must all agree: unlike
    /// TorchSharp's <c>load_state_dict</c> it never broadcasts, converts or leaves anything out. It waits for drawings by other threads.
    /// </summary>
    /// <param name="module">On any device; it stays there. Unchanged where the tensors don't fit.</param>
    /// <param name="tensors">By the names of the module's <c>state_dict()</c>, in any order; copied, so still the caller's.</param>
    /// <exception cref="ArgumentException">A tensor is null, disposed, sparse, or on the device meta.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network holds averaged weights now (<see cref="Ema.Apply"/>), or is being trained; or it was made within
    /// <c>torch.inference_mode()</c>, and this is outside of it; or it is called while a drawing with the network is observed.
    /// </exception>
    /// <exception cref="StateDictException">Something differs; nothing was copied.</exception>
    /// <exception cref="UNetGenException">
    /// A number is NaN or infinite; or the network's class and the runtime are of two versions.
    /// </exception>
    /// <exception cref="ObjectDisposedException">The module is a network that is disposed.</exception>
    public static void Load(nn.Module module, IReadOnlyDictionary<string, Tensor> tensors)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(tensors);
        RequireCopyable(tensors, nameof(tensors));
        Load(module, tensors, $"What is to be loaded into {module.GetName()}");
        Tell(module, null);
    }

    /// <summary>The same, of tensors that a message can name.</summary>
    internal static void Load(nn.Module module, IReadOnlyDictionary<string, Tensor> tensors, string what)
    {
        var state = Check(module, tensors.Select(pair => (pair.Key, TensorForm.Of(pair.Value))));
        RequireFinite(what, tensors);
        using var alone = NetworkUse.Alone(module);
        Copy(state, tensors);
    }

    /// <summary>
    /// Copies a file's tensors into a module, as <see cref="Load(nn.Module, IReadOnlyDictionary{string, Tensor})"/> does; they are read
    /// only when they are known to fit.
    /// </summary>
    /// <param name="module">On any device; it stays there. Unchanged where the file doesn't fit.</param>
    /// <param name="file">Its names are those of the module's <c>state_dict()</c>, in any order.</param>
    /// <exception cref="InvalidOperationException">As in the other form.</exception>
    /// <exception cref="StateDictException">Something differs; nothing was read or copied.</exception>
    /// <exception cref="UNetGenException">
    /// The file says that its weights are of another spec than the network's, which shapes needn't show; or a number is NaN or infinite; or
    /// the network's class and the runtime are of two versions.
    /// </exception>
    /// <exception cref="SafetensorsException">The file was cut short or changed meanwhile; nothing was copied.</exception>
    /// <exception cref="ObjectDisposedException">The module is a network that is disposed.</exception>
    public static void Load(nn.Module module, SafetensorsFile file)
    {
        ArgumentNullException.ThrowIfNull(module);
        ArgumentNullException.ThrowIfNull(file);
        if (module is NoisePredictor network && NetworkMetadata.HasSpec(file))
            RequireSpec(network.Info, file);
        LoadFile(module, file);
    }

    /// <summary>Shapes that fit say nothing of noise, activations and the like.</summary>
    private static void RequireSpec(NetworkInfo network, SafetensorsFile file)
    {
        var (name, spec, hash) = NetworkMetadata.Read(file, out var problem);
        if (problem is not null)
            throw new UNetGenException(problem);
        if (!hash.Equals(network.SpecHash, StringComparison.OrdinalIgnoreCase))
            throw new UNetGenException(
                $"{file.Path} says that its weights are {Excerpt.Of(name)}'s, of another spec than {network.Name}'s: "
                    + "`Checkpoint.Begin` takes them to begin a training."
                + SpecDifferences.Of(spec, network.Spec));
    }

    /// <summary>The same, whatever network the file says that it is of.</summary>
    internal static void LoadFile(nn.Module module, SafetensorsFile file)
    {
        var state = Check(module, Forms(file));
        using var scope = NewDisposeScope();
        var tensors = file.ReadAll();
        RequireFinite(file.Path, tensors);
        using var alone = NetworkUse.Alone(module);
        Copy(state, tensors);
        Tell(module, NetworkMetadata.AreBounded(file));
    }

    /// <summary>Copies a file's tensors into those given, under the same rules; they are read only when they are known to fit.</summary>
    /// <param name="what">Whose they are, for the message.</param>
    /// <param name="targets">Not parameters of a module.</param>
    /// <param name="file">Has the targets' names, in any order.</param>
    /// <exception cref="StateDictException">Something differs; nothing was read or copied.</exception>
    internal static void Load(string what, IReadOnlyDictionary<string, Tensor> targets, SafetensorsFile file)
    {
        RequireFit(what, targets, file);
        using var scope = NewDisposeScope();
        var tensors = file.ReadAll();
        RequireFinite(file.Path, tensors);
        Copy(targets, tensors);
    }

    /// <summary>Looks whether a file's tensors fit those given, before any is read.</summary>
    internal static void RequireFit(string what, IReadOnlyDictionary<string, Tensor> targets, SafetensorsFile file) =>
        Compare(what, targets, Forms(file));

    /// <summary>Copies a file's tensors under the same rules, but for some that may be missing, too many or of another shape.</summary>
    /// <param name="module">On any device. What the file has nothing for keeps its values.</param>
    /// <param name="file">Its names are those of the module's <c>state_dict()</c>, in any order.</param>
    /// <param name="mayDiffer">Of which keys that is.</param>
    /// <returns>Those that differ, the module's and the file's.</returns>
    /// <exception cref="StateDictException">Others differ; nothing was read or copied.</exception>
    /// <exception cref="InvalidOperationException">Averaged weights are in the module now.</exception>
    internal static IReadOnlyList<string> LoadBut(NoisePredictor module, SafetensorsFile file, Predicate<string> mayDiffer)
    {
        BorrowedWeights.RequireNone(module, "load");
        NetworkUse.RequireNotTrained(module);
        var state = module.state_dict();
        CheckManifest(module, state);
        var comparison = new StateDictComparison(state.Select(pair => (pair.Key, TensorForm.Of(pair.Value))), Forms(file));
        string[] differing = [.. comparison.Missing, .. comparison.OfOtherShape, .. comparison.Unexpected, .. comparison.OfOtherType];
        if (!differing.All(key => mayDiffer(key)) || comparison.OfOtherType.Count > 0)
            throw new StateDictException(module.GetName(), comparison);
        using var scope = NewDisposeScope();
        var tensors = file.ReadAll();
        RequireFinite(file.Path, tensors);
        foreach (var key in differing)
            state.Remove(key);
        using var alone = NetworkUse.Alone(module);
        Copy(state, tensors);
        return differing;
    }

    /// <summary>
    /// Writes a network's parameters and persistent buffers to a safetensors file under their own keys, PyTorch's, for PyTorch's
    /// <c>load_state_dict</c>. The metadata holds the network's name and whole spec, so that <see cref="Checkpoint.Open"/> takes the file
    /// as well.
    /// </summary>
    /// <param name="path">The file; an existing one is replaced, whole or not at all.</param>
    /// <param name="network">On any device.</param>
    /// <param name="doubts">
    /// What speaks against drawing with these weights, <see cref="Checkpoint.Doubts"/> of where they come from; it is the file's then.
    /// </param>
    /// <exception cref="UNetGenException">
    /// A weight is NaN or infinite. Where such weights are wanted, as to look into them,
    /// <see cref="SafetensorsFile.Write(string, IEnumerable{KeyValuePair{string, Tensor}}, IReadOnlyDictionary{string, string}?)"/> writes
    /// them.
    /// </exception>
    /// <exception cref="IOException">It can't be written.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public static void Save(string path, NoisePredictor network, IReadOnlyList<string>? doubts = null) =>
        Save(path, network, doubts, hooks: null);

    /// <summary>The same of weights that another class was trained to.</summary>
    /// <param name="path">The file.</param>
    /// <param name="network">Holds the weights.</param>
    /// <param name="doubts">What speaks against drawing with them, a sentence each; null: nothing.</param>
    /// <param name="hooks">What that class had of <see cref="NoisePredictor.HookNames"/>; null: it is the network's.</param>
    internal static void Save(string path, NoisePredictor network, IReadOnlyList<string>? doubts, IReadOnlyList<string>? hooks)
    {
        ArgumentNullException.ThrowIfNull(network);
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        NetworkUse.Reading(network, () =>
        {
            var tensors = network.state_dict();
            RequireCopyable(tensors, nameof(network));
            RequireFinite(network.Info.Name, tensors);
            SafetensorsFile.Write(path, tensors, TensorSum.Added(NetworkMetadata.Of(network, doubts ?? [], hooks), tensors));
            return true;
        });
    }

    /// <summary>Refuses tensors whose numbers can't be copied.</summary>
    internal static void RequireCopyable(IReadOnlyDictionary<string, Tensor> tensors, string parameter)
    {
        if (tensors.FirstOrDefault(pair => ReadableTensor.FaultOf(pair.Value) is not null) is { Key: { } key, Value: var wrong })
            throw new ArgumentException($"The tensor of '{key}' {ReadableTensor.FaultOf(wrong)}.", parameter);
    }

    /// <summary>
    /// A network in which a weight is no number draws none: it is told where the weight comes from, and not where the pictures go to.
    /// </summary>
    internal static void RequireFinite(string what, IReadOnlyDictionary<string, Tensor> tensors)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        var floating = tensors.Where(pair => pair.Value.is_floating_point() && pair.Value.numel() > 0).ToList();
        if (floating.Count == 0 || stack([.. floating.Select(pair => pair.Value.isfinite().all())]).all().item<bool>())
            return;
        var counts = floating
            .Select(pair => (pair.Key, Bad: pair.Value.isfinite().logical_not().sum().item<long>(), All: pair.Value.numel()))
            .Where(found => found.Bad > 0).ToList();
        var (key, bad, all) = counts[0];
        throw NotFinite(what, key, bad, all, counts.Count - 1);
    }

    /// <param name="what">Whose weights they are.</param>
    /// <param name="key">Of a tensor.</param>
    /// <param name="bad">How many of its numbers are NaN or infinite.</param>
    /// <param name="all">How many it has.</param>
    /// <param name="others">How many more tensors have such numbers.</param>
    internal static UNetGenException NotFinite(string what, string key, long bad, long all, int others) => new(
        string.Create(CultureInfo.InvariantCulture,
            $"{what} holds numbers that are NaN or infinite: {bad:N0} of {all:N0} in '{Excerpt.Of(key)}'{(others > 0 ? $", and some in {others:N0} more tensors" : "")}. "
            + $"The training that gave them had diverged; take the weights of an earlier step."));

    /// <summary>The module's own tensors, if the given ones fit them.</summary>
    private static Dictionary<string, Tensor> Check(nn.Module module, IEnumerable<(string Key, TensorForm Form)> given)
    {
        BorrowedWeights.RequireNone(module, "load");
        NetworkUse.RequireNotTrained(module);
        var state = module.state_dict();
        if (module is NoisePredictor network)
            CheckManifest(network, state);
        Compare(module.GetName(), state, given);
        return state;
    }

    private static void Compare(string what, IReadOnlyDictionary<string, Tensor> targets, IEnumerable<(string Key, TensorForm Form)> given)
    {
        var comparison = new StateDictComparison(targets.Select(pair => (pair.Key, TensorForm.Of(pair.Value))), given);
        if (!comparison.Fits)
            throw new StateDictException(what, comparison);
    }

    private static IEnumerable<(string Key, TensorForm Form)> Forms(SafetensorsFile file) =>
        file.Entries.Select(entry => (entry.Name, new TensorForm(entry.DType, entry.Shape)));

    /// <summary>
    /// The manifest is what the class was generated for, and the live module what its blocks made of it. Where it has more, the user's own
    /// blocks or hooks have added it; what the manifest lists must be there.
    /// </summary>
    private static void CheckManifest(NoisePredictor network, Dictionary<string, Tensor> state)
    {
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        var manifest = network.Info.StateDict;
        var live = manifest.Where(entry => state.ContainsKey(entry.Key)).Select(entry => (entry.Key, TensorForm.Of(state[entry.Key])));
        // A network may have been moved to another type.
        var listed = manifest.Select(
            entry => (entry.Key, new TensorForm(state.TryGetValue(entry.Key, out var tensor) ? tensor.dtype : entry.DType, entry.Shape)));
        var comparison = new StateDictComparison(listed, live);
        if (!comparison.Fits)
            throw new UNetGenException(
                $"The blocks of {network.Info.Name} aren't those that it was generated for; are UNetGen and UNetGen.Runtime of one "
                    + $"version? {StateDictReport.Write(comparison)}");
    }

    private static void Tell(nn.Module module, bool? isBounded)
    {
        if (module is NoisePredictor network)
            (network.IsBounded, network.HasLearntNone) = (isBounded, null);
    }

    private static void Copy(IReadOnlyDictionary<string, Tensor> state, IReadOnlyDictionary<string, Tensor> tensors)
    {
        RequireCopyable(state, "module");
        using var _ = no_grad();
        InferenceWeights.Explained(() =>
        {
            foreach (var (key, target) in state)
                target.copy_(tensors[key]);
        });
    }

    /// <summary>SHA-256 over keys, types, shapes and values: whatever file they came from, and on whatever device they are.</summary>
    internal static byte[] Hash(IEnumerable<(string Key, Tensor Value)> entries) => Hash(entries.Select(
        entry => (entry.Key, TensorForm.Of(entry.Value), (Func<byte[]>)(() =>
        {
            using var scope = NewDisposeScope();
            return entry.Value.detach().cpu().contiguous().bytes.ToArray();
        }))));

    /// <summary>The same of values as they lie in files.</summary>
    internal static byte[] Hash(IEnumerable<(string Key, TensorForm Form, Func<byte[]> Bytes)> entries)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        foreach (var (key, form, bytes) in entries)
        {
            hash.AppendData(Encoding.UTF8.GetBytes($"{key} {form.DType} {form.Dimensions}\n"));
            hash.AppendData(bytes());
        }
        return hash.GetHashAndReset();
    }
}
