using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using UNetGen.Training;

namespace UNetGen.Cli.Runs;

/// <summary>One option of a run: a key of the run file, and the same with hyphens on the command line.</summary>
internal sealed partial class RunField
{
    private readonly Func<string, Func<RunOptions, RunOptions>> parse;
    private readonly Func<RunOptions, string> write;

    private static readonly string[] OfRanks = ["batch_size", "accumulation"];

    // Where files lie, and with what is computed. What is in the files is compared by itself.
    private static readonly string[] OfEachRank = ["spec", "init_from", "data", "condition", "device", "workers"];

    private RunField(
        string key, string? property, string help, string unit, bool free, bool flag, Func<string, Func<RunOptions, RunOptions>> parse,
        Func<RunOptions, string> write)
    {
        (Key, Property, Help, Unit, IsFree, IsFlag) = (key, property, help, unit, free, flag);
        (this.parse, this.write) = (parse, write);
    }

    /// <summary>In the run file.</summary>
    public string Key { get; }

    /// <summary>What the trainer's messages call it: <c>BatchSize</c>, <c>Ema.Decay</c>; null for what only the program knows.</summary>
    public string? Property { get; }

    /// <summary>On the command line.</summary>
    public string Option => "--" + Key.Replace('_', '-');

    public string Help { get; }

    /// <summary>What its value is called in the help.</summary>
    public string Unit { get; }

    /// <summary>Whether a run that goes on may have another value than before.</summary>
    public bool IsFree { get; }

    /// <summary>
    /// Whether a run that goes on with another number of ranks may have another value than before, so that a step can stay as it was.
    /// </summary>
    public bool IsRanks => OfRanks.Contains(Key);

    /// <summary>Whether each of several ranks may have its own.</summary>
    public bool IsOfEachRank => OfEachRank.Contains(Key);

    /// <summary>Whether it can stand on the command line alone, for true.</summary>
    public bool IsFlag { get; }

    public static RunField OfRun<T>(
        string key, string unit, string help, TextFormat<T> format, Func<RunOptions, T> get, Func<RunOptions, T, RunOptions> set,
        bool free = false, string? property = null, string? instead = null) =>
        new(
            key, property, help, unit, free, flag: typeof(T) == typeof(bool),
            text => format.TryParse(text, out var value)
                ? run => set(run, value)
                : throw new FormatException(
                    $"must be {format.Range}, not '{Excerpt.Of(text)}'{format.Rounding(text)}."
                        + (WordChoice.Suggestion(text, format.Words) is { Length: > 0 } near ? near : instead is null ? "" : $" {instead}")),
            run => format.Write(get(run)));

    /// <summary>One that the trainer itself knows. <c>instead</c> is a sentence on where a value belongs that it can't have.</summary>
    public static RunField OfTraining<T>(
        string key, string unit, string help, TextFormat<T> format, Func<TrainingOptions, T> get,
        Func<TrainingOptions, T, TrainingOptions> set, bool free = false, string? instead = null,
        [CallerArgumentExpression(nameof(get))] string getter = "") =>
        OfRun(
            key, unit, help, format, run => get(run.Training), (run, value) => run with { Training = set(run.Training, value) }, free,
            PropertyIn(getter), instead);

    /// <summary>One of the averages of the weights: a value for each of them, or one for all.</summary>
    public static RunField OfAverage<T>(
        string key, string unit, string help, TextFormat<T> format, Func<EmaOptions, T> get, Func<EmaOptions, T, EmaOptions> set,
        [CallerArgumentExpression(nameof(get))] string getter = "") =>
        OfTraining(key, unit, help, format.OneOrMore(), options => AllOrOne(options.Ema.Select(get)), (options, values) => options with
        {
            Ema = values.Count == 1 || values.Count == options.Ema.Count
                ? [.. options.Ema.Select((average, i) => set(average, values[values.Count == 1 ? 0 : i]))]
                : throw new UNetGenException(
                    $"{key} has {Counted.Of(values.Count, "value")}, but ema_decay has {options.Ema.Count}: give one for each average, or "
                        + "one for all."),
        }, getter: $"{nameof(TrainingOptions.Ema)} {getter}");

    /// <summary>What a text changes.</summary>
    /// <exception cref="FormatException">It can't be the option's; the message follows the option's name.</exception>
    public Func<RunOptions, RunOptions> Parse(string text) => parse(text);

    /// <summary>The text that stands for its value.</summary>
    public string Write(RunOptions run) => write(run);

    /// <summary>The property that a getter ends with: <c>Steps</c> of <c>o => o.Steps</c>, and of an average <c>Ema.Decay</c>.</summary>
    private static string PropertyIn(string getter)
    {
        var property = LastMember().Match(getter).Groups[1].Value;
        return getter.Contains(nameof(TrainingOptions.Ema), StringComparison.Ordinal)
            ? $"{nameof(TrainingOptions.Ema)}.{property}"
            : property;
    }

    [GeneratedRegex(@"\.(\w+)\W*$")]
    private static partial Regex LastMember();

    private static IReadOnlyList<T> AllOrOne<T>(IEnumerable<T> values)
    {
        T[] all = [.. values];
        return all.Distinct().Count() == 1 ? [all[0]] : all;
    }
}
