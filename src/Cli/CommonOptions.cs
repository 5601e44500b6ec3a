using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using UNetGen.Cli.Runs;
using UNetGen.Distributed;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Cli;

/// <summary>Options that several commands have, and how numbers are checked.</summary>
internal static class CommonOptions
{
    public static Option<string> Device() => new("--device")
    {
        Description = "auto (CUDA where there is a GPU), cpu, cuda or cuda:N.",
        DefaultValueFactory = _ => "auto",
        HelpName = "DEVICE",
    };

    /// <summary>The device that a text names, with a warning of what speaks against it.</summary>
    /// <param name="text">As <c>--device</c> has it.</param>
    /// <param name="ranks">Each takes its own.</param>
    public static Device Parse(string? text, ICollective ranks)
    {
        var device = Devices.Parse(text, ranks.LocalRank);
        if (ranks.Rank == 0)
            Devices.Doubts(device).ToList().ForEach(Warnings.Show);
        return device;
    }

    public static Option<long> Seed() => new("--seed")
    {
        Description = "The same seed draws the same.",
        CustomParser = result => TextFormat.Integer.TryParse(result.Tokens[0].Value, out var value)
            ? value
            : Refuse<long>(result, TextFormat.Integer.Range),
        DefaultValueFactory = _ => 0L,
        HelpName = "N",
    };

    public static Option<int> Count(string description) => new("--count")
    {
        Description = description,
        CustomParser = result => Whole(result, 1, 1_000_000),
        DefaultValueFactory = _ => 36,
        HelpName = "N",
    };

    /// <summary>An option for one of a few words.</summary>
    /// <param name="name">With its hyphens.</param>
    /// <param name="description">For the help.</param>
    /// <param name="words">All that it can be.</param>
    /// <param name="standard">What holds where it isn't given; null: nothing.</param>
    public static Option<string?> Choice(string name, string description, IReadOnlyList<string> words, string? standard = null)
    {
        var range = WordChoice.Listed(words);
        var option = new Option<string?>(name)
        {
            Description = description,
            HelpName = string.Join('|', words),
            CustomParser = result => result.Tokens[0].Value is var word && words.Contains(word)
                ? word
                : Refuse<string>(result, range, WordChoice.Suggestion(word, words)),
        };
        if (standard is not null)
            option.DefaultValueFactory = _ => standard;
        return option;
    }

    /// <summary>Whether an option stands on the command line.</summary>
    public static bool IsGiven(this ParseResult parsed, Option option) => parsed.GetResult(option) is { Implicit: false };

    /// <summary>Parses a whole number, or says what it must be.</summary>
    public static int Whole(ArgumentResult result, int min, int max = int.MaxValue)
    {
        var text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var value) && value >= min && value <= max)
            return value;
        return Refuse<int>(result, $"a whole number from {min} to {max}");
    }

    /// <summary>Parses a number, with a point and without thousands, or says what it must be.</summary>
    public static double Real(ArgumentResult result, Predicate<double> holds, string range)
    {
        var text = result.Tokens[0].Value;
        return TextFormat.TryParseReal(text, out var value) && holds(value)
            ? value
            : Refuse<double>(result, range, rounding: TextFormat.RoundingOf(text));
    }

    /// <summary>Says what a value must be that isn't, of the option as it was given.</summary>
    public static T? Refuse<T>(ArgumentResult result, string range, string suggestion = "", string rounding = "")
    {
        var option = (result.Parent as OptionResult)?.IdentifierToken?.Value ?? result.Argument.Name;
        result.AddError($"{option} must be {range}, not '{result.Tokens[0].Value}'{rounding}.{suggestion}");
        return default;
    }
}
