using Onnx;
using UNetGen.Compiler;
using UNetGen.Diffusion;
using UNetGen.Generator.Planning;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Onnx.Drawing;
using UNetGen.Onnx.Files;
using UNetGen.Onnx.Graphs;
using UNetGen.Onnx.Layers;
using UNetGen.Onnx.Networks;
using UNetGen.Onnx.Weights;
using UNetGen.Training;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx;

/// <summary>
/// Writes trained networks as ONNX files, for ONNX Runtime in any language. A file is made of the network's plan, the same that its class
/// is generated from, and of its weights: nothing is traced.
/// </summary>
/// <remarks>
/// A file that is the network has the inputs <c>x</c> float32 [batch, channels, height, width], <c>timesteps</c> [batch] (int64; of a flow
/// float32, 1000 t, and of EDM float32, ln(sigma) / 4, beside images times c_in), and, where the spec asks for them, <c>labels</c> int64
/// [batch], <c>self_condition</c>, shaped like <c>x</c> (zeros in the first step), <c>context</c> float32 [batch, tokens, context_dim], and
/// <c>condition</c> float32 [batch, condition_channels, height, width]; its output is <c>prediction</c>,
/// [batch, out channels, height, width]. One that draws (<see cref="OnnxOptions.Sampler"/>) has the inputs <c>noise</c> float32
/// [batch, channels, height, width], <c>labels</c>, and, where the last class stands for none and was learnt, <c>guidance</c>
/// float32, a scalar (1 is off); with a context <c>context</c>, <c>negative_context</c>, as many tokens, which guidance leads away from,
/// and <c>guidance</c>; and <c>condition</c>. Its output is <c>images</c> uint8 [batch, height, width, channels]; of a training on latents
/// (<see cref="Checkpoint.IsBounded"/>, <see cref="NoisePredictor.IsBounded"/>), and of a network whose channels are no picture's, neither
/// 1 nor 3, and that has a context or clips nothing, <c>latents</c> float32 [batch, channels, height, width]. The numbers of images and of
/// tokens are open.
/// </remarks>
public static class OnnxExport
{
    /// <summary>The version of ONNX's operators that files use.</summary>
    public const int Opset = 17;

    /// <summary>The version of ONNX's format that files have.</summary>
    public const int IrVersion = 8;

    /// <summary>Writes a checkpoint's network. No libtorch is needed.</summary>
    /// <param name="path">The .onnx file; an existing one is replaced, whole or not at all.</param>
    /// <param name="checkpoint">Any; of <see cref="Checkpoint.Open"/>.</param>
    /// <param name="options">What to export; null: the network, in float32.</param>
    /// <param name="which">
    /// One of <see cref="Checkpoint.Stems"/>; null is the averaged weights, the trained ones where none are averaged, or the file that
    /// stands alone.
    /// </param>
    /// <returns>What was written.</returns>
    /// <exception cref="UNetGenException">
    /// The network has blocks of your own, or hooks with weights, whose operators nobody knows; a weight isn't finite, or too large for
    /// float16; or the sampler adds noise of its own or takes more steps than the diffusion has.
    /// </exception>
    /// <exception cref="CheckpointException">It has no such weights, or this version can't read its spec.</exception>
    /// <exception cref="SafetensorsException">The file with the weights is damaged.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static OnnxFile Save(string path, Checkpoint checkpoint, OnnxOptions? options = null, string? which = null)
    {
        ArgumentNullException.ThrowIfNull(checkpoint);
        var description = SpecCompiler.DescribeFrom(checkpoint);
        using var file = checkpoint.Weights(which);
        TensorSum.Check(file);
        var hooks = NetworkMetadata.HooksOf(file);
        var doubts = checkpoint.DoubtsOf(which);
        if (hooks.Count > 0)
            doubts = [.. doubts, $"the class that was trained in {checkpoint.Path} has code of its own ({string.Join(", ", hooks)}), which the "
                + "ONNX file hasn't."];
        // Where nothing says how many classes the data had, the last is taken for none, as in sampling.
        var classes = description.Info.NumClasses;
        var guidesToClasses = checkpoint.Classes?.Count != classes && checkpoint.HasLearntNone(classes) != false;
        return Save(
            path, description, new FileWeights(file), options ?? new(), hooks, doubts,
            (checkpoint.Classes, guidesToClasses, checkpoint.IsBounded));
    }

    /// <summary>Writes a live network.</summary>
    /// <param name="path">As for a checkpoint.</param>
    /// <param name="network">
    /// A generated network, on any device. A file that draws gives latents where its <see cref="NoisePredictor.IsBounded"/> is false; where
    /// nothing says, the channels tell.
    /// </param>
    /// <param name="options">What to export; null: the network, in float32.</param>
    /// <param name="doubts">What speaks against drawing with its weights, <see cref="Checkpoint.Doubts"/> of where they come from.</param>
    /// <returns>What was written.</returns>
    /// <exception cref="UNetGenException">As for a checkpoint; or the network isn't a generated one.</exception>
    /// <exception cref="ObjectDisposedException">The network is disposed.</exception>
    /// <exception cref="IOException">It can't be written.</exception>
    public static OnnxFile Save(
        string path, NoisePredictor network, OnnxOptions? options = null, IReadOnlyList<string>? doubts = null)
    {
        ArgumentNullException.ThrowIfNull(network);
        ObjectDisposedException.ThrowIf(network.IsDisposed, network);
        NetworkMetadata.RequireConsistent(network.Info);
        if (!SpecCompiler.IsOfLanguage(network.Info.Spec))
            throw new UNetGenException(
                $"{network.Info.Name} is a class written by hand: an ONNX file is written of layers, of which its spec says nothing.");
        var description = SpecCompiler.DescribeText(
            $"{network.Info.Spec}\nname: {network.Info.Name}\n", "network.unet.yaml", new SpecOptions { ReadsBases = false });
        if (network.Hooks.Count > 0)
            doubts = [.. doubts ?? [], $"{network.Info.Name} has code of its own ({string.Join(", ", network.Hooks)}), which the ONNX file "
                + "hasn't."];
        doubts = [.. (doubts ?? []).Union(BorrowedWeights.DoubtsOf(network))];
        // Of one step, where another thread trains it.
        return NetworkUse.Reading(network, () => Save(
            path, description, new ModuleWeights(network), options ?? new(), network.Hooks, doubts,
            ofData: (Classes: null, GuidesToClasses: network.HasLearntNone != false, network.IsBounded)));
    }

    private static OnnxFile Save(
        string path, SpecDescription description, WeightSource weights, OnnxOptions options, IReadOnlyList<string> hooks,
        IReadOnlyList<string> doubts, (IReadOnlyList<string>? Classes, bool GuidesToClasses, bool? IsBounded) ofData)
    {
        var (info, plan) = (description.Info, description.Plan);
        if (plan.UserBlock is { } block)
            throw new UNetGenException(
                $"{info.Name} has residual blocks of your own, {block.Type} ({UserBlockPlan.Key} of its spec): only their code knows what they "
                    + "compute, so that no ONNX file can be written of it.");
        var added = weights.Forms.Select(weight => weight.Key).Except(info.StateDict.Select(entry => entry.Key)).FirstOrDefault();
        if (hooks.Count > 0 && added is not null)
            throw new UNetGenException(
                $"The hooks of {info.Name} ({string.Join(", ", hooks)}) have added {added}, which isn't in its spec: only their code knows what "
                    + "they compute with it, so that no ONNX file can be written of it.");
        weights.RequireAllOf(info.Name, info.StateDict);
        var diffusion = DiffusionOf(plan);
        var levels = NoiseLevels.Of(diffusion);
        var graph = new Graph(info.Name, weights, options.Half);
        if (options.Sampler is { } sampler)
            new DrawingEmitter(
                graph, plan, diffusion, levels, info.NumClasses is not null && ofData.GuidesToClasses, ofData.IsBounded == false)
                .Emit(Pass.Of(sampler, levels));
        else
            EmitNetwork(graph, plan, diffusion);
        var metadata = ModelMetadata.Of(info, hooks, doubts, diffusion, levels, options.Sampler, ofData.Classes);
        var written = ModelFile.Write(path, graph, weights, metadata, options.MostInside);
        return new OnnxFile(
            info.Name, written, [.. graph.Proto.Input.Select(InWords)], graph.Proto.Output.Select(InWords).Single(), doubts);
    }

    private static void EmitNetwork(Graph graph, NetworkPlan plan, DiffusionOptions diffusion)
    {
        int[] images = [Value.Batch, plan.Channels, plan.Height, plan.Width];
        var x = graph.Input("x", DataType.Float, images);
        var isWhole = diffusion.Type == DiffusionType.Ddpm;
        var timesteps = graph.Input("timesteps", isWhole ? DataType.Int64 : DataType.Float, Value.Batch);
        var labels = plan.NumClasses is null ? null : graph.Input("labels", DataType.Int64, Value.Batch);
        var estimate = plan.SelfCondition ? graph.Input("self_condition", DataType.Float, images) : null;
        var inputs = ConditionInputs.Of(graph, plan);
        var network = new NetworkEmitter(graph, plan);
        graph.Output(graph.At("").Named(
            "prediction", network.Forward(inputs.Behind(graph.At(""), x), timesteps, labels, estimate, inputs.Context)));
    }

    /// <summary>What a checkpoint's network was trained to undo.</summary>
    /// <exception cref="CheckpointException">This version can't read its spec.</exception>
    internal static DiffusionOptions DiffusionOf(Checkpoint checkpoint) => DiffusionOf(SpecCompiler.DescribeFrom(checkpoint).Plan);

    private static DiffusionOptions DiffusionOf(NetworkPlan plan)
    {
        var arguments = new ModuleArguments(plan.Diffusion);
        return arguments.Word<DiffusionType>() switch
        {
            DiffusionType.Flow => new() { Type = DiffusionType.Flow, Shift = Number(nameof(DiffusionOptions.Shift)) },
            DiffusionType.Edm => new()
            {
                Type = DiffusionType.Edm,
                SigmaData = Number(nameof(DiffusionOptions.SigmaData)),
                SigmaMin = Number(nameof(DiffusionOptions.SigmaMin)),
                SigmaMax = Number(nameof(DiffusionOptions.SigmaMax)),
            },
            _ => OfDdpm(),
        };

        double Number(string name) => arguments.Number(name, double.NaN);

        DiffusionOptions OfDdpm() => new()
        {
            Timesteps = arguments.Whole(nameof(DiffusionOptions.Timesteps)),
            Schedule = arguments.Word<BetaSchedule>(),
            ScheduleScaling = arguments.Is(nameof(DiffusionOptions.ScheduleScaling)),
            BetaStart = arguments.Number(nameof(DiffusionOptions.BetaStart), new DiffusionOptions().BetaStart),
            BetaEnd = arguments.Number(nameof(DiffusionOptions.BetaEnd), new DiffusionOptions().BetaEnd),
            ScheduleRescale = arguments.Word<ScheduleRescale>(),
            LossWeight = arguments.Word<LossWeight>(),
            Objective = arguments.Word<Objective>(),
            Variance = arguments.Word<Variance>(),
            ClipSample = arguments.Is(nameof(DiffusionOptions.ClipSample), otherwise: new DiffusionOptions().ClipSample),
        };
    }

    private static string InWords(ValueInfoProto value)
    {
        var tensor = value.Type.TensorType;
        var type = (DataType)tensor.ElemType == DataType.Float ? "float32" : ((DataType)tensor.ElemType).ToString().ToLowerInvariant();
        var sizes = tensor.Shape.Dim.Select(size => size.DimParam.Length > 0 ? size.DimParam : $"{size.DimValue}");
        return $"{value.Name} {type} [{string.Join(", ", sizes)}]";
    }
}
