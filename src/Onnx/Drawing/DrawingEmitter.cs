using System.Runtime.InteropServices;
using UNetGen.Diffusion;
using UNetGen.Generator.Planning;
using UNetGen.Onnx.Graphs;
using UNetGen.Onnx.Networks;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Drawing;

/// <summary>Writes a whole drawing as a loop over passes through the network.</summary>
/// <param name="graph">The main graph.</param>
/// <param name="plan">The network's.</param>
/// <param name="diffusion">The network's.</param>
/// <param name="levels">The diffusion's numbers.</param>
/// <param name="hasNoClass">
/// Whether the network's last class stands for none and was learnt, so that pictures can be guided towards the others.
/// </param>
/// <param name="areLatents">Whether it was trained on such; where that isn't said, its spec tells.</param>
internal sealed class DrawingEmitter(
    Graph graph, NetworkPlan plan, DiffusionOptions diffusion, NoiseLevels levels, bool hasNoClass, bool areLatents)
{
    private readonly Scope sampler = graph.At("sampler");

    /// <summary>Inputs, loop and output.</summary>
    public void Emit(IReadOnlyList<Pass> passes)
    {
        var noise = graph.Input("noise", DataType.Float, Value.Batch, plan.Channels, plan.Height, plan.Width);
        var labels = plan.NumClasses is null ? null : graph.Input("labels", DataType.Int64, Value.Batch);
        var inputs = ConditionInputs.Of(graph, plan);
        var negative = inputs.Context is { } context ? graph.Input("negative_context", DataType.Float, context.Shape) : null;
        var guidance = hasNoClass || negative is not null ? new Guidance(sampler, noise, graph.Input("guidance", DataType.Float)) : null;
        // Of all images that go through the network at once.
        if (guidance is not null && labels is not null)
            labels = hasNoClass ? guidance.Labels(sampler, labels, plan.NumClasses!.Value) : guidance.Both(sampler, labels);
        if (guidance is not null && inputs is { Context: { } with } && negative is not null)
            inputs = inputs with { Context = guidance.Both(sampler, with, negative) };
        if (guidance is not null && inputs is { Condition: { } behind })
            inputs = inputs with { Condition = guidance.Both(sampler, behind) };

        var keeps = passes.Any(pass => pass.Kept != default);
        var body = graph.Body("pass");
        var turn = body.Input("turn", DataType.Int64);
        var goOn = body.Input("go_on", DataType.Bool);
        var x = State("x");
        var memory = keeps ? State("memory") : null;
        var condition = plan.SelfCondition ? State("condition") : null;

        var at = body.At("sampler");
        var batch = at.BatchOf(x);
        Preconditioning[] wraps = [.. passes.Select(pass => levels.PreconditioningAt(pass.Time))];
        var time = at.Reshape(Timestep(at, wraps, turn), 1);
        var asked = wraps.All(wrap => wrap.In == 1) ? x : at.Mul(x, Factor(at, "asked.x", wraps.Select(wrap => wrap.In), turn));
        var predicted = Predict(body, asked, at, time, labels, condition, inputs, guidance, batch);
        var unclipped = Clean(at, x, predicted, turn, wraps);
        var x0 = diffusion.ClipsEstimates ? at.Clip(unclipped, -1, 1) : unclipped;
        body.Output(at.Each("Identity", goOn));
        body.Output(Sum("next", pass => pass.Next));
        if (keeps)
            body.Output(Sum("kept", pass => pass.Kept));
        if (plan.SelfCondition)
            body.Output(at.Each("Identity", x0));

        var zeros = sampler.Mul(noise, graph.Number(0));
        var turns = graph.Constant("sampler.passes", DataType.Int64, [], MemoryMarshal.AsBytes<long>([passes.Count]));
        var deviation = levels.DeviationAtFirst(passes[0].Time);
        var start = deviation == 1 ? noise : sampler.Mul(noise, graph.Number(deviation));
        var states = new[] { start, keeps ? zeros : null, plan.SelfCondition ? zeros : null }.OfType<Value>();
        var drawn = sampler.Loop(body, turns, [.. states])[0];
        // What an autoencoder makes pictures of is no picture yet.
        graph.Output(areLatents || plan.Channels is not (1 or 3) && (inputs.Context is not null || !diffusion.ClipsEstimates)
            ? sampler.Named("latents", drawn)
            : sampler.Named("images", Pixels(drawn)));

        Value State(string name) => body.Input(name, DataType.Float, noise.Shape);

        // Factors that are 0 in every pass have no part in it.
        Value Sum(string name, Func<Pass, Combination> combination)
        {
            var parts = new (string Name, Value? Images, Func<Combination, double> Factor)[]
            {
                ("x", x, sum => sum.X), ("x0", x0, sum => sum.X0), ("unclipped", unclipped, sum => sum.Unclipped),
                ("memory", memory, sum => sum.Memory),
            };
            return parts.Where(part => passes.Any(pass => part.Factor(combination(pass)) != 0))
                .Select(part => at.Mul(part.Images!, Factor(
                    at, $"{name}.{part.Name}", passes.Select(pass => part.Factor(combination(pass))), turn)))
                .Aggregate(at.Add);
        }
    }

    private Value Predict(
        Graph body, Value x, Scope at, Value time, Value? labels, Value? estimate, ConditionInputs inputs, Guidance? guidance, Value batch)
    {
        var network = new NetworkEmitter(body, plan);
        if (guidance is null)
            return Mean(network.Forward(inputs.Behind(at, x), at.Expand(time, batch), labels, estimate, inputs.Context));
        var both = guidance.Both(at, x);
        var prediction = network.Forward(inputs.Behind(at, both), at.Expand(time, at.BatchOf(both)), labels,
            estimate is null ? null : guidance.Both(at, estimate), inputs.Context);
        return guidance.Apply(at, Mean(prediction), batch);

        // Behind what the objective asks for come the channels of the variance, which no such sampler needs.
        Value Mean(Value prediction) =>
            plan.OutChannels == plan.Channels ? prediction : at.Narrow(prediction, 1, 0, plan.Channels);
    }

    /// <summary>The clean images that a prediction implies, <see cref="DiffusionProcess.PredictX0"/>.</summary>
    private Value Clean(Scope at, Value x, Value predicted, Value turn, Preconditioning[] wraps) =>
        wraps.All(wrap => wrap is { Skip: 0, Out: 1 })
            ? predicted
            : at.Add(
                at.Mul(x, Factor(at, "clean.x", wraps.Select(wrap => wrap.Skip), turn)),
                at.Mul(predicted, Factor(at, "clean.prediction", wraps.Select(wrap => wrap.Out), turn)));

    /// <summary>Of a DDPM whole numbers, unless a pass lies between timesteps.</summary>
    private Value Timestep(Scope at, Preconditioning[] wraps, Value turn) => wraps.All(wrap => wrap.Timestep == Math.Floor(wrap.Timestep))
        ? at.Gather(Table("time", wraps.Select(wrap => (long)wrap.Timestep)), turn)
        : Factor(at, "time", wraps.Select(wrap => wrap.Timestep), turn);

    /// <summary>[batch, channels, height, width] in [-1, 1] to [batch, height, width, channels] of bytes.</summary>
    private Value Pixels(Value images)
    {
        var levels = sampler.Mul(sampler.Add(sampler.Clip(images, -1, 1), graph.Number(1)), graph.Number(127.5));
        return sampler.Transpose(sampler.Cast(sampler.Each("Round", levels), DataType.Uint8), 0, 2, 3, 1);
    }

    /// <summary>Of each pass, that of this turn.</summary>
    private Value Factor(Scope at, string name, IEnumerable<double> factors, Value turn)
    {
        float[] numbers = [.. factors.Select(factor => (float)factor)];
        return at.Gather(graph.Numbers($"sampler.{name}", numbers, numbers.Length), turn);
    }

    private Value Table(string name, IEnumerable<long> numbers)
    {
        long[] all = [.. numbers];
        return graph.Constant($"sampler.{name}", DataType.Int64, [all.Length], MemoryMarshal.AsBytes<long>(all));
    }
}
