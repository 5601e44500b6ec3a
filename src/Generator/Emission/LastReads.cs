using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>Where the forward pass reads a variable for the last time, so that its memory can serve the next.</summary>
internal static class LastReads
{
    /// <summary>
    /// For each step the image variables that it reads and no later step does. The caller's own input and the small embedding of the time
    /// are never among them.
    /// </summary>
    public static IReadOnlyList<IReadOnlyList<string>> Of(IReadOnlyList<StepPlan> steps)
    {
        var images = new HashSet<string>(steps.Select(step => step.Target), StringComparer.Ordinal);
        images.ExceptWith([StepPlan.Input, StepPlan.Time]);
        var needed = new HashSet<string>(StringComparer.Ordinal);
        var last = new IReadOnlyList<string>[steps.Count];
        for (var i = steps.Count - 1; i >= 0; i--)
        {
            needed.Remove(steps[i].Target);
            var read = Variables(steps[i].Value).Where(images.Contains).Distinct().ToList();
            last[i] = [.. read.Where(needed.Add)];
        }
        return last;
    }

    private static IEnumerable<string> Variables(Expression expression) => expression switch
    {
        Variable variable => [variable.Name],
        Call call => call.Arguments.SelectMany(Variables),
        OwnBlockCall own => Variables(own.X),
        Concatenation concat => Variables(concat.First).Concat(Variables(concat.Second)),
        Function function => function.Arguments.SelectMany(Variables),
        Addition sum => Variables(sum.Made).Concat(Variables(sum.Other)),
        _ => [],
    };
}
