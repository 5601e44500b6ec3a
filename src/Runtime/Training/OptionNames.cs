namespace UNetGen.Training;

/// <summary>What options are called in messages and run files: but for few as in <c>checkpoint.json</c>, <c>batch_size</c> for <see cref="TrainingOptions.BatchSize"/>.</summary>
internal static class OptionNames
{
    /// <param name="key">Of <see cref="TrainingOptions"/>, in <c>checkpoint.json</c>.</param>
    public static string Of(string key) => key == "horizontal_flips" ? "flips" : key;

    /// <param name="key">Of <see cref="EmaOptions"/>, in <c>checkpoint.json</c>.</param>
    public static string OfAverage(string key) => "ema_" + key;
}
