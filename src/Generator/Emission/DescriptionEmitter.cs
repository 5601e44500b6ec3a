using System.Globalization;
using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>Writes what a network says of itself: its <c>NetworkInfo</c> and its diffusion.</summary>
internal static class DescriptionEmitter
{
    public static void Emit(SourceWriter writer, NetworkPlan plan, string specPath)
    {
        writer.Line("/// <inheritdoc/>");
        writer.Line(plan.IsOpen
            ? "public override global::UNetGen.Networks.NetworkInfo Info => Description with { ParameterCount = base.CountParameters() };"
            : "public override global::UNetGen.Networks.NetworkInfo Info => Description;");
        writer.Line();
        writer.Line("/// <inheritdoc/>");
        writer.Line("public override global::UNetGen.Diffusion.DiffusionOptions Diffusion => DiffusionOfSpec;");
        writer.Line();
        writer.Open("private static readonly global::UNetGen.Diffusion.DiffusionOptions DiffusionOfSpec = new()");
        foreach (var property in plan.Diffusion)
            writer.Line($"{property.Name} = {CSharpText.Value(property.Value)},");
        writer.Close(";");
        writer.Line();
        writer.Summary("What the network is, without making one.");
        writer.Open("public static global::UNetGen.Networks.NetworkInfo Description { get; } = new()");
        writer.Line($"Name = nameof({plan.Name}),");
        writer.Line($"SpecPath = {CSharpText.Literal(specPath)},");
        foreach (var constant in new[] { "SpecHash", "Channels", "OutChannels", "ImageHeight", "ImageWidth", "DownsampleFactor" })
            writer.Line($"{constant} = {constant},");
        writer.Line(plan.IsOpen ? "ParameterCount = 0, // Info counts the live ones" : "ParameterCount = ParameterCount,");
        writer.Line($"SelfCondition = {CSharpText.Value(plan.SelfCondition)},");
        if (plan.ConditionChannels > 0)
            writer.Line("ConditionChannels = ConditionChannels,");
        if (plan.NumClasses is { } classes)
            writer.Line($"NumClasses = {CSharpText.Value(classes)},");
        if (plan.ContextDim is not null)
            writer.Line("ContextDim = ContextDim,");
        if (plan.Kernels is { } kernels)
            writer.Line($"Kernels = {CSharpText.Value(kernels)},");
        writer.Open("Levels = new global::UNetGen.Networks.LevelInfo[]");
        foreach (var row in plan.Levels)
        {
            writer.Line($"new(Name: {CSharpText.Literal(row.Name)}, Height: {row.Height}, Width: {row.Width}, Channels: {row.Channels}, "
                + $"Blocks: {CSharpText.Literal(row.Blocks)}, Attention: {CSharpText.Literal(row.Attention)},");
            writer.Line($"    Parameters: {Number(row.Parameters)}, ForwardFlops: {Number(row.Cost.Flops)}, "
                + $"ActivationElements: {Number(row.Cost.Elements)}),");
        }

        writer.Close(",");
        writer.Line($"StateDict = new global::UNetGen.Networks.StateDictManifest({ManifestEmitter.Constant}),");
        writer.Line($"Spec = {CSharpText.Verbatim(plan.Spec)},");
        writer.Close(";");
    }

    private static string Number(long number) => number.ToString(CultureInfo.InvariantCulture);
}
