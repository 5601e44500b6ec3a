using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Networks;

/// <summary>What a network is conditioned on besides classes, as inputs of the main graph.</summary>
/// <param name="Context">[batch, tokens, context dim]; null where the network attends to none.</param>
/// <param name="Condition">[batch, condition channels, height, width]; null where nothing goes in behind the images.</param>
internal sealed record ConditionInputs(Value? Context, Value? Condition)
{
    public static ConditionInputs Of(Graph graph, NetworkPlan plan) => new(
        plan.ContextDim is { } width ? graph.Input("context", DataType.Float, Value.Batch, Value.Tokens, width) : null,
        plan.ConditionChannels > 0
            ? graph.Input("condition", DataType.Float, Value.Batch, plan.ConditionChannels, plan.Height, plan.Width)
            : null);

    /// <summary>Images with their condition behind them, as the network takes them.</summary>
    public Value Behind(Scope at, Value images) => Condition is null ? images : at.Concat(1, images, Condition);
}
