using System.Globalization;
using System.Text.RegularExpressions;

namespace UNetGen.Training;

/// <summary>What the folders of checkpoints are called, and what a name says.</summary>
internal static partial class CheckpointName
{
    /// <summary>
    /// Where a checkpoint lies meanwhile while another takes its name. It counts as one, for a run may be killed just then.
    /// </summary>
    private const string ReplacedSuffix = ".old";

    /// <summary>That of the checkpoint of a step.</summary>
    public static string Of(int step) => $"step-{step:D8}";

    /// <summary>That of one whose place another of the same step takes.</summary>
    public static string OfReplaced(int step) => Of(step) + ReplacedSuffix;

    /// <summary>One for what isn't whole yet or not any more, so is no checkpoint.</summary>
    public static string OfUnfinished(string name) => $".{name}.{Guid.NewGuid():N}.tmp";

    /// <summary>Whether a folder's name is that of a checkpoint, of whatever step.</summary>
    public static bool Is(string name) => Name().IsMatch(name);

    /// <summary>Whether a folder's name is that of what isn't whole.</summary>
    public static bool IsUnfinished(string name) => Unfinished().IsMatch(name);

    /// <summary>The step that a folder's name says, which may be greater than any there is; null: it says none.</summary>
    public static long? StepIn(string name) =>
        Name().Match(name) is { Success: true } match ? long.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    [GeneratedRegex(@"\Astep-(\d{8,10})(\.old)?\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"\A\.step-\d{8,10}(\.old)?\.[0-9a-f]{32}\.tmp\z")]
    private static partial Regex Unfinished();
}
