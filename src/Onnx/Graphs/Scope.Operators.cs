using static Onnx.TensorProto.Types;

namespace UNetGen.Onnx.Graphs;

// ONNX's operators (https://onnx.ai/onnx/operators), as far as networks need them, with the shapes of their results.
internal sealed partial class Scope
{
    /// <summary>[batch, channels, pixels...] by filters [out channels, channels, kernel...], in float16 where the graph is half.</summary>
    /// <param name="x">The images.</param>
    /// <param name="filters">Of the layer.</param>
    /// <param name="bias">[out channels]; null: none.</param>
    /// <param name="stride">Along each axis of pixels.</param>
    /// <param name="before">Zeros before the first pixel of each axis.</param>
    /// <param name="behind">Zeros behind the last one.</param>
    public Value Conv(Value x, Value filters, Value? bias, int stride = 1, int before = 0, int behind = 0)
    {
        var axes = x.Shape.Length - 2;
        var pixels = x.Shape[2..].Zip(filters.Shape[2..], (size, kernel) => (size + before + behind - kernel) / stride + 1);
        return Wide(Node("Conv", [x.Shape[0], filters.Shape[0], .. pixels], Operands(x, filters, bias), [
            ("kernel_shape", filters.Shape[2..]), ("strides", Repeated(stride, axes)),
            ("pads", (int[])[.. Repeated(before, axes), .. Repeated(behind, axes)])], isLayer: true));
    }

    /// <summary>A transposed convolution that doubles height and width: kernel 4, stride 2, padding 1.</summary>
    /// <param name="x">[batch, channels, height, width].</param>
    /// <param name="filters">[channels, out channels, 4, 4].</param>
    /// <param name="bias">[out channels].</param>
    public Value ConvTranspose(Value x, Value filters, Value bias) => Wide(Node(
        "ConvTranspose", [x.Shape[0], filters.Shape[1], 2 * x.Shape[2], 2 * x.Shape[3]], Operands(x, filters, bias),
        [("kernel_shape", filters.Shape[2..]), ("strides", Repeated(2, 2)), ("pads", Repeated(1, 4))], isLayer: true));

    /// <summary>x weight^T + bias of x [batch, in], weight [out, in].</summary>
    public Value Gemm(Value x, Value weight, Value bias) =>
        Wide(Node("Gemm", [x.Shape[0], weight.Shape[0]], Operands(x, weight, bias), [("transB", 1)], isLayer: true));

    /// <summary>The product of the last two axes.</summary>
    public Value MatMul(Value a, Value b) => Wide(Node("MatMul", [.. a.Shape[..^1], b.Shape[^1]], Operands(a, b, null)));

    public Value Add(Value a, Value b) => Node("Add", Broadcast(a, b), [a, b]);

    public Value Sub(Value a, Value b) => Node("Sub", Broadcast(a, b), [a, b]);

    public Value Mul(Value a, Value b) => Node("Mul", Broadcast(a, b), [a, b]);

    public Value Div(Value a, Value b) => Node("Div", Broadcast(a, b), [a, b]);

    public Value Max(Value a, Value b) => Node("Max", Broadcast(a, b), [a, b]);

    /// <summary>An operator that changes each number by itself: Sigmoid, Erf, Sin.</summary>
    public Value Each(string op, Value x) => Node(op, x.Shape, [x]);

    /// <summary>The same value by a name that users know.</summary>
    public Value Named(string name, Value x)
    {
        Add("Identity", name, [x.Name], [name], null);
        return x with { Name = name };
    }

    /// <summary>Whether two numbers aren't the same.</summary>
    public Value Differs(Value a, Value b) =>
        Each("Not", Node("Equal", Broadcast(a, b), [a, b], type: DataType.Bool));

    /// <summary>
    /// The rows of a table, of which there must be such: ONNX's Gather counts negative numbers from the end, and refuses those beyond it.
    /// </summary>
    /// <param name="table">[rows, ...].</param>
    /// <param name="rows">[batch], int64.</param>
    public Value Rows(Value table, Value rows)
    {
        var isBelow = Node("Less", rows.Shape, [rows, graph.Whole(0)], type: DataType.Bool);
        return Gather(table, Node("Where", rows.Shape, [isBelow, graph.Whole(table.Shape[0]), rows], type: rows.Type));
    }

    public Value Clip(Value x, double from, double to) => Node("Clip", x.Shape, [x, graph.Number(from), graph.Number(to)]);

    public Value Softmax(Value x, int axis) => Node("Softmax", x.Shape, [x], [("axis", axis)]);

    /// <summary>The Euclidean norm along an axis, which stays with size 1.</summary>
    public Value ReduceL2(Value x, int axis) => Node("ReduceL2", With(x, axis, 1), [x], [("axes", (int[])[axis]), ("keepdims", 1)]);

    /// <summary>The mean over axes, which stay with size 1.</summary>
    public Value ReduceMean(Value x, params int[] axes) => Node(
        "ReduceMean", [.. x.Shape.Select((size, axis) => axes.Contains(axis) ? 1 : size)], [x], [("axes", axes), ("keepdims", 1)]);

    /// <summary>Brings each channel of each image to mean 0 and variance 1.</summary>
    /// <param name="x">[batch, channels, pixels...].</param>
    /// <param name="eps">Added to the variance.</param>
    public Value InstanceNormalization(Value x, double eps)
    {
        var channels = x.Shape[1];
        var ones = graph.Numbers($"ones/{channels}", [.. Enumerable.Repeat(1f, channels)], channels);
        var zeros = graph.Numbers($"zeros/{channels}", new float[channels], channels);
        return Node("InstanceNormalization", x.Shape, [x, ones, zeros], [("epsilon", (float)eps)], isLayer: true);
    }

    public Value AveragePool(Value x) => Node(
        "AveragePool", [.. x.Shape[..2], x.Shape[2] / 2, x.Shape[3] / 2], [x],
        [("kernel_shape", Repeated(2, 2)), ("strides", Repeated(2, 2))]);

    /// <summary>Each pixel four times.</summary>
    public Value Doubled(Value x) => Node(
        "Resize", [.. x.Shape[..2], 2 * x.Shape[2], 2 * x.Shape[3]], [x, Value.None, graph.Numbers("doubled", [1, 1, 2, 2], 4)],
        [("mode", "nearest"), ("coordinate_transformation_mode", "asymmetric"), ("nearest_mode", "floor")]);

    /// <summary>The same numbers in another shape, of the same sizes as far as it begins with <see cref="Value.Batch"/>.</summary>
    public Value Reshape(Value x, params int[] shape) =>
        Node("Reshape", shape, [x, graph.Whole([.. shape.Select(size => (long)size)])]);

    public Value Transpose(Value x, params int[] axes) =>
        Node("Transpose", [.. axes.Select(axis => x.Shape[axis])], [x], [("perm", axes)]);

    public Value Concat(int axis, params Value[] parts) => Node(
        "Concat", With(parts[0], axis, axis == 0 ? Value.Batch : parts.Sum(part => part.Shape[axis])), parts, [("axis", axis)]);

    /// <summary>Parts of the same size along an axis.</summary>
    public Value[] Split(Value x, int axis, int count)
    {
        var name = graph.Unique($"{key}/Split");
        string[] outputs = [name, .. Enumerable.Range(1, count - 1).Select(part => graph.Unique($"{name}:{part}"))];
        Add("Split", name, [x.Name], outputs, [("axis", axis)]);
        return [.. outputs.Select(output => x with { Name = output, Shape = With(x, axis, x.Shape[axis] / count) })];
    }

    /// <summary>The numbers at places along the first axis; of one place, without that axis.</summary>
    public Value Gather(Value x, Value places) => Node("Gather", [.. places.Shape, .. x.Shape[1..]], [x, places]);

    /// <summary>A range of the first axis.</summary>
    /// <param name="x">Anything.</param>
    /// <param name="start">[1], int64.</param>
    /// <param name="end">[1], int64; behind the last one.</param>
    public Value Slice(Value x, Value start, Value end) => Node("Slice", With(x, 0, Value.Batch), [x, start, end, graph.Whole(0)]);

    /// <summary>Part of an axis that isn't the first.</summary>
    public Value Narrow(Value x, int axis, int start, int end) =>
        Node("Slice", With(x, axis, end - start), [x, graph.Whole(start), graph.Whole(end), graph.Whole(axis)]);

    /// <summary>The first size, [1], int64.</summary>
    public Value BatchOf(Value x) => Node("Shape", [1], [x], [("start", 0), ("end", 1)], DataType.Int64);

    /// <summary>The same for every image.</summary>
    /// <param name="x">Its first size is 1.</param>
    /// <param name="batch">[1], int64.</param>
    public Value Expand(Value x, Value batch)
    {
        var shape = x.Shape.Length == 1 ? batch : Node("Concat", [x.Shape.Length],
            [batch, graph.Whole([.. Enumerable.Repeat(1L, x.Shape.Length - 1)])], [("axis", 0)]);
        return Node("Expand", With(x, 0, Value.Batch), [x, shape]);
    }

    public Value Cast(Value x, DataType type) => x.Type == type ? x : Node("Cast", x.Shape, [x], [("to", (int)type)], type);

    /// <summary>Runs a graph again and again.</summary>
    /// <param name="body">
    /// Takes the number of the turn, whether to go on, and the states; gives whether to go on, and the states.
    /// </param>
    /// <param name="turns">How many, a scalar of int64.</param>
    /// <param name="states">The first ones.</param>
    /// <returns>The last ones.</returns>
    public Value[] Loop(Graph body, Value turns, params Value[] states)
    {
        var name = graph.Unique($"{key}/Loop");
        Value[] results = [.. states.Select((state, i) => state with { Name = graph.Unique($"{name}:{i}") })];
        Add("Loop", name, [turns.Name, "", .. states.Select(state => state.Name)], [.. results.Select(result => result.Name)],
            [("body", body)]);
        return results;
    }

    /// <summary>What is multiplied, in the numbers in which that is done.</summary>
    private Value[] Operands(Value a, Value b, Value? c)
    {
        var type = graph.IsHalf ? DataType.Float16 : DataType.Float;
        return c is null ? [Cast(a, type), Cast(b, type)] : [Cast(a, type), Cast(b, type), Cast(c, type)];
    }

    private Value Wide(Value x) => Cast(x, DataType.Float);

    private static int[] With(Value x, int axis, int size)
    {
        int[] shape = [.. x.Shape];
        shape[axis] = size;
        return shape;
    }

    private static int[] Repeated(int number, int count) => [.. Enumerable.Repeat(number, count)];

    /// <summary>Sizes from behind; a 1 gives way to any other, the batch included.</summary>
    private static int[] Broadcast(Value a, Value b)
    {
        var (longer, shorter) = a.Shape.Length >= b.Shape.Length ? (a.Shape, b.Shape) : (b.Shape, a.Shape);
        int[] shape = [.. longer];
        for (var i = 1; i <= shorter.Length; i++)
            shape[^i] = shape[^i] == 1 ? shorter[^i] : shape[^i];
        return shape;
    }
}
