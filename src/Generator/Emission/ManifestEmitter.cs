using UNetGen.Generator.Planning;

namespace UNetGen.Generator.Emission;

/// <summary>
/// Writes what a network's state_dict holds as a table in one string: of the ways to say it, the one that costs least to compile and
/// nothing to construct a network, at six hundred entries as at sixty.
/// </summary>
internal static class ManifestEmitter
{
    public const string Constant = "StateDictTable";

    public static void Emit(SourceWriter writer, NetworkPlan plan)
    {
        writer.Line();
        writer.Line("// PyTorch's state_dict in its order: key, type and shape; what is fixed isn't trained.");
        writer.Verbatim($"private const string {Constant} = ", Rows("", plan.Modules), ";");
    }

    public static IEnumerable<string> Rows(string prefix, IEnumerable<ModulePlan> modules) => modules.SelectMany(module =>
    {
        var key = $"{prefix}{module.Key}.";
        var own = module.Parameters.Select(parameter => $"{key}{Row(parameter)}");
        return (module.IsOpen ? [$"{key}*"] : own).Concat(Rows(key, module.Children));
    });

    private static string Row(ParameterPlan parameter) =>
        $"{parameter.Key} float32 [{string.Join(", ", parameter.Shape)}]{(parameter.Trainable ? "" : " fixed")}";
}
