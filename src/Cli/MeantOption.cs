using System.CommandLine;

namespace UNetGen.Cli;

/// <summary>Options that a command hasn't, under whose name other commands know what it takes: trained weights, and specs.</summary>
internal static class MeantOption
{
    /// <summary>Where a training takes weights from.</summary>
    public const string OfTraining =
        "To go on with a run: --resume RUN. To begin a new one with the weights of a run or a checkpoint: --init-from PATH.";

    private static readonly string[] OfWeights = ["--checkpoint", "--resume", "--init-from", "--run", "--weights", "--model"];

    /// <summary>What the command has in the option's place, as a sentence; null where nothing.</summary>
    public static string? Of(Command command, string option)
    {
        if (option != "--spec" && !OfWeights.Contains(option))
            return null;
        if (command.Arguments.Count > 0)
        {
            var arguments = string.Join(' ', command.Arguments.Select(argument => argument.Name));
            return $"What it takes stands without an option: {command.Name} {arguments}.";
        }
        return (command.Name, option) switch
        {
            ("sample" or "export", "--spec") => "The network is that of the weights: --checkpoint PATH.",
            ("sample" or "export", _) => "A run, a checkpoint or its weights: --checkpoint PATH.",
            ("evaluate", _) => "It measures pictures: sample --checkpoint PATH --out FOLDER draws them, and --samples FOLDER names them.",
            ("train", _) => OfTraining,
            _ => null,
        };
    }
}
