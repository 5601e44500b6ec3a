using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Yaml;

namespace UNetGen.Generator.Specs;

/// <summary>
/// The spec that one with errors may be meant to be. Its class keeps its fields by that while the spec is edited; nothing is ever computed
/// with it.
/// </summary>
internal static class SpecMending
{
    // Each try mends all that the one before found wrong; some checks come only when others are passed.
    private const int MostTries = 12;

    // Neither says which fields there are; the width is divided by usual groups and heads, the size halved often.
    private const int UsualDim = 64;
    private const int UsualSize = 32;

    /// <summary>
    /// What the language's own checks find no fault with: misspelt words as the messages propose them, wrong keys without their values.
    /// Null where the preset or the levels aren't known, or no try was right.
    /// </summary>
    public static UNetSpec? Mend(GivenKeys given, UNetSpec named)
    {
        var keys = given.AsMeant();
        for (var left = MostTries; left > 0; left--)
        {
            var problems = Problems.Ignored;
            var spec = SpecReader.Read(keys, named, problems);
            if (!problems.AnyError)
                return spec;
            foreach (var blamed in problems.BlamedKeys.GroupBy(Text.ListOf).OrderBy(list => list.Key, StringComparer.Ordinal))
            {
                if (!TryMend(keys, blamed.Key, blamed.ToList(), problems, spec))
                    return null;
            }
        }

        return null;
    }

    /// <param name="keys">In which it is mended.</param>
    /// <param name="key">With an error at its value, or at items of it.</param>
    /// <param name="blamed">The key, or items of its list.</param>
    /// <param name="problems">The errors.</param>
    /// <param name="spec">As far as it could be read.</param>
    private static bool TryMend(GivenKeys keys, string key, List<string> blamed, Problems problems, UNetSpec spec)
    {
        var attending = spec.Preset == Preset.Conditional ? "cross" : "linear";
        if (problems.Meant(key) is { } meant)
            keys.Replace(key, Node(meant));
        else if (key == "image_size")
            keys.Replace(key, Plain($"{NearestSize(spec)}"));
        else if (key == "channels")
            keys.Replace(key, Plain("3"));
        else if (key == "dim")
            keys.Replace(key, Plain($"{UsualDim}"));
        else if (key == "num_classes")
            keys.Replace(key, Plain("1"));
        else if (keys.Has(key) && !blamed.Contains(key) && keys.Value(key) is YamlSequence list)
            MendItems(keys, key, list, blamed, problems, attending);
        else if (key == "attention.levels" && keys.Has(key) && spec.Levels > 0)
            keys.Replace(key, AtEachLevel(keys, spec.Levels, attending));
        else if (key is "preset" or "channel_multipliers")
            return false;
        else
            keys.Remove(key);
        return true;
    }

    private static void MendItems(
        GivenKeys keys, string key, YamlSequence list, List<string> blamed, Problems problems, string attending)
    {
        var usual = key switch
        {
            "channel_multipliers" => "1",
            "blocks_per_level" => $"{SpecDefaults.BlocksPerLevel}",
            "attention.levels" => attending,
            "attention.layers" => "1",
            _ => null, // resolutions need not be so many
        };
        var items = new List<YamlNode>();
        for (var i = 0; i < list.Items.Count; i++)
        {
            if (!blamed.Contains(Text.Item(key, i)))
                items.Add(list.Items[i]);
            else if ((problems.Meant(Text.Item(key, i)) ?? usual) is { } other)
                items.Add(Plain(other));
        }

        if (items.Count > 0)
            keys.Replace(key, new YamlSequence(list.Span, items.ToEquatableArray()));
        else
            keys.Remove(key);
    }

    /// <summary>As many of the list as there are levels, and attention where it says nothing: code may use it.</summary>
    private static YamlSequence AtEachLevel(GivenKeys keys, int levels, string attending)
    {
        var given = keys.Value("attention.levels") is YamlSequence list ? list.Items : EquatableArray<YamlNode>.Empty;
        var all = Enumerable.Range(0, levels).Select(level => level < given.Count ? given[level] : Plain(attending));
        return new YamlSequence(default, all.ToEquatableArray());
    }

    /// <summary>The nearest size that can be halved for each level, or where it is that already, a usual one.</summary>
    private static int NearestSize(UNetSpec spec)
    {
        var factor = 1 << Math.Max(0, Math.Min(spec.Levels, SpecLimits.Levels) - 1);
        var (height, width) = (spec.ImageSize.Height, spec.ImageSize.Width);
        var isSize = height is > 0 and <= SpecLimits.ImageSize && (height != width || height % factor != 0);
        return isSize ? Math.Max(1, (height + factor / 2) / factor) * factor : Math.Max(UsualSize, factor);
    }

    private static YamlNode Node(string yaml) =>
        YamlReader.Read(SourceText.From(yaml), Problems.Ignored, CancellationToken.None) ?? Plain(yaml);

    private static YamlScalar Plain(string word) => new(default, word, IsPlain: true);
}
