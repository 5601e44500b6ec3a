using UNetGen.Generator.Common;

namespace UNetGen.Generator;

/// <summary>The names under which Roslyn keeps generated files.</summary>
internal static class HintNames
{
    // Disks allow 255 characters; Windows 260 for the whole path, of which the folders of emitted files have some hundred.
    private const int MaxLength = 120;

    /// <summary>
    /// <c>specs/tiny.unet.yaml</c> to <c>specs.tiny.unet.g.cs</c>; a path with anything but letters, digits, - and _ gets its hash,
    /// so that no two become one, and so does a long one, of which the end is kept.
    /// </summary>
    public static string Of(string path)
    {
        const string extension = ".unet.g.cs";
        var stem = path.Substring(0, path.Length - Paths.SpecExtension.Length);
        var inside = stem.Split('/').SkipWhile(part => part == "..").ToArray();
        var name = string.Join(".", inside.Select(part => string.Concat(part.Select(c => IsPlain(c) ? c : '_'))));
        if (inside.Length == stem.Split('/').Length && inside.All(part => part.All(IsPlain)) && name.Length + extension.Length <= MaxLength)
            return name + extension;
        var suffix = $"-{Fnv1A(path):x8}{extension}";
        return name.Substring(Math.Max(0, name.Length + suffix.Length - MaxLength)) + suffix;
    }

    private static bool IsPlain(char c) => c is (>= 'a' and <= 'z') or (>= 'A' and <= 'Z') or (>= '0' and <= '9') or '-' or '_';

    private static uint Fnv1A(string text) => text.Aggregate(2166136261u, (hash, c) => unchecked((hash ^ c) * 16777619u));
}
