using UNetGen.Backends;
using UNetGen.Generator.Emission;
using UNetGen.Generator.Planning;
using UNetGen.Networks;

namespace UNetGen.Compiler;

/// <summary>What a spec says of its network, for people and programs, without compiling anything.</summary>
public sealed class SpecDescription
{
    internal SpecDescription(GeneratedSpec generated, IEnumerable<InheritedKey> inherited)
    {
        Plan = NetworkPlanner.Plan(generated.Spec);
        (Generated, Inherited) = (generated, [.. inherited]);
        Drawing = string.Join('\n', UDiagram.Rows(Plan));
        Levels = string.Join('\n', LevelTable.Rows(Plan).Select(row => row.TrimEnd()));
        Info = InfoOf(Plan, generated.Path);
        Predicts = Plan.Predicts;
    }

    /// <summary>Of how many tokens a context is counted, in operations and memory.</summary>
    internal const int CountedTokens = LayerPlans.CountedTokens;

    /// <summary>The class's source, and warnings.</summary>
    public GeneratedSpec Generated { get; }

    /// <summary>
    /// What the network is: the same as the compiled class says, with the effective spec as text, its levels and its state_dict. Memory
    /// for training follows from <see cref="NetworkInfo.ParameterCount"/> and <see cref="NetworkInfo.ActivationElements"/>.
    /// </summary>
    public NetworkInfo Info { get; }

    /// <summary>The network drawn as a U, as hovering over the class shows it; lines with line feeds between them.</summary>
    public string Drawing { get; }

    /// <summary>The levels: sizes, widths, blocks, attention, parameters, operations; lines as in <see cref="Drawing"/>.</summary>
    public string Levels { get; }

    /// <summary>What it predicts: <c>the noise in them</c>.</summary>
    public string Predicts { get; }

    /// <summary>What it takes from the specs that it extends.</summary>
    public IReadOnlyList<InheritedKey> Inherited { get; }

    /// <summary>From which the class is written, and ONNX files are.</summary>
    internal NetworkPlan Plan { get; }

    /// <summary>What the generator writes as the class's <c>Description</c>.</summary>
    private static NetworkInfo InfoOf(NetworkPlan plan, string path) => new()
    {
        Name = plan.Name,
        SpecPath = path,
        Spec = plan.Spec,
        SpecHash = plan.SpecHash,
        Channels = plan.Channels,
        ConditionChannels = plan.ConditionChannels,
        OutChannels = plan.OutChannels,
        ImageHeight = plan.Height,
        ImageWidth = plan.Width,
        DownsampleFactor = plan.DownsampleFactor,
        ParameterCount = plan.IsOpen ? 0 : plan.ParameterCount,
        SelfCondition = plan.SelfCondition,
        NumClasses = plan.NumClasses,
        ContextDim = plan.ContextDim,
        Kernels = plan.Kernels is null ? KernelForm.Fast : KernelForm.Reference,
        Levels =
        [
            .. plan.Levels.Select(level => new LevelInfo(level.Name, level.Height, level.Width, level.Channels, level.Blocks,
                level.Attention, level.Parameters, level.Cost.Flops, level.Cost.Elements)),
        ],
        StateDict = new StateDictManifest(string.Join('\n', ManifestEmitter.Rows("", plan.Modules))),
    };
}

/// <summary>A key that a spec takes from another one, which it extends.</summary>
/// <param name="Key">With its group: <c>attention.heads</c>.</param>
/// <param name="Value">As one would write it on one line.</param>
/// <param name="From">The path of the spec that says it, relative to <see cref="SpecOptions.ProjectFolder"/>.</param>
public sealed record InheritedKey(string Key, string Value, string From);
