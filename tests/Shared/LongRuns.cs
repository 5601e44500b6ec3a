using System.Globalization;

namespace UNetGen;

/// <summary>
/// Tests that could try more, or take minutes, as those in Wine: `dotnet test` makes them short, UNETGEN_LONG_RUNS=1, which .ci/run sets,
/// makes them long.
/// </summary>
internal static class LongRuns
{
    public static readonly bool AreAsked = Environment.GetEnvironmentVariable("UNETGEN_LONG_RUNS") == "1";

    /// <summary>How often something is tried: as an environment variable says, else few times or many.</summary>
    public static int Count(string variable, int few, int many) => Environment.GetEnvironmentVariable(variable) is { } count
        ? int.Parse(count, CultureInfo.InvariantCulture)
        : AreAsked ? many : few;
}
