using System.Diagnostics.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.Extensions.Logging;
using TorchSharp;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Compiler;

/// <summary>
/// The generator as a library: what a build makes of specs, and live networks of specs and of checkpoints, without a project and a build.
/// Everything here may be called from several threads at once.
/// </summary>
/// <remarks>libtorch is needed by networks alone: only <see cref="CompiledNetwork.Create"/> and <see cref="Open"/> load it.</remarks>
public static class SpecCompiler
{
    // One of them is in every spec of the language.
    private static readonly string[] SaysLayers = ["preset:", "extends:"];

    internal const string Compiles = "A spec is compiled while the program runs, against assemblies that must be whole.";

    /// <summary>
    /// The generated source of a spec and what there is to say of it, the same to the letter as a build gives them. It has no version and
    /// no path of this machine, so that it serves for snapshots.
    /// </summary>
    /// <param name="path">A <c>*.unet.yaml</c> file. The specs that it extends are read beside it.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="UNetGenException">There is no such file, or it can't be read. Errors in the spec are no exception here.</exception>
    public static GeneratedSpec Generate(string path, SpecOptions? options = null) =>
        SpecProject.OfFiles([path], options ?? new()).First();

    /// <summary>The same of a text.</summary>
    /// <param name="text">The spec.</param>
    /// <param name="path">
    /// The path that its file would have: it gives the class its name, where the spec gives none, and <c>extends</c> begins there.
    /// </param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="UNetGenException">The path is no spec's.</exception>
    public static GeneratedSpec GenerateText(string text, string path = "spec.unet.yaml", SpecOptions? options = null) =>
        SpecProject.OfText(text, path, options ?? new()).First();

    /// <summary>What a build says of these specs, as one project.</summary>
    /// <param name="paths">All of its specs; those that they extend are read beside them.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <returns>Errors, warnings and information, file by file in the order of their lines.</returns>
    /// <exception cref="UNetGenException">There is no such file, or it can't be read.</exception>
    public static IReadOnlyList<SpecDiagnostic> Check(IReadOnlyList<string> paths, SpecOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(paths);
        return paths.Count == 0 ? [] : SpecProject.OfFiles(paths, options ?? new()).Diagnostics;
    }

    /// <summary>What a spec says of its network: levels, drawing, sizes, effective spec, what it inherits.</summary>
    /// <param name="path">As in <see cref="Generate"/>.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="SpecException">The spec has errors.</exception>
    /// <exception cref="UNetGenException">There is no such file, or it can't be read.</exception>
    public static SpecDescription Describe(string path, SpecOptions? options = null) =>
        DescribeFirst(SpecProject.OfFiles([path], options ?? new()));

    /// <summary>The same of a text.</summary>
    /// <param name="text">The spec.</param>
    /// <param name="path">As in <see cref="GenerateText"/>.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="SpecException">The spec has errors.</exception>
    public static SpecDescription DescribeText(string text, string path = "spec.unet.yaml", SpecOptions? options = null) =>
        DescribeFirst(SpecProject.OfText(text, path, options ?? new()));

    /// <summary>The class of a spec, compiled into this program: networks are made of it.</summary>
    /// <param name="path">As in <see cref="Generate"/>.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="SpecException">The spec has errors.</exception>
    /// <exception cref="UNetGenException">
    /// There is no such file; a block of your own isn't there; or this program can't compile, since it was compiled ahead of time or
    /// trimmed.
    /// </exception>
    [RequiresDynamicCode(Compiles), RequiresUnreferencedCode(Compiles)]
    public static CompiledNetwork Compile(string path, SpecOptions? options = null) =>
        CompileGenerated(Generate(path, options), options);

    /// <summary>The same of a text.</summary>
    /// <param name="text">The spec.</param>
    /// <param name="path">As in <see cref="GenerateText"/>.</param>
    /// <param name="options">What is known of the project; null: nothing.</param>
    /// <exception cref="SpecException">The spec has errors.</exception>
    /// <exception cref="UNetGenException">As in <see cref="Compile"/>.</exception>
    [RequiresDynamicCode(Compiles), RequiresUnreferencedCode(Compiles)]
    public static CompiledNetwork CompileText(string text, string path = "spec.unet.yaml", SpecOptions? options = null) =>
        CompileGenerated(GenerateText(text, path, options), options);

    /// <summary>The class of the network that a checkpoint was trained with, made of its own spec.</summary>
    /// <param name="checkpoint">Any.</param>
    /// <param name="options">
    /// Where its own blocks are found, if it has any, and the namespace that the class is to have, which checkpoints don't know.
    /// </param>
    /// <exception cref="CheckpointException">This version can't read its spec.</exception>
    /// <exception cref="UNetGenException">As in <see cref="Compile"/>.</exception>
    [RequiresDynamicCode(Compiles), RequiresUnreferencedCode(Compiles)]
    public static CompiledNetwork CompileFrom(Checkpoint checkpoint, SpecOptions? options = null) =>
        OfCheckpoint(checkpoint, options, spec => CompileGenerated(spec, options));

    /// <summary>What the network that a checkpoint was trained with is: its spec, planned but not compiled.</summary>
    /// <exception cref="CheckpointException">This version can't read its spec.</exception>
    internal static SpecDescription DescribeFrom(Checkpoint checkpoint) =>
        OfCheckpoint(checkpoint, null, spec => new SpecDescription(spec, []));

    /// <summary>Whether a network's spec says its layers, and isn't the text by which a class that was written by hand is known.</summary>
    internal static bool IsOfLanguage(string spec) =>
        spec.Split('\n').Any(line => SaysLayers.Any(key => line.StartsWith(key, StringComparison.Ordinal)));

    private static T OfCheckpoint<T>(Checkpoint checkpoint, SpecOptions? options, Func<GeneratedSpec, T> make)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        if (!SyntaxFacts.IsValidIdentifier(checkpoint.Network))
            throw new CheckpointException($"{checkpoint.Path} doesn't name its network's class by a C# identifier.");
        if (!IsOfLanguage(checkpoint.Spec))
            throw new CheckpointException(
                $"{checkpoint.Path} was trained with {checkpoint.Network}, a class written by hand: the spec that it holds says nothing of "
                    + $"layers, so that no network can be made of it. Make one by the class's constructor, and load the weights by "
                    + $"`{nameof(Checkpoint)}.{nameof(Checkpoint.LoadInto)}`.");
        try
        {
            // The effective spec is the network's, and doesn't say what the class is called. At the end, so that the lines stay.
            // It builds on no other, whoever wrote it: what lies on this machine's disk is none of its matter.
            var spec = GenerateText($"{checkpoint.Spec}\nname: {checkpoint.Network}\n", "checkpoint.unet.yaml",
                (options ?? new()) with { ReadsBases = false });
            spec.RequireNoErrors();
            return make(spec);
        }
        catch (SpecException exception)
        {
            throw new CheckpointException(
                $"{checkpoint.Path} holds a spec that this version can't read; was it written by another one?\n{exception.Message}",
                exception);
        }
    }

    /// <summary>Opens a checkpoint with a network of its own spec and its weights.</summary>
    /// <param name="path">
    /// A checkpoint's folder, a run's, or a .safetensors file that carries its spec, as <see cref="Checkpoint.Open"/> takes it.
    /// </param>
    /// <param name="device">Where the network is to be; null: on the CPU.</param>
    /// <param name="options">Where its own blocks are found, if it has any; null: it has none.</param>
    /// <param name="logger">Warned of damaged checkpoints that are newer than the one opened; null: nobody is.</param>
    /// <exception cref="CheckpointException">There is none, it is damaged, or this version can't read its spec.</exception>
    /// <exception cref="UNetGenException">As in <see cref="Compile"/>.</exception>
    [RequiresDynamicCode(Compiles), RequiresUnreferencedCode(Compiles)]
    public static OpenedCheckpoint Open(string path, torch.Device? device = null, SpecOptions? options = null, ILogger? logger = null) =>
        Checkpoint.Read(path, checkpoint => Opened(checkpoint, device, options), logger);

    [RequiresDynamicCode(Compiles), RequiresUnreferencedCode(Compiles)]
    private static OpenedCheckpoint Opened(Checkpoint checkpoint, torch.Device? device, SpecOptions? options)
    {
        var compiled = CompileFrom(checkpoint, options);
        NoisePredictor? network = null;
        try
        {
            network = compiled.Create(device);
            checkpoint.LoadWeights(network);
            checkpoint.SetKernels(network);
            var doubts = checkpoint.Doubts.Concat(DoubtsOfVersion(checkpoint, network.Info)).Append(checkpoint.DoubtOf(network));
            return new OpenedCheckpoint(checkpoint, compiled, network, [.. doubts.OfType<string>()]);
        }
        catch
        {
            network?.Dispose();
            compiled.Dispose();
            throw;
        }
    }

    /// <summary>What this version's language says of the network that the checkpoint's, an earlier one, had no words for.</summary>
    private static IEnumerable<string> DoubtsOfVersion(Checkpoint checkpoint, NetworkInfo network)
    {
        var added = network.Spec.Split('\n').Except(checkpoint.Spec.Split('\n')).Select(line => line.Trim()).ToList();
        if (added.Count > 0)
            yield return $"the spec in {checkpoint.Path} is another version's, and doesn't say what is the default here: "
                + $"{string.Join("; ", added)}";
    }

    private static SpecDescription DescribeFirst(SpecProject project)
    {
        var generated = project.First();
        generated.RequireNoErrors();
        return new SpecDescription(generated, project.Inherited(generated.Spec));
    }

    [RequiresUnreferencedCode(Compiles)]
    private static CompiledNetwork CompileGenerated(GeneratedSpec spec, SpecOptions? options)
    {
        // .NET's own answer (RuntimeFeature.IsDynamicCodeSupported) is a switch of the project, which file-based apps set as well.
        if (!ProgramReferences.AreThere)
            throw new UNetGenException(
                "This program was compiled ahead of time (PublishAot), and nothing can be compiled into it any more: let the project's own "
                    + "build compile its specs (the package UNetGen), or publish without PublishAot.");
        spec.RequireNoErrors();
        return new CompiledNetwork(spec, NetworkAssembly.Rent(spec, options?.BlockAssemblies ?? []));
    }
}
