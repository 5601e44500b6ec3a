using System.Text.Json;

namespace UNetGen.Training;

/// <summary>What options are called in messages, run files and, but for few, in <c>checkpoint.json</c>: <c>batch_size</c> for <see cref="TrainingOptions.BatchSize"/>.</summary>
internal static class OptionNames
{
    /// <param name="property">Of <see cref="TrainingOptions"/>.</param>
    public static string Of(string property) => property == nameof(TrainingOptions.HorizontalFlips) ? "flips" : JsonNamingPolicy.SnakeCaseLower.ConvertName(property);

    /// <param name="property">Of <see cref="EmaOptions"/>.</param>
    public static string OfAverage(string property) => "ema_" + JsonNamingPolicy.SnakeCaseLower.ConvertName(property);
}
