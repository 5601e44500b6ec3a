using UNetGen.Files;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.RepresentationModel;

namespace UNetGen.Cli.Runs;

/// <summary>
/// YAML as one writes it by hand: values, lists and groups of a reasonable size, and nothing that stands for something else.
/// </summary>
internal static class PlainYaml
{
    private const int MostBytes = 1 << 20;
    private const int MostLevels = 16;

    /// <summary>
    /// Reads a file whose nodes can then be gone through: none contains itself, and there are no more than there are letters.
    /// </summary>
    /// <exception cref="YamlException">It is no such YAML.</exception>
    /// <exception cref="IOException">It can't be read, or is too large.</exception>
    /// <exception cref="UnauthorizedAccessException">It may not be read.</exception>
    public static YamlStream Load(string path)
    {
        var bytes = RegularFile.ReadSmall(path);
        if (bytes.Length > MostBytes)
            throw new IOException($"'{path}' has {bytes.Length:N0} bytes, but a list of options has at most {MostBytes:N0}.");
        Check(new Parser(Reader(bytes)));
        var yaml = new YamlStream();
        yaml.Load(Reader(bytes));
        return yaml;
    }

    /// <summary>Every value with the key of its place, groups' keys joined by dots: <c>attention.heads</c>, <c>levels[0]</c>.</summary>
    public static IEnumerable<(string Key, string Value)> Flat(string prefix, YamlNode node) => node switch
    {
        YamlMappingNode map => map.Children.SelectMany(child => Flat(Join(prefix, child.Key.ToString()), child.Value)),
        YamlSequenceNode list when list.All(item => item is YamlScalarNode) => [(prefix, string.Join(", ", list))],
        YamlSequenceNode list => list.SelectMany((item, index) => Flat($"{prefix}[{index}]", item)),
        _ => [(prefix, node.ToString())],
    };

    /// <summary>A key within a group.</summary>
    public static string Join(string group, string key) => group.Length == 0 ? key : $"{group}.{key}";

    private static StreamReader Reader(byte[] bytes) => new(new MemoryStream(bytes));

    private static void Check(Parser parser)
    {
        var level = 0;
        while (parser.MoveNext())
        {
            var current = parser.Current!;
            level += current.NestingIncrease;
            if (level > MostLevels)
                throw new YamlException(current.Start, current.End, "groups and lists lie too deep in one another");
            if (current is AnchorAlias or NodeEvent { Anchor.IsEmpty: false })
                throw new YamlException(current.Start, current.End, "anchors (&) and aliases (*) have no place in a list of options");
        }
    }
}
