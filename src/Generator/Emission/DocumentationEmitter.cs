using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>What one reads when hovering over a generated class.</summary>
internal static class DocumentationEmitter
{
    public static void EmitClass(SourceWriter writer, NetworkPlan plan, string specPath)
    {
        writer.Line("/// <summary>");
        var (path, images) = (SourceWriter.Escape(specPath), $"[batch, {plan.Channels}, {plan.Height}, {plan.Width}]");
        writer.Line($"/// The U-Net of <c>{path}</c>: given images {images} noised to the");
        writer.Line($"/// given timesteps, predicts {SourceWriter.Escape(plan.Predicts)}.");
        if (plan.ConditionChannels > 0)
        {
            var whole = $"[batch, {plan.Channels} + {plan.ConditionChannels}, {plan.Height}, {plan.Width}]";
            writer.Line($"/// Behind the images go {Counted.Of(plan.ConditionChannels, "channel")} of their condition: {whole}.");
        }

        if (plan.NumClasses is { } classes)
            writer.Line($"/// Takes the class of each image as well, of {classes}.");
        if (plan.ContextDim is { } width)
            writer.Line($"/// Takes a context as well, to whose tokens it attends: [batch, tokens, {width}].");
        if (plan.SelfCondition)
            writer.Line("/// Takes its previous estimate of the clean images as well.");
        writer.Line("/// </summary>");
        EmitRemarks(writer, plan, "Hooks for your own code: <c>OnConstructed</c>, <c>OnForwarding</c>, <c>OnForwarded</c>.");
    }

    /// <summary>
    /// The table of levels, also for the constructor: an editor shows its documentation, not the class's, at <c>new TinyUNet()</c>.
    /// </summary>
    public static void EmitRemarks(SourceWriter writer, NetworkPlan plan, string? more = null)
    {
        writer.Line("/// <remarks>");
        writer.Line("/// <code>");
        foreach (var row in UDiagram.Rows(plan))
            writer.Line($"/// {row}");
        writer.Line("///");
        foreach (var row in LevelTable.Rows(plan))
            writer.Line($"/// {row}");
        writer.Line("/// </code>");
        if (more is not null)
            writer.Line($"/// {more}");
        writer.Line("/// </remarks>");
    }
}
