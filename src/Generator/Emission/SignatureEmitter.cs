using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Emission;

/// <summary>
/// Writes the class of a spec with errors: its public signature, with bodies that throw. So one error in the YAML isn't a hundred in C#.
/// </summary>
internal static class SignatureEmitter
{
    public static string Emit(UNetSpec spec, string specPath)
    {
        var writer = new SourceWriter();
        NetworkEmitter.EmitHeader(writer, specPath, ", which has errors", spec.Namespace);
        var message = CSharpText.Literal($"{specPath} has errors: the build has reported them.");
        var fault = $"throw new global::System.InvalidOperationException({message})";
        writer.Line("/// <summary>");
        var path = SourceWriter.Escape(specPath);
        writer.Line($"/// The U-Net of <c>{path}</c>, which has errors: nothing here works before they are mended.");
        writer.Line("/// Its constants say what could be read of it, else 1.");
        writer.Line("/// </summary>");
        writer.Open($"public sealed partial class {spec.Name} : global::UNetGen.Networks.NoisePredictor");
        ClassSurface.EmitConstants(writer, spec);
        writer.Summary("Throws: the spec has errors.");
        writer.Line("/// <param name=\"device\">Not used.</param>");
        writer.Line("/// <param name=\"dtype\">Not used.</param>");
        writer.Line($"public {spec.Name}({CSharpText.ConstructorInputs})");
        writer.Line($"    : base(nameof({spec.Name})) => {fault};");
        writer.Line();
        ClassSurface.EmitHooks(writer, conditional: null);
        foreach (var member in new[]
        {
            $"{CSharpText.Tensor} {CSharpText.Forward}",
            $"{CSharpText.Tensor} {CSharpText.ConditionalForward}",
            "global::UNetGen.Networks.NetworkInfo Info",
            "global::UNetGen.Diffusion.DiffusionOptions Diffusion",
        })
        {
            writer.Line("/// <inheritdoc/>");
            writer.Line($"public override {member} => {fault};");
            writer.Line();
        }

        writer.Summary("Throws: the spec has errors.");
        writer.Line($"public static global::UNetGen.Networks.NetworkInfo Description => {fault};");
        writer.Close();
        return writer.ToString();
    }
}
