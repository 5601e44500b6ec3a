using System.Globalization;
using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;
using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator;

/// <summary>
/// What a network costs, reported at its spec: as information where the project asks for it, as a warning above the size that it allows.
/// </summary>
/// <remarks>
/// A step of its own, since it needs both the plan, which the reader doesn't have, and places, which the source doesn't have. Information
/// isn't reported to everyone: where a generator reports anything at all, Roslyn looks through the whole project at every keystroke for
/// attributes that suppress it.
/// </remarks>
internal static class SizeReport
{
    // Training holds weights, gradients, Adam's two moments and the moving average: 20 bytes per parameter. That makes 20 GB, about what
    // a large consumer GPU has.
    private const long UsualMaxParameters = 1_000_000_000;

    public static IEnumerable<DiagnosticInfo> Of(DiagnosedSpec file, ProjectInfo project, CancellationToken cancellation)
    {
        cancellation.ThrowIfCancellationRequested();
        if (file.Network.Broken || TryPlan(file.Network.Spec) is not { } plan)
            yield break;

        if (project.ReportsSizes)
            yield return new DiagnosticInfo(Rules.NetworkSize, file.NamePlace, Describe(plan));

        var (most, maxParameters) = (UsualMaxParameters, project.MaxParameters);
        if (maxParameters.Length > 0
            && (!long.TryParse(maxParameters, NumberStyles.None, CultureInfo.InvariantCulture, out most) || most == 0))
            yield return new DiagnosticInfo(Rules.ManyParameters, file.NamePlace,
                $"the project's UNetGenMaxParameters is '{Text.Shown(maxParameters)}'; it must be a whole number from 1, in digits alone");
        else if (plan.ParameterCount > most)
            yield return new DiagnosticInfo(Rules.ManyParameters, file.DimPlace, Excess(plan, most));
    }

    private static string Describe(NetworkPlan plan)
    {
        var levels = plan.Levels.Select(level => $"{Name(level)} {Text.Thousands(level.Parameters)}");
        var gigaflops = (plan.ForwardFlops / 1e9).ToString(plan.ForwardFlops < 10e9 ? "0.###" : "#,0", CultureInfo.InvariantCulture);
        return $"{plan.Name}: {Text.Thousands(plan.ParameterCount)} parameters ({string.Join(", ", levels)}); "
            + $"{gigaflops} GFLOP forward per image; downsampling factor {plan.DownsampleFactor}"
            + (plan.IsOpen ? "; your own blocks come on top" : "");
    }

    private static string Excess(NetworkPlan plan, long most)
    {
        var largest = plan.Levels.OrderByDescending(level => level.Parameters).First();
        var (where, remedy) = largest.Name == "in"
            ? ("the first convolution and the time embedding", "time_emb_dim or init_dim")
            : ($"{Name(largest)}, {largest.Channels} wide", "dim or smaller multipliers");
        return $"{plan.Name} has {Text.Thousands(plan.ParameterCount)} parameters ({Text.Bytes(4.0 * plan.ParameterCount)} of float32), "
            + $"the most in {where}: {Text.Thousands(largest.Parameters)}; "
            + $"the project allows {Text.Thousands(most)}: use a smaller {remedy}, or raise UNetGenMaxParameters";
    }

    private static string Name(LevelPlan level) => char.IsDigit(level.Name[0]) ? $"level {level.Name}" : level.Name;

    /// <summary>A plan that fails is a fault of the generator's own, which the step that writes the class reports.</summary>
    private static NetworkPlan? TryPlan(UNetSpec spec)
    {
        try
        {
            return NetworkPlanner.Plan(spec);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            return null;
        }
    }
}
