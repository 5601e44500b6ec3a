using UNetGen.Blocks;
using UNetGen.Generator.Planning;

namespace UNetGen.Onnx.Layers;

/// <summary>What a plan gives to a module's constructor; what isn't given has the constructor's default, which the caller says.</summary>
internal sealed class ModuleArguments(IReadOnlyList<Argument> arguments)
{
    public static ModuleArguments Of(ModulePlan module) => new(module.Arguments);

    public int Whole(string name, int otherwise = 0) => Named(name) is int value ? value : otherwise;

    public double Number(string name, double otherwise) => Named(name) is double value ? value : otherwise;

    public bool Is(string name, bool otherwise = false) => Named(name) is bool given ? given : otherwise;

    /// <summary>A value of one of the runtime's enums, of which a module has one of a kind.</summary>
    public T Word<T>(T otherwise = default)
        where T : struct, Enum => arguments.Select(argument => argument.Value).OfType<EnumValue>()
            .Where(value => value.Type == typeof(T).FullName).Select(value => Enum.Parse<T>(value.Name)).FirstOrDefault(otherwise);

    /// <summary>The module that is given to this one.</summary>
    public ModulePlan Inner => arguments.Select(argument => argument.Value).OfType<ModulePlan>().Single();

    /// <summary>What all residual blocks of the network have in common.</summary>
    public ResnetBlockOptions BlockOptions
    {
        get
        {
            var shared = new ModuleArguments(arguments.Select(argument => argument.Value).OfType<SharedPlan>().Single().Properties);
            return new ResnetBlockOptions
            {
                Norm = shared.Word<Norm>(),
                Groups = shared.Whole(nameof(ResnetBlockOptions.Groups)),
                NormEps = shared.Number(nameof(ResnetBlockOptions.NormEps), 0),
                WeightStandardization = shared.Is(nameof(ResnetBlockOptions.WeightStandardization)),
                Activation = shared.Word<Backends.Activation>(),
                Conditioning = shared.Word<TimeConditioning>(),
            };
        }
    }

    private object? Named(string name) => arguments.FirstOrDefault(argument => argument.Name == name)?.Value;
}
