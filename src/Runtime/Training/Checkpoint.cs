using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Interop;
using UNetGen.Networks;
using static TorchSharp.torch;
using Color = System.Drawing.Color;

namespace UNetGen.Training;

/// <summary>
/// A training on disk: a folder with <c>weights.safetensors</c> (the last step's), <c>ema.safetensors</c> (averaged, with which to draw),
/// <c>optimizer.safetensors</c>, <c>checkpoint.json</c> and <c>checkpoint.sha256</c>. Each safetensors file can stand alone: the network's
/// name and its whole spec are in its metadata. A <see cref="CheckpointStore"/> writes them.
/// </summary>
public sealed partial class Checkpoint
{
    // Of the families' embeddings of classes, which are as large as their number.
    private static readonly string[] LabelEmbeddings = ["label_emb.weight", "class_embedding.weight"];

    private readonly IReadOnlyDictionary<string, string> files;

    /// <summary>Of the checkpoint that the files are of, also where one of them was opened by itself.</summary>
    private readonly CheckpointInfo? whole;

    /// <summary>What a file says of itself; that of a checkpoint says it better.</summary>
    private readonly IReadOnlyList<string> written;

    /// <summary>The same of what a file says of the images that its weights were trained on.</summary>
    private readonly bool? writtenBounded;

    /// <summary>What a file that was opened by itself is called in its checkpoint, whatever a link to it is called.</summary>
    private readonly string? origin;

    private Checkpoint(
        string path, (string Network, string Spec, string SpecHash) network, IReadOnlyDictionary<string, string> files,
        CheckpointInfo? info, CheckpointInfo? whole, IReadOnlyList<string>? written = null, bool? writtenBounded = null,
        string? origin = null)
    {
        (this.whole, this.written, this.writtenBounded, this.origin) = (whole, written ?? [], writtenBounded, origin);
        Path = path;
        (Network, Spec, SpecHash) = network;
        this.files = files;
        Info = info;
    }

    /// <summary>The checkpoint's folder, or the file that stands alone.</summary>
    public string Path { get; }

    /// <summary>The class of the network that was trained.</summary>
    public string Network { get; }

    /// <summary>Its whole spec, <see cref="NetworkInfo.Spec"/>.</summary>
    public string Spec { get; }

    /// <summary>Its hash, <see cref="NetworkInfo.SpecHash"/>.</summary>
    public string SpecHash { get; }

    /// <summary>
    /// How it was trained, and what is needed to go on; null for a file that stands alone, with which no training goes on.
    /// </summary>
    public CheckpointInfo? Info { get; }

    /// <summary>
    /// What speaks against drawing with it, a sentence each: averages that were still the first weights, steps that were skipped, or moved
    /// no weight. Of a file that was opened by itself, what concerns its weights: those of the last step are no average. A file that lies
    /// outside of its checkpoint has it in its metadata; those of earlier versions say nothing.
    /// </summary>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    public IReadOnlyList<string> Doubts => DoubtsOf(null);

    /// <summary>
    /// The names of the classes that it was trained on, by label; empty where the data has none. Null where nothing says: of a file that
    /// lies outside of its checkpoint, and of earlier versions' checkpoints. A network that knows one more has a last class for none.
    /// </summary>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    public IReadOnlyList<string>? Classes => whole is null ? null : Trainer.StateOf(Path, whole).Data?.Classes;

    /// <summary>
    /// What the network was trained to make images from, as <see cref="DataIdentity.Condition"/> of its data says; null: from
    /// nothing, or it doesn't say, as a file alone.
    /// </summary>
    public string? Condition => whole is null ? null : Trainer.StateOf(Path, whole).Data?.Condition;

    /// <summary>
    /// What lay behind the transparent pixels of the pictures that it was trained on, as <see cref="ImageFolderSource.Open"/> took it; so
    /// should lie what is drawn from. Null: black, or nothing says, as of a file alone.
    /// </summary>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    public Color? Background => whole is not null && Trainer.StateOf(Path, whole).Data?.Background is { } background
        ? BackgroundText.Read(background)
        : null;

    /// <summary>
    /// Whether the images that it was trained on have values in [-1, 1], as pictures do and latents don't,
    /// <see cref="DataIdentity.IsBounded"/>. Null where nothing says: of earlier versions' checkpoints and files.
    /// </summary>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    public bool? IsBounded => whole is null ? writtenBounded : Trainer.StateOf(Path, whole).Data?.IsBounded;

    /// <summary>
    /// In which form the network computed in training, <see cref="NoisePredictor.Kernels"/>: with another, results are the same to
    /// rounding. Null where nothing says, as of a file alone and of earlier versions' checkpoints.
    /// </summary>
    /// <exception cref="CheckpointException">It holds the state of a training that this version doesn't know.</exception>
    public KernelForm? Kernels => whole is null ? null : Trainer.StateOf(Path, whole).Kernels;

    /// <summary>What it holds: <c>weights</c>, <c>ema</c>, <c>optimizer</c> and the like.</summary>
    public IReadOnlyCollection<string> Stems => [.. files.Keys];

    /// <summary>What is drawn with where nothing else is asked for.</summary>
    internal string DefaultStem => files.Count == 1 ? Stems.Single() : files.ContainsKey("ema") ? "ema" : "weights";

    /// <summary>Opens some of its tensors; they are read when asked for.</summary>
    /// <param name="stem">One of <see cref="Stems"/>.</param>
    /// <exception cref="CheckpointException">It has none of that name, or the file can't be read.</exception>
    public SafetensorsFile Tensors(string stem)
    {
        if (!files.TryGetValue(stem, out var path))
            throw new CheckpointException($"The checkpoint {Path} has no '{stem}'; it has {string.Join(", ", Stems)}.");
        return Explained(path, () => SafetensorsFile.Open(path));
    }

    /// <summary>The tensors of weights; null is <see cref="DefaultStem"/>.</summary>
    /// <exception cref="CheckpointException">It has none of that name, or they are no weights.</exception>
    internal SafetensorsFile Weights(string? which)
    {
        var stem = which ?? DefaultStem;
        if (whole is not null && files.ContainsKey(stem) && !Trainer.HoldsWeights(origin ?? stem))
            throw new CheckpointException(
                $"'{origin ?? stem}' of the checkpoint {Path} is no network's weights, but what its training goes on with. Weights are in "
                    + $"{string.Join(", ", whole.Files.Keys.Select(StemOf).Where(Trainer.HoldsWeights))}.");
        return Tensors(stem);
    }

    /// <summary>
    /// What stood for no context when it was trained, [1, tokens, width], float32, which guidance leads away from, as
    /// <see cref="Sampling.SamplingOptions.NegativeContext"/> takes it: the caller's to dispose. Null where nothing says, as of a network
    /// without a context, of a training that dropped none, and of a file that stands alone.
    /// </summary>
    /// <exception cref="CheckpointException">The file can't be read.</exception>
    public Tensor? NullContext()
    {
        if (!files.TryGetValue(Trainer.ContextFile, out var path))
            return null;
        using var file = Tensors(Trainer.ContextFile);
        return Explained(path, () =>
        {
            if (file.Entries.FirstOrDefault(entry => entry.Name == Trainer.NullContextKey) is not { } entry)
                return null;
            using var read = file.Read(entry);
            return read.unsqueeze(0);
        });
    }

    /// <summary>Puts weights into a network of the same spec, on whatever device it is.</summary>
    /// <param name="network">Unchanged where they don't fit.</param>
    /// <param name="which">
    /// One of <see cref="Stems"/> that holds weights; null is the averaged weights, the trained ones where none are averaged, or the file
    /// that stands alone.
    /// </param>
    /// <exception cref="CheckpointException">It is another network, or one of another type, or has no such weights.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network was made within <c>torch.inference_mode()</c>, and this is outside of it; or it holds averaged weights now.
    /// </exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    /// <exception cref="InvalidOperationException">Averaged weights are in the network now (<see cref="Ema.Apply"/>).</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public void LoadInto(NoisePredictor network, string? which = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        RequireSpecOf(network.Info);
        LoadWeights(network, which);
    }

    /// <summary>
    /// As <see cref="LoadInto"/>, of a network that was made of this checkpoint's own spec, which an earlier version may have written.
    /// </summary>
    internal void LoadWeights(NoisePredictor network, string? which = null)
    {
        using var file = Weights(which);
        try
        {
            Explained(file.Path, () =>
            {
                StateDict.LoadFile(network, file);
                return true;
            });
        }
        catch (CheckpointException error) when (error.InnerException is StateDictException differences && DoubtOf(network) is { } lack)
        {
            throw new CheckpointException($"{file.Path} can't be loaded: {lack} {differences.Message}", error);
        }
        network.IsBounded = IsBounded;
        network.HasLearntNone = HasLearntNone(network.Info.NumClasses);
    }

    /// <summary>Lets a network that was made of this checkpoint's spec compute as the training did, which no effective spec says.</summary>
    internal void SetKernels(NoisePredictor network) => network.Kernels = Kernels ?? network.Kernels;

    /// <summary>
    /// Puts weights into a network that begins a new training with them, which may be another one as far as its tensors are the same: a
    /// spec with another size of images, other noise or other classes. The embedding of other classes keeps its first values.
    /// </summary>
    /// <param name="network">On any device; unchanged where they don't fit.</param>
    /// <param name="which">As <see cref="LoadInto"/> has it.</param>
    /// <returns>What is otherwise than it was there, a sentence each; none where the specs are the same.</returns>
    /// <exception cref="StateDictException">Tensors differ beside the classes'; all differences are listed.</exception>
    /// <exception cref="CheckpointException">It has no such weights.</exception>
    /// <exception cref="InvalidOperationException">
    /// The network was made within <c>torch.inference_mode()</c>, and this is outside of it.
    /// </exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    /// <exception cref="InvalidOperationException">Averaged weights are in the network now (<see cref="Ema.Apply"/>).</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    public IReadOnlyList<string> Begin(NoisePredictor network, string? which = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        using var file = Weights(which);
        var differing = StateDict.LoadBut(network, file, IsOfClasses);
        network.IsBounded = IsBounded;
        network.HasLearntNone = differing.Any(IsOfClasses) ? null : HasLearntNone(network.Info.NumClasses);
        return
        [
            .. differing.Select(key => network.state_dict().ContainsKey(key)
                ? $"{key} begins anew: it has other classes, or none, in {Path}."
                : $"{key} isn't taken over: {network.Info.Name} has no classes."),
            .. DoubtOf(network) is { } doubt ? [doubt] : (string[])[],
            .. SpecHash == network.Info.SpecHash ? [] : (string[])[
                $"{network.Info.Name} isn't the network that was trained in {Path}, {Excerpt.Of(Network)}, though its weights fit."
                    + SpecDifferences.Of(Spec, network.Info.Spec)],
        ];
    }

    /// <summary>Whether its network knows so many classes, one for none among them.</summary>
    internal bool HasClasses(int? classes)
    {
        using var file = Tensors(DefaultStem);
        return file.Entries.Any(entry => IsOfClasses(entry.Name) && entry.Shape[0] == classes);
    }

    /// <summary>Whether a tensor is the embedding of classes, which <see cref="Begin"/> lets be another.</summary>
    internal static bool IsOfClasses(string key) => LabelEmbeddings.Contains(key);

    /// <summary>Refuses another network than the one that was trained.</summary>
    /// <exception cref="CheckpointException">Name or spec are others; the message has the lines that differ.</exception>
    public void RequireSpecOf(NetworkInfo network)
    {
        ArgumentNullException.ThrowIfNull(network);
        if (Network != network.Name || !string.Equals(SpecHash, network.SpecHash, StringComparison.OrdinalIgnoreCase))
            throw new CheckpointException(
                $"{Path} was trained for {Excerpt.Of(Network)} (spec {SpecDifferences.Short(SpecHash)}), but is to be loaded into {network.Name} (spec "
                    + $"{SpecDifferences.Short(network.SpecHash)})."
                + SpecDifferences.Of(Spec, network.Spec));
    }

    private static string StemOf(string file) => System.IO.Path.GetFileNameWithoutExtension(file);

    /// <summary>Names the file where the error itself doesn't.</summary>
    private static T Explained<T>(string path, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (StateDictException error) when (error.AreOfTypesAlone)
        {
            throw new CheckpointException(
                $"The network has another type than the weights in {path}: make it without a `dtype`, or convert it back by `to`, load them, "
                    + $"and convert it then. {error.Message}",
                error);
        }
        catch (StateDictException error)
        {
            throw new CheckpointException(
                $"{path} doesn't hold what the network of its spec has: it is damaged or of other numbers, or the network's code has changed. "
                    + error.Message,
                error);
        }
        catch (Exception error) when (error is IOException or UnauthorizedAccessException)
        {
            throw new CheckpointException($"{path} can't be read: {error.Message}", error);
        }
    }
}
