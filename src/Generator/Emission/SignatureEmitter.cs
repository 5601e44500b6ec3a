using UNetGen.Generator.Planning;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Emission;

/// <summary>
/// Writes the class of a spec with errors: its public signature, with bodies that throw. So one error in the YAML isn't a hundred in C#.
/// </summary>
internal static class SignatureEmitter
{
    /// <param name="spec">What could be read.</param>
    /// <param name="plan">Whose fields the class has: the network that it may be meant to be; null: that isn't known.</param>
    /// <param name="specPath">For people.</param>
    /// <param name="isInternal">Whether the class is the project's alone.</param>
    public static string Emit(UNetSpec spec, NetworkPlan? plan, string specPath, bool isInternal)
    {
        var writer = new SourceWriter();
        NetworkEmitter.EmitHeader(writer, specPath, ", which has errors", spec.Namespace);
        var message = CSharpText.Literal($"{specPath} has errors: the build has reported them.");
        var fault = $"throw new global::System.InvalidOperationException({message})";
        writer.Line("/// <summary>");
        var path = SourceWriter.Escape(specPath);
        writer.Line($"/// The U-Net of <c>{path}</c>, which has errors: nothing here works before they are mended.");
        if (plan is not null)
            writer.Line("/// It has the layers that the spec may be meant to have.");
        writer.Line("/// Its constants say what could be read of it, else 1.");
        writer.Line("/// </summary>");
        ClassSurface.Open(writer, spec.Name, isInternal);
        ClassSurface.EmitConstants(writer, spec, plan?.ContextDim);
        if (plan is not null)
            ClassSurface.EmitFields(writer, plan.Modules, broken: true);
        writer.Summary("Throws: the spec has errors.");
        writer.Line("/// <param name=\"device\">Not used.</param>");
        writer.Line("/// <param name=\"dtype\">Not used.</param>");
        writer.Line($"public {spec.Name}({CSharpText.ConstructorInputs})");
        writer.Line($"    : base(nameof({spec.Name})) => {fault};");
        writer.Line();
        ClassSurface.EmitHooks(writer, inputs: null, withCondition: spec.ConditionChannels > 0);
        var members = new List<string>
        {
            $"{CSharpText.Tensor} {CSharpText.Forward}",
            $"{CSharpText.Tensor} {CSharpText.ConditionalForward}",
            "global::UNetGen.Networks.NetworkInfo Info",
            "global::UNetGen.Diffusion.DiffusionOptions Diffusion",
        };
        // Only where code may name a context: beside the form before, a third argument by position would be either.
        if (plan?.ContextDim is not null)
            members.Insert(2, $"{CSharpText.Tensor} {CSharpText.ContextForward}");
        foreach (var member in members)
        {
            writer.Line("/// <inheritdoc/>");
            writer.Line($"public override {member} => {fault};");
            writer.Line();
        }

        writer.Summary("Throws: the spec has errors.");
        writer.Line($"public static global::UNetGen.Networks.NetworkInfo Description => {fault};");
        foreach (var level in plan?.Modules.Where(module => module.Children.Count > 0) ?? [])
        {
            ClassSurface.OpenLevel(writer, level, broken: true);
            writer.Line($"internal {level.Type}() : base(nameof({level.Type})) => {fault};");
            writer.Close();
        }

        writer.Close();
        return writer.ToString();
    }
}
