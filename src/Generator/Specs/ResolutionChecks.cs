using UNetGen.Generator.Common;
using UNetGen.Generator.Diagnostics;

namespace UNetGen.Generator.Specs;

/// <summary>The sizes at which a preset attends, of which an image may have none.</summary>
internal static class ResolutionChecks
{
    /// <summary>
    /// Where no level has any of the preset's sizes, that is hardly meant; that some levels have none is how the family's networks are.
    /// </summary>
    public static void WarnOfNoLevel(CheckContext context)
    {
        var spec = context.Spec;
        if (spec.Attention is not { DefaultResolutions: { } resolutions, GivenResolutions: null, GivenLevels: null, Off: false }
            || spec.ImageSize.Height != spec.ImageSize.Width || spec.ImageSize.Height % spec.DownsampleFactor != 0)
            return;
        var sizes = Enumerable.Range(0, spec.Levels).Select(level => spec.SizeAt(level).Height).ToList();
        if (sizes.Any(resolutions.Contains))
            return;
        var nearest = sizes.OrderBy(size => resolutions.Min(resolution => Math.Abs(Math.Log(size) - Math.Log(resolution)))).First();
        context.Report(Rules.NoResolution, "image_size",
            $"preset {SpecWords.SnakeCase($"{spec.Preset}")} attends at size {Text.OneOf(resolutions)}, "
            + $"and {(spec.Levels == 1 ? "the level is" : "the levels are")} at {Text.AllOf(sizes)}: "
            + $"{(spec.AttentionInTheMiddle == AttentionKind.None ? "nothing" : "only the middle")} attends; "
            + $"say where, as `attention: {{ resolutions: [{nearest}] }}`, or that no level does, "
            + $"`attention: {{ levels: [{string.Join(", ", sizes.Select(_ => "none"))}] }}`");
    }
}
