using System.Collections;
using System.Globalization;
using static TorchSharp.torch;

namespace UNetGen.Networks;

/// <summary>
/// What a network's <c>state_dict</c> holds, in PyTorch's order, as its generated class knows it without a tensor. The table is read when
/// it is first asked for.
/// </summary>
public sealed class StateDictManifest : IReadOnlyList<StateDictEntry>
{
    private const string Open = ".*";

    private readonly Lazy<Table> table;

    /// <summary>Takes a table.</summary>
    /// <param name="table">
    /// A line for each entry, as <see cref="StateDictEntry.ToString"/> writes it, or <c>key.*</c> for a module whose inside only its own
    /// code knows.
    /// </param>
    public StateDictManifest(string table)
    {
        ArgumentNullException.ThrowIfNull(table);
        this.table = new(() => Read(table));
    }

    /// <summary>Of a network that doesn't say.</summary>
    public static StateDictManifest Empty { get; } = new("");

    /// <summary>
    /// Modules with entries that aren't listed, as blocks of the user's own: <c>downs.0.0.</c> stands for all keys that begin so.
    /// </summary>
    public IReadOnlyList<string> OpenPrefixes => table.Value.OpenPrefixes;

    /// <inheritdoc/>
    public int Count => table.Value.Entries.Count;

    /// <inheritdoc/>
    public StateDictEntry this[int index] => table.Value.Entries[index];

    /// <inheritdoc/>
    public IEnumerator<StateDictEntry> GetEnumerator() => table.Value.Entries.GetEnumerator();

    IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();

    private static Table Read(string text)
    {
        var lines = text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
        return new(
            [.. lines.Where(line => !line.EndsWith(Open, StringComparison.Ordinal)).Select(ReadEntry)],
            [.. lines.Where(line => line.EndsWith(Open, StringComparison.Ordinal)).Select(line => line[..^1])]);
    }

    private static StateDictEntry ReadEntry(string line)
    {
        var words = line.Split(' ', 3);
        var end = words[2].IndexOf(']');
        var shape = words[2][1..end].Split(", ", StringSplitOptions.RemoveEmptyEntries).Select(
            size => long.Parse(size, CultureInfo.InvariantCulture));
        return new(words[0], Enum.Parse<ScalarType>(words[1], ignoreCase: true), [.. shape], Trainable: end == words[2].Length - 1);
    }

    private sealed record Table(IReadOnlyList<StateDictEntry> Entries, IReadOnlyList<string> OpenPrefixes);
}
