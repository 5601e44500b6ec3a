using System.CommandLine;
using System.CommandLine.Parsing;
using UNetGen.Distributed;
using UNetGen.Native;

namespace UNetGen.Cli;

/// <summary>
/// All ranks, before any of them does anything: one that begins something else, or nothing, would leave the others waiting for it for ever.
/// </summary>
internal static class RankMeeting
{
    // No word of a command line has one.
    private const char End = '\0';

    /// <summary>What is wrong with the ranks' command lines, in sentences, to all ranks alike; empty where nothing is.</summary>
    /// <param name="ranks">All call it.</param>
    /// <param name="own">This one's command line.</param>
    /// <param name="errors">What is wrong with it.</param>
    public static IReadOnlyList<string> Errors(ICollective ranks, ParseResult own, IReadOnlyList<string> errors)
    {
        if (ranks.Size == 1)
            return errors;
        // What ranks say to each other are tensors: where none can be made, one sentence says why.
        Libtorch.Load();
        var wrong = ByText(ranks.Gather(string.Join(End, errors)));
        // Of one command line for all, once.
        if (wrong is [{ Text.Length: > 0 } same])
            return same.Text.Split(End);
        if (wrong.Count > 1)
            return
            [
                .. from said in wrong
                   where said.Text.Length > 0
                   from error in said.Text.Split(End)
                   select $"{RanksDifferException.Named(said.Ranks)}: {error}",
            ];
        var commands = ByText(ranks.Gather(Asked(own)));
        return commands.Count == 1
            ? []
            : [
                "The ranks aren't to do the same: "
                    + string.Join("; ", commands.Select(asked => $"{asked.Text} on {RanksDifferException.Named(asked.Ranks)}"))
                    + ". Start all of them with the same command.",
            ];
    }

    /// <summary>A command, or an option that stands for one, as <c>--version</c>.</summary>
    private static string Asked(ParseResult parsed)
    {
        var option = parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(
            result => result.Option.Action is { } action && action == parsed.Action)?.Option;
        return option?.Name ?? (parsed.CommandResult.Command is RootCommand ? "train" : parsed.CommandResult.Command.Name);
    }

    private static List<(string Text, int[] Ranks)> ByText(string[] said) =>
        [.. said.Index().GroupBy(own => own.Item, own => own.Index).Select(group => (group.Key, group.ToArray()))];
}
