using System.Reflection;
using UNetGen.Networks;

namespace UNetGen.Examples;

/// <summary>The networks that were generated into this program, by name.</summary>
internal static class Catalog
{
    private static readonly IReadOnlyList<Type> Networks =
        [.. Assembly.GetExecutingAssembly().GetTypes().Where(type => type.IsSubclassOf(typeof(NoisePredictor))).OrderBy(
            type => type.Name, StringComparer.Ordinal)];

    public static IEnumerable<string> Names => Networks.Select(type => type.Name);

    /// <summary>What the networks are, without making them.</summary>
    public static IEnumerable<NetworkInfo> Descriptions => Networks.Select(Description);

    /// <summary>A fresh network.</summary>
    /// <param name="name">The class's name, or its spec's file name without <c>.unet.yaml</c>; case doesn't matter.</param>
    /// <exception cref="UNetGenException">There is none of that name.</exception>
    public static NoisePredictor Create(string name)
    {
        var type = Find(name) ?? throw Unknown(name);
        // Device and type are left as they come.
        return (NoisePredictor)type.GetConstructors().Single().Invoke([null, null]);
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

    private static NetworkInfo Description(Type type) => (NetworkInfo)type.GetProperty(nameof(ShapesUNet.Description))!.GetValue(null)!;

    private static Type? Find(string name)
    {
        name = Stem(name);
        return Networks.FirstOrDefault(type => type.Name.Equals(name, StringComparison.OrdinalIgnoreCase))
            ?? Networks.FirstOrDefault(
                type => type.Name.Equals(name.Replace("-", "").Replace("_", "") + "UNet", StringComparison.OrdinalIgnoreCase));
    }

    /// <summary>A spec's path does as well.</summary>
    private static string Stem(string name)
    {
        const string extension = ".unet.yaml";
        return name.EndsWith(extension, StringComparison.OrdinalIgnoreCase) ? Path.GetFileName(name)[..^extension.Length] : name;
    }
}
