using System.CommandLine;
using System.CommandLine.Parsing;

namespace UNetGen.Examples;

/// <summary>What is wrong with a command line before any command sees it, in sentences.</summary>
internal static class CommandLineErrors
{
    /// <summary>Values that are empty, as a variable of the shell that isn't set leaves them: neither paths nor words nor numbers.</summary>
    /// <param name="args">The command line as it came: <c>--out=</c> is no longer told from a value that is missing once it is parsed.</param>
    public static string? EmptyValue(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            var assigned = IsOption(args[i]) && args[i].IndexOf('=') is > 0 and var at ? at : args[i].Length;
            if (!string.IsNullOrWhiteSpace(args[i]) && (assigned == args[i].Length || !string.IsNullOrWhiteSpace(args[i][(assigned + 1)..])))
                continue;
            var option = assigned < args[i].Length ? args[i][..assigned] : i > 0 && IsOption(args[i - 1]) ? args[i - 1] : null;
            return option is null
                ? $"The {(i == 0 ? "command" : $"argument behind '{args[i - 1]}'")} is empty, as when a variable of the shell isn't set: give one, or leave it out."
                : $"The value of {option} is empty, as when a variable of the shell isn't set: give one, or leave {option} out.";
        }
        return null;
    }

    /// <summary>Everything else, commands and options that there aren't with the nearest that there are.</summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        var unknown = Unknown(command, parsed.UnmatchedTokens);
        // Options behind a command that there isn't are nobody's.
        if (unknown is [var first, ..] && command.Subcommands.Count > 0 && !IsOption(parsed.UnmatchedTokens[0]))
            return [first];
        var others = parsed.Errors.Where(error => !(error.SymbolResult is CommandResult && parsed.UnmatchedTokens.Any(token => error.Message.Contains($"'{token}'"))));
        // An option that root and command share is checked twice.
        return [.. unknown.Concat(others.Select(error => error.Message)).Distinct()];
    }

    private static List<string> Unknown(Command command, IReadOnlyList<string> tokens)
    {
        var found = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (IsOption(tokens[i]))
                found.Add(UnknownOption(command, tokens[i].Split('=')[0]));
            else if (i == 0 || !IsOption(tokens[i - 1]))
                found.Add(UnknownWord(command, tokens[i]));
            // What follows an unknown option is its value.
        }
        return found;
    }

    private static string UnknownOption(Command command, string option)
    {
        var there = command.Options.SelectMany(known => known.Aliases.Prepend(known.Name)).Where(name => name.StartsWith("--", StringComparison.Ordinal));
        return $"{Called(command)} has no option '{option}'.{EditDistance.Suggestion(option, there)}";
    }

    private static string UnknownWord(Command command, string word)
    {
        var names = command.Subcommands.Select(sub => sub.Name).ToList();
        return names.Count == 0
            ? $"{Called(command)} doesn't know what to do with '{word}'."
            : $"There is no command '{word}'.{(EditDistance.Suggestion(word, names) is { Length: > 0 } suggestion ? suggestion : $" There are {string.Join(", ", names)}.")}";
    }

    private static string Called(Command command) => command is RootCommand ? "The program" : $"The command {command.Name}";

    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]);
}
