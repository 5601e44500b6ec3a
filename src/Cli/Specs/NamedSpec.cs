using UNetGen.Compiler;
using UNetGen.Data;
using UNetGen.Files;
using UNetGen.Networks;
using UNetGen.Training;

namespace UNetGen.Cli.Specs;

/// <summary>A spec that the command line names: a file, one of the program's networks, or what a checkpoint was trained with.</summary>
/// <param name="Origin">Where it is from, for people.</param>
/// <param name="Description">What it says.</param>
/// <param name="Checkpoint">The checkpoint, where it is one's.</param>
internal sealed record NamedSpec(string Origin, SpecDescription Description, Checkpoint? Checkpoint)
{
    private const string WeightsEnding = ".safetensors";

    /// <summary>What the network is.</summary>
    public NetworkInfo Info => Description.Info;

    /// <summary>Finds it; no libtorch is loaded.</summary>
    /// <param name="text">A file's path, a network's name, or a run's, a checkpoint's or a safetensors file's path.</param>
    /// <exception cref="UNetGenException">There is none, or it has errors.</exception>
    public static NamedSpec Of(string text) => Read(text, spec => spec);

    /// <summary>The same, and reads of what a checkpoint holds, as <see cref="Training.Checkpoint.Read"/> does.</summary>
    /// <param name="text">As for <see cref="Of"/>.</param>
    /// <param name="read">Reads what is wanted.</param>
    public static T Read<T>(string text, Func<NamedSpec, T> read)
    {
        if (Catalog.IsFile(text))
            return read(new(text, SpecCompiler.Describe(text, new() { ProjectFolder = Environment.CurrentDirectory }), null));
        if (Presence.Of(text))
            return OfCheckpoint(text, trained => read(new(text, SpecCompiler.DescribeFrom(trained), trained)));
        if (Catalog.Find(text) is null && IsPath(text))
            throw new UNetGenException($"There is no file or folder {Excerpt.Of(text)}{ImageSources.SeenFrom(text)}.");
        var info = Catalog.Require(text).Info;
        // The effective spec doesn't say what the class is called.
        return read(new(info.SpecPath, SpecCompiler.DescribeText($"{info.Spec}\nname: {info.Name}\n"), null));
    }

    /// <summary>Whether a text can only be meant as a path of weights or of a run; one of a spec is told as such.</summary>
    private static bool IsPath(string text) => text.EndsWith(WeightsEnding, StringComparison.OrdinalIgnoreCase)
        || (Path.GetFileName(text) != text && !Catalog.IsYaml(text));

    private static T OfCheckpoint<T>(string path, Func<Checkpoint, T> read)
    {
        var isFound = false;
        try
        {
            return Training.Checkpoint.Read(
                path,
                trained =>
                {
                    isFound = true;
                    return read(trained);
                },
                new Warnings());
        }
        catch (CheckpointException error) when (!isFound && Directory.Exists(path)
            && Directory.EnumerateFiles(path, $"*{Catalog.SpecEnding}").Order(StringComparer.Ordinal).FirstOrDefault() is { } spec)
        {
            throw new UNetGenException($"{error.Message} If a spec is meant, name its file: {spec}", error);
        }
    }
}
