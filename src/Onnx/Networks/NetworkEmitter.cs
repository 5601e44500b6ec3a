using UNetGen.Blocks;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using UNetGen.Onnx.Layers;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Networks;

/// <summary>Writes a network's forward pass as operators, step by step as its plan has it. It knows plans, not families.</summary>
internal sealed class NetworkEmitter
{
    private readonly Graph graph;
    private readonly NetworkPlan plan;
    private readonly Dictionary<string, (string Key, ModulePlan Module)> modules = [];

    /// <param name="graph">To which the operators are added, as often as it is asked.</param>
    /// <param name="plan">Without blocks of the user's own.</param>
    public NetworkEmitter(Graph graph, NetworkPlan plan)
    {
        (this.graph, this.plan) = (graph, plan);
        foreach (var module in plan.Modules)
        {
            modules.Add(module.Field, (module.Key, module));
            foreach (var child in module.Children)
                modules.Add($"{module.Field}.{child.Field}", ($"{module.Key}.{child.Key}", child));
        }
    }

    /// <summary>One pass.</summary>
    /// <param name="x">[batch, channels, height, width], with the condition's channels behind them where there are some.</param>
    /// <param name="timesteps">[batch], int64, or float32 as diffusions have it whose times are no whole numbers.</param>
    /// <param name="labels">[batch], int64; null for a network without classes.</param>
    /// <param name="selfCondition">The previous estimate of the clean images; null for a network that takes none.</param>
    /// <param name="context">[batch, tokens, context dim], of the main graph; null for a network without a context.</param>
    /// <returns>[batch, out channels, height, width].</returns>
    public Value Forward(Value x, Value timesteps, Value? labels, Value? selfCondition, Value? context)
    {
        var values = new Dictionary<string, Value> { [StepPlan.Input] = x, ["timesteps"] = timesteps };
        if (labels is not null)
            values.Add("labels", labels);
        if (context is not null)
            values.Add(StepPlan.Context, context);
        foreach (var step in plan.Forward)
            values[step.Target] = Of(step.Value);
        return values[plan.Forward[^1].Target];

        Value Of(Expression expression) => expression switch
        {
            Variable variable => values[variable.Name],
            Concatenation joined => graph.At("").Concat(1, Of(joined.First), Of(joined.Second)),
            PreviousEstimate => selfCondition!,
            Addition sum => Sum(Of(sum.Made), Of(sum.Other), sum.Made.Module),
            Call call => Called(call.Module, [.. call.Arguments.Select(Of)]),
            // Convolve, Predict and NormActivate are of a module, which stands first; Widen is for blocks of the user's own alone.
            Function { Name: "NormActivate" } function => Activated(function, Of(function.Arguments[1])),
            Function { Name: "Convolve" or "Predict" } function => Called(NameOf(function), [Of(function.Arguments[1])]),
            _ => throw new NotSupportedException($"There are no operators for {expression}."),
        };

        Value Activated(Function function, Value image)
        {
            var at = graph.At(modules[NameOf(function)].Key);
            return Activations.Of(at, Called(NameOf(function), [image]), Backends.Activation.Silu);
        }

        Value Sum(Value made, Value other, string module) => graph.At(modules[module].Key).Add(made, other);

        static string NameOf(Function function) => ((Variable)function.Arguments[0]).Name;
    }

    private Value Called(string path, Value[] arguments)
    {
        var (key, module) = modules[path];
        return Computed(graph.At(key), module, arguments);
    }

    private static Value Computed(Scope at, ModulePlan module, Value[] arguments)
    {
        var x = arguments[0];
        var (constructor, type) = (ModuleArguments.Of(module), module.Type);
        return type switch
        {
            "TorchSharp.Modules.Conv2d" => Convolutions.Same(at, x),
            "TorchSharp.Modules.Embedding" => at.Cast(at.Rows(at.Operand("weight"), x), DataType.Float),
            "TorchSharp.Modules.GroupNorm" => Norms.Group(at, x, constructor.Whole("groups"), constructor.Number("eps", 1e-5)),
            _ when Is<RMSNorm>() => Norms.Rms(at, x),
            _ when Is<TimeEmbedding>() => TimeEmbeddings.Of(at, module, x),
            _ when Is<ResnetBlock>() => ResidualBlocks.ResnetBlock(at, module, x, arguments[1]),
            _ when Is<PreActResnetBlock>() => ResidualBlocks.PreActResnetBlock(at, module, x, arguments[1]),
            _ when Is<Attention>() => Attentions.Attention(at, module, x),
            _ when Is<LinearAttention>() => Attentions.LinearAttention(at, module, x),
            _ when Is<AttentionBlock>() => Attentions.AttentionBlock(at, module, x),
            _ when Is<QkvAttentionBlock>() => Attentions.QkvAttentionBlock(at, module, x),
            _ when Is<SpatialTransformer>() => Transformers.SpatialTransformer(at, module, x, arguments[1]),
            _ when Is<Downsample>() => Convolutions.Downsample(at.Below(KeyOfConvolution()), x, constructor.Word<DownsampleKind>()),
            _ when Is<Upsample>() => Convolutions.Upsample(at.Below(KeyOfConvolution()), x, constructor.Word<UpsampleKind>()),
            _ when type.StartsWith("UNetGen.Blocks.ResidualPreNorm<", StringComparison.Ordinal) =>
                at.Add(Computed(at.Below("fn.fn"), constructor.Inner, [Normed()]), x),
            _ => throw new NotSupportedException($"There are no operators for {type}."),
        };

        Value Normed() => Norms.Group(at.Below("fn.norm"), x, 1, constructor.Number("normEps", 1e-5));

        bool Is<T>() => type == typeof(T).FullName;

        string KeyOfConvolution() => module.Parameters[0].Key.Split('.')[0];
    }
}
