using System.CommandLine;
using System.CommandLine.Parsing;
using System.Text.RegularExpressions;

namespace UNetGen.Cli;

/// <summary>What is wrong with a command line before any command sees it, in sentences.</summary>
internal static class CommandLineErrors
{
    /// <summary>What help calls the values that can be called anything.</summary>
    private static readonly string[] Paths = ["FILE", "FOLDER", "PATH", "PICTURE"];

    /// <summary>A value that is empty, as a variable of the shell that isn't set leaves it: no path, no word and no number.</summary>
    /// <param name="root">The program, with its commands.</param>
    /// <param name="args">The command line as it came. Once it is parsed, <c>--out=</c> looks as if its value were missing.</param>
    public static string? EmptyValue(RootCommand root, IReadOnlyList<string> args)
    {
        var command = root.Subcommands.FirstOrDefault(sub => sub.Name == args.FirstOrDefault()) ?? root;
        for (var i = 0; i < args.Count; i++)
        {
            string? option;
            if (string.IsNullOrWhiteSpace(args[i]))
                option = i > 0 && IsOption(args[i - 1]) ? args[i - 1] : null;
            else if (IsOption(args[i]) && args[i].Split('=', 2) is [var name, var value] && string.IsNullOrWhiteSpace(value))
                option = name;
            else
                continue;
            var what = option is not null ? $"value of {option}" : i == 0 ? "command" : $"argument behind '{args[i - 1]}'";
            var required = option is null
                ? i > 0 && command.Arguments.Any(argument => argument.Arity.MinimumNumberOfValues > 0)
                : command.Options.Any(known => known.Required && (known.Name == option || known.Aliases.Contains(option)));
            var instead = required ? "" : $", or leave {option ?? "it"} out";
            return $"The {what} is empty, as when a variable of the shell isn't set: give one{instead}.";
        }
        return null;
    }

    /// <summary>
    /// Everything else, commands and options that there aren't with the nearest that there are. Empty where nothing is wrong.
    /// </summary>
    public static IReadOnlyList<string> Of(ParseResult parsed)
    {
        var command = parsed.CommandResult.Command;
        if (TakenForValues(parsed).ToList() is { Count: > 0 } taken)
            return taken;
        var unknown = Unknown(parsed);
        if (unknown.Count == 0 && parsed.Errors.Count == 0 && RepeatedWithoutValue(parsed) is { } repeated)
            return [repeated];
        // Options behind a command that there isn't are nobody's.
        if (unknown is [var first, ..] && command.Subcommands.Count > 0 && !IsOption(parsed.UnmatchedTokens[0]))
            return [first];
        // That an option is missing only follows, where a misspelt one is told to be that.
        var required = command.Options.Where(option => option.Required && unknown.Any(message => Names(message, option.Name)))
            .Select(option => option.Name)
            .ToList();
        var others = parsed.Errors.Where(error => error.SymbolResult is not CommandResult
            || !parsed.UnmatchedTokens.Any(token => error.Message.Contains($"'{token}'")))
            .Where(error => !required.Any(name => error.Message.Contains($"'{name}'")));
        // An option that root and command share is checked twice.
        return [.. unknown.Concat(others.Select(error => error.Message)).Distinct()];
    }

    /// <summary>
    /// Options in the place of values: a misspelt one where the command has an argument, and what follows an option without a value.
    /// </summary>
    private static IEnumerable<string> TakenForValues(ParseResult parsed)
    {
        var taken = parsed.CommandResult.Children
            .SelectMany(child => child.Tokens.Select(token => (Place: child, Word: token.Value)))
            .Where(value => value.Word.Length > 2 && value.Word.StartsWith("--", StringComparison.Ordinal));
        foreach (var (place, word) in taken)
        {
            yield return place is OptionResult { IdentifierToken: { } option, Option.HelpName: var help }
                ? $"{option.Value} has no value: '{word}' follows, an option as it seems."
                    + (Paths.Any(path => help?.Contains(path, StringComparison.Ordinal) == true) ? $" A path of that name is ./{word}." : "")
                : UnknownOption(parsed, word.Split('=')[0]);
        }
    }

    /// <summary>An option that had its value before, and has none where it stands once more.</summary>
    private static string? RepeatedWithoutValue(ParseResult parsed)
    {
        for (var i = 0; i < parsed.Tokens.Count; i++)
        {
            if (parsed.Tokens[i] is { Type: TokenType.Option, Value: var name }
                && parsed.CommandResult.Children.OfType<OptionResult>().FirstOrDefault(result => result.Option.Name == name) is { } option
                && option.Option.Arity.MinimumNumberOfValues > 0
                && parsed.Tokens.ElementAtOrDefault(i + 1)?.Type != TokenType.Argument)
                return $"{name} is given twice, and once without a value: leave one out.";
        }
        return null;
    }

    private static List<string> Unknown(ParseResult parsed)
    {
        var (command, tokens) = (parsed.CommandResult.Command, parsed.UnmatchedTokens);
        var found = new List<string>();
        for (var i = 0; i < tokens.Count; i++)
        {
            if (IsOption(tokens[i]))
                found.Add(UnknownOption(parsed, tokens[i].Split('=')[0]));
            else if (i == 0 || !IsOption(tokens[i - 1]))
                found.Add(UnknownWord(command, tokens[i]));
            // What follows an unknown option is its value.
        }
        return found;
    }

    private static string UnknownOption(ParseResult parsed, string option)
    {
        var command = parsed.CommandResult.Command;
        string[] there =
        [
            .. command.Options
                .SelectMany(known => known.Aliases.Prepend(known.Name))
                .Where(name => name.StartsWith("--", StringComparison.Ordinal)),
        ];
        if (there.Contains(option))
        {
            return parsed.Tokens.Any(token => token.Type == TokenType.DoubleDash)
                ? $"'{option}' follows '--', and what follows that is no option: leave the '--' out."
                : $"'{option}' is an option of the command {command.Name}: it goes behind that word.";
        }
        if (MeantOption.Of(command, option) is { } meant)
            return $"{Called(command)} has no option '{option}'. {meant}";
        var none = command.Options.Count == 0 ? " It has none." : "";
        return $"{Called(command)} has no option '{option}'.{NearName.Suggestion(option, there)}{none}";
    }

    private static string UnknownWord(Command command, string word)
    {
        var names = command.Subcommands.Select(sub => sub.Name).ToList();
        if (names.Count == 0)
            return $"{Called(command)} doesn't know what to do with '{word}'.";
        var suggestion = NearName.Suggestion(word, names);
        return $"There is no command '{word}'.{(suggestion.Length > 0 ? suggestion : $" There are {string.Join(", ", names)}.")}";
    }

    /// <summary>Whether a message has an option's name, and not only as a part of another's.</summary>
    private static bool Names(string message, string option) => Regex.IsMatch(message, $@"(?<![\w-]){Regex.Escape(option)}(?![\w-])");

    private static string Called(Command command) => command is RootCommand ? "The program" : $"The command {command.Name}";

    private static bool IsOption(string word) => word.Length > 1 && word[0] == '-' && !char.IsAsciiDigit(word[1]);
}
