using System.Runtime.InteropServices;
using UNetGen.Onnx.Graphs;
using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Drawing;

/// <summary>
/// Classifier-free guidance (Ho and Salimans 2022): without + guidance (with - without). Images with their class and context, and the same
/// images without class and with a negative context, go through the network as one batch; at guidance 1, where the latter don't count,
/// there are none of these.
/// </summary>
internal sealed class Guidance
{
    private readonly Value guidance;

    /// <summary>How many images go without class: all or none, [1].</summary>
    private readonly Value extra;

    /// <param name="at">In the main graph.</param>
    /// <param name="noise">[batch, channels, height, width].</param>
    /// <param name="guidance">A scalar.</param>
    public Guidance(Scope at, Value noise, Value guidance)
    {
        this.guidance = guidance;
        var isOn = at.Reshape(at.Cast(at.Differs(guidance, at.Graph.Number(1)), DataType.Int64), 1);
        extra = at.Mul(at.BatchOf(noise), isOn);
    }

    /// <summary>The labels of both.</summary>
    /// <param name="at">In the main graph.</param>
    /// <param name="labels">[batch].</param>
    /// <param name="classes">How many there are; the last stands for none.</param>
    public Value Labels(Scope at, Value labels, int classes)
    {
        var none = at.Graph.Constant("sampler.no_class", DataType.Int64, [1], MemoryMarshal.AsBytes<long>([classes - 1]));
        return at.Concat(0, labels, at.Expand(none, extra));
    }

    /// <summary>What goes with the images, and what goes with them the second time.</summary>
    public Value Both(Scope at, Value with, Value without) => at.Concat(0, with, at.Slice(without, at.Graph.Whole(0), extra));

    /// <summary>The images of both.</summary>
    public Value Both(Scope at, Value images) => Both(at, images, images);

    /// <summary>What is predicted with guidance.</summary>
    /// <param name="at">In the loop.</param>
    /// <param name="predicted">For both.</param>
    /// <param name="batch">How many images there are, [1].</param>
    public Value Apply(Scope at, Value predicted, Value batch)
    {
        var with = at.Slice(predicted, at.Graph.Whole(0), batch);
        // Where there is no second half it begins at 0, and is the first.
        var without = at.Slice(predicted, extra, at.Add(extra, batch));
        return at.Add(without, at.Mul(guidance, at.Sub(with, without)));
    }
}
