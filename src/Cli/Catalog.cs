using System.Reflection;
using UNetGen.Data;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>The networks that were generated into the calling program, by name.</summary>
internal static class Catalog
{
    private const string SpecEnding = ".unet.yaml";

    // The specs that a project has for the two kinds of images, where it has more than one.
    private const string ShapesSpec = "shapes";
    private const string DigitsSpec = "mnist";

    private static IReadOnlyList<Type> networks = [];

    /// <summary>Takes the generated networks of assemblies, those that make a description of themselves known.</summary>
    public static void Take(IEnumerable<Assembly> assemblies) => networks =
    [
        .. assemblies.SelectMany(assembly => assembly.GetTypes())
            .Where(type => type.IsSubclassOf(typeof(NoisePredictor)) && !type.IsAbstract && DescriptionOf(type) is not null)
            .OrderBy(type => type.Name, StringComparer.Ordinal),
    ];

    public static IEnumerable<string> Names => networks.Select(type => type.Name);

    /// <summary>What the networks are, without making them.</summary>
    public static IEnumerable<NetworkInfo> Descriptions => networks.Select(Description);

    /// <summary>The network to train where none is named: the only one there is, else by its name the one for such images.</summary>
    /// <param name="data">As <c>--data</c> has it.</param>
    /// <exception cref="UNetGenException">There are several, and none of that name, or none at all.</exception>
    public static string UsualFor(string data)
    {
        if (networks.Count == 1)
            return networks[0].Name;
        return Describe(ImageSources.IsIdx(data) ? DigitsSpec : ShapesSpec)?.Name ?? throw new UNetGenException(
            networks.Count == 0
                ? $"No network is named, and this program has none of its own: name a spec, --spec NAME{SpecEnding}."
                : $"No network is named, and this program has several: say which, --spec {string.Join(" or ", Names)}.");
    }

    /// <summary>A fresh network.</summary>
    /// <param name="name">The class's name, or its spec's file name without <c>.unet.yaml</c>; case doesn't matter.</param>
    /// <exception cref="UNetGenException">There is none of that name.</exception>
    public static NoisePredictor Create(string name)
    {
        var type = Find(name) ?? throw Unknown(name);
        // Device and type are left as they come.
        return (NoisePredictor)type.GetConstructor([typeof(Device), typeof(ScalarType?)])!.Invoke([null, null]);
    }

    /// <summary>What a network is, without making it; null where there is none of that name.</summary>
    /// <param name="name">As in <see cref="Create"/>.</param>
    public static NetworkInfo? Describe(string name) => Find(name) is { } type ? Description(type) : null;

    /// <summary>What a network is, without making it.</summary>
    /// <param name="name">As in <see cref="Create"/>.</param>
    /// <exception cref="UNetGenException">There is none of that name.</exception>
    public static NetworkInfo Require(string name) => Describe(name) ?? throw Unknown(name);

    private static UNetGenException Unknown(string name) => new(
        $"No network '{Excerpt.Of(Stem(name))}' was generated into this program; it has "
            + $"{string.Join(", ", Names)}.{Suggestion(Stem(name))} For another, put a NAME.unet.yaml into specs/ and build again.");

    private static string Suggestion(string name) =>
        EditDistance.Suggestion(name, Names.Concat(Descriptions.Select(info => Stem(info.SpecPath))));

    private static NetworkInfo Description(Type type) => (NetworkInfo)DescriptionOf(type)!.GetValue(null)!;

    // A static property that the generator writes into each class.
    private static PropertyInfo? DescriptionOf(Type type) =>
        type.GetProperty("Description", BindingFlags.Public | BindingFlags.Static) is { } found && found.PropertyType == typeof(NetworkInfo)
            ? found
            : null;

    private static Type? Find(string name)
    {
        name = Stem(name);
        return networks.FirstOrDefault(type => type.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? networks.FirstOrDefault(
                type => type.Name.Equals(name.Replace("-", "").Replace("_", "") + "UNet", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A spec's path does as well.</summary>
    private static string Stem(string name)
    {
        return name.EndsWith(SpecEnding, StringComparison.OrdinalIgnoreCase) ? Path.GetFileName(name)[..^SpecEnding.Length] : name;
    }
}
