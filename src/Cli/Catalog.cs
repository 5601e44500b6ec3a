using System.Reflection;
using UNetGen.Cli.Runs;
using UNetGen.Compiler;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Networks;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>
/// The networks that the program knows: those that were generated into the calling one, by name; those of specs, by their files; and those
/// of checkpoints, by the specs in them. The latter two are compiled when they are asked for.
/// </summary>
internal static class Catalog
{
    /// <summary>How specs' files end.</summary>
    public const string SpecEnding = ".unet.yaml";

    // The specs that a project has for the two kinds of images, where it has more than one.
    private const string ShapesSpec = "shapes";
    private const string DigitsSpec = "mnist";

    private static IReadOnlyList<Assembly> assemblies = [];
    private static IReadOnlyList<KnownNetwork> generated = [];

    /// <summary>The names of the generated networks.</summary>
    public static IEnumerable<string> Names => generated.Select(network => network.Info.Name);

    /// <summary>The generated networks.</summary>
    public static IReadOnlyList<KnownNetwork> Generated => generated;

    /// <summary>Takes the generated networks of assemblies.</summary>
    public static void Take(IReadOnlyList<Assembly> ofProgram)
    {
        assemblies = ofProgram;
        generated =
        [
            .. ofProgram.SelectMany(assembly => assembly.GetTypes())
                .Where(type => type.IsSubclassOf(typeof(NoisePredictor)) && !type.IsAbstract)
                .OrderBy(type => type.Name, StringComparer.Ordinal)
                .Select(OfClass)
                .OfType<KnownNetwork>(),
        ];
    }

    /// <summary>The network to train where none is named: the only one there is, else by its name the one for such images.</summary>
    /// <param name="data">As <c>--data</c> has it.</param>
    /// <exception cref="UNetGenException">There are several, and none of that name, or none at all.</exception>
    public static string UsualFor(string data)
    {
        if (generated.Count == 1)
            return generated[0].Info.Name;
        return Named(ImageSources.IsIdx(data) ? DigitsSpec : ShapesSpec)?.Info.Name ?? throw new UNetGenException(
            generated.Count == 0
                ? $"No network is named, and this program has none of its own: name a spec, --spec NAME{SpecEnding}."
                : $"No network is named, and this program has several: say which, --spec {string.Join(" or ", Names)}.");
    }

    /// <summary>
    /// What a name stands for from whatever folder: a network's class, or a spec's whole path. What is neither stays as it is.
    /// </summary>
    public static string Spelled(string name) => IsFile(name) ? Path.GetFullPath(name) : Named(name)?.Info.Name ?? name;

    /// <summary>A network by its name, or by its spec's file.</summary>
    /// <param name="name">
    /// A generated class's name, or its spec's file name without <c>.unet.yaml</c>, case doesn't matter; or the path of a spec.
    /// </param>
    /// <exception cref="UNetGenException">There is none of that name, or the spec has errors.</exception>
    public static KnownNetwork Require(string name) => Find(name) ?? throw Unknown(name);

    /// <summary>As <see cref="Require"/>; null where there is none of that name.</summary>
    /// <exception cref="UNetGenException">The spec has errors.</exception>
    public static KnownNetwork? Find(string name) => IsFile(name) ? OfSpec(name) : Named(name);

    /// <summary>
    /// Why what a name stands for now isn't known to be the network of that spec, as a sentence; null: it is, or the name stands for
    /// nothing.
    /// </summary>
    /// <param name="name">As in <see cref="Require"/>.</param>
    /// <param name="hash">Of the effective spec.</param>
    public static string? ChangeOf(string name, string hash)
    {
        var changed = $"{name} has changed since the run began, or is another spec.";
        try
        {
            var info = IsFile(name) ? SpecCompiler.Describe(name).Info : Named(name)?.Info;
            return info is null || info.SpecHash.Equals(hash, StringComparison.OrdinalIgnoreCase) ? null : changed;
        }
        catch (SpecException)
        {
            // It has errors now.
            return changed;
        }
        catch (UNetGenException error)
        {
            return error.Message;
        }
    }

    /// <summary>What was trained: the program's own network where its spec is the same, else that of the spec in the checkpoint.</summary>
    /// <exception cref="UNetGenException">No network can be made of its spec.</exception>
    public static KnownNetwork Of(Checkpoint trained) =>
        generated.FirstOrDefault(network => network.Info.Name == trained.Network && HasSpec(network, trained.SpecHash))
            ?? OfCompiled(SpecCompiler.CompileFrom(trained, new() { BlockAssemblies = assemblies }), trained.Path);

    /// <summary>A spec's class is generated into the program already, unless its file was changed since.</summary>
    private static KnownNetwork OfSpec(string path)
    {
        var options = new SpecOptions { BlockAssemblies = assemblies };
        var described = SpecCompiler.Describe(path, options).Info;
        return generated.FirstOrDefault(network => network.Info.Name == described.Name && HasSpec(network, described.SpecHash)
                // Which are no part of the effective spec.
                && network.Info.Kernels == described.Kernels)
            ?? OfCompiled(SpecCompiler.Compile(path, options), path);
    }

    // It isn't given up until the program ends: a network of it may live as long.
    private static KnownNetwork OfCompiled(CompiledNetwork compiled, string from) =>
        new(compiled.Info with { SpecPath = from }, () => compiled.Create());

    private static bool HasSpec(KnownNetwork network, string hash) =>
        network.Info.SpecHash.Equals(hash, StringComparison.OrdinalIgnoreCase);

    /// <summary>A class that says what it is, as generated ones do; null: it doesn't.</summary>
    private static KnownNetwork? OfClass(Type type)
    {
        var description = type.GetProperty("Description", BindingFlags.Public | BindingFlags.Static);
        var constructor = type.GetConstructor([typeof(Device), typeof(ScalarType?)]);
        return description?.PropertyType == typeof(NetworkInfo) && constructor is not null
            // Device and type are left as they come.
            ? new((NetworkInfo)description.GetValue(null)!, () => (NoisePredictor)constructor.Invoke(
                BindingFlags.DoNotWrapExceptions, null, [null, null], null))
            : null;
    }

    private static KnownNetwork? Named(string name)
    {
        name = Stem(name);
        return generated.FirstOrDefault(network => network.Info.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? generated.FirstOrDefault(network => Stem(network.Info.SpecPath).Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? generated.FirstOrDefault(network => network.Info.Name.Equals(
                name.Replace("-", "").Replace("_", "") + "UNet", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>Whether a text is the path of a spec's file that is there.</summary>
    /// <exception cref="UNetGenException">It is that of a YAML file which isn't called as specs are.</exception>
    public static bool IsFile(string name)
    {
        if (!File.Exists(name))
            return false;
        RequireSpecName(name);
        return name.EndsWith(SpecEnding, StringComparison.OrdinalIgnoreCase);
    }

    /// <summary>Refuses YAML files that aren't called as specs are.</summary>
    /// <param name="path">Of a file that is there.</param>
    /// <exception cref="UNetGenException">It is such a file; the message says what to name instead.</exception>
    public static void RequireSpecName(string path)
    {
        if (!IsYaml(path) || path.EndsWith(SpecEnding, StringComparison.OrdinalIgnoreCase))
            return;
        if (Path.GetFileName(path) != RunFolder.OptionsName)
            throw new UNetGenException($"A spec's file is called NAME{SpecEnding}, and {Excerpt.Of(path)} isn't: rename it.");
        var run = Path.GetDirectoryName(path) is { Length: > 0 } folder ? folder : ".";
        throw new UNetGenException(
            $"{Excerpt.Of(path)} holds a run's options, and is no spec. The run's network: explain {ShellWord.Of(run)}. To repeat the run: "
                + $"train --run {ShellWord.Of(path)}");
    }

    /// <summary>Whether a file's name says that it is YAML, a spec or not.</summary>
    public static bool IsYaml(string name) => Path.GetExtension(name).ToLowerInvariant() is ".yaml" or ".yml";

    /// <summary>What to say of a name for which <see cref="Find"/> has none.</summary>
    /// <exception cref="UnauthorizedAccessException">It is the path of what can't be reached, which may be a spec.</exception>
    public static UNetGenException Unknown(string name)
    {
        if (Presence.OfFile(Path.Combine(name, RunMark.Options)))
            return new($"{Excerpt.Of(name)} is a run, no spec. To repeat it: train --run {ShellWord.Of(Path.Combine(name, RunMark.Options))}");
        if (Presence.OfFolder(name) && name != Stem(name))
            return new($"{Excerpt.Of(name)} is a folder, no spec: name a file in it.");
        var isOfFile = name.Length > SpecEnding.Length && name != Stem(name);
        if (isOfFile && Path.GetFileName(name) != name)
            return new($"There is no spec {Excerpt.Of(name)}{ImageSources.SeenFrom(name)}.{SpecsBeside.Suggestion(name)}");
        var beside = SpecsBeside.Suggestion(name);
        var known = generated.Count == 0
            ? "none was generated into this program."
            : $"this program has {string.Join(", ", Names)}.{(beside.Length > 0 ? "" : Suggestion(Stem(name)))}";
        return new(isOfFile
            ? $"There is no spec {Excerpt.Of(name)}{ImageSources.SeenFrom(name)}, and no network '{Excerpt.Of(Stem(name))}': {known}{beside}"
            : $"No network '{Excerpt.Of(name)}': {known} For another, name its file: NAME{SpecEnding}.{beside}");
    }

    private static string Suggestion(string name) => EditDistance.Suggestion(
        name, Names.Concat(generated.Select(network => Stem(network.Info.SpecPath))));

    private static string Stem(string name) =>
        name.EndsWith(SpecEnding, StringComparison.OrdinalIgnoreCase) ? Path.GetFileName(name)[..^SpecEnding.Length] : name;
}
