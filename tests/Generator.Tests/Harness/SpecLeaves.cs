namespace UNetGen.Generator.Tests.Harness;

/// <summary>A spec's keys as lines, each with the group that it stands in: for taking specs apart.</summary>
internal static class SpecLeaves
{
    public static List<(string Group, string Line)> Of(string spec)
    {
        var (leaves, group) = (new List<(string, string)>(), "");
        foreach (var line in spec.Split('\n'))
        {
            if (line.EndsWith(':') && !line.StartsWith(' '))
                group = line;
            else
                leaves.Add((line.StartsWith(' ') ? group : "", line));
        }

        return leaves;
    }

    public static string Join(IEnumerable<(string Group, string Line)> leaves) =>
        string.Concat(
            leaves.GroupBy(leaf => leaf.Group)
                .Select(group => (group.Key.Length > 0 ? group.Key + "\n" : "") + string.Concat(group.Select(leaf => leaf.Line + "\n"))));
}
