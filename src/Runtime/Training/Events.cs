using Microsoft.Extensions.Logging;

namespace UNetGen.Training;

/// <summary>
/// All that the library tells a logger. What is so, and not what happens, is asked instead: notes of images, doubts of weights.
/// </summary>
internal static partial class Events
{
    [LoggerMessage(1, LogLevel.Warning, "{Finding}")]
    public static partial void ImagesAreStrange(this ILogger logger, string finding);

    [LoggerMessage(2, LogLevel.Warning, "skipped {Fault}")]
    public static partial void StepSkipped(this ILogger logger, string fault);

    [LoggerMessage(3, LogLevel.Warning, "{Change}")]
    public static partial void GoesOnOtherwise(this ILogger logger, string change);

    [LoggerMessage(4, LogLevel.Warning, "{Damage}")]
    public static partial void CheckpointPassedOver(this ILogger logger, string damage);

    [LoggerMessage(5, LogLevel.Information, "saved {Checkpoint}")]
    public static partial void CheckpointSaved(this ILogger logger, string checkpoint);

    [LoggerMessage(6, LogLevel.Information, "left out {Overflow}")]
    public static partial void LossScaleLowered(this ILogger logger, string overflow);

    [LoggerMessage(7, LogLevel.Warning, "{Renaming}")]
    public static partial void CheckpointSetAside(this ILogger logger, string renaming);

    [LoggerMessage(8, LogLevel.Warning, "{Fault}")]
    public static partial void LastStepNotSaved(this ILogger logger, string fault);
}
