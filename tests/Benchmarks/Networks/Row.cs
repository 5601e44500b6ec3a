namespace UNetGen.Benchmarks.Networks;

/// <summary>What is timed.</summary>
internal enum Row
{
    Step,
    Forward,
    OneImage,
    Sampling,
    Update,
    Construction,
}

/// <summary>What there is to know of the rows.</summary>
internal static class Rows
{
    public static IReadOnlyList<Row> All { get; } = Enum.GetValues<Row>();

    public static string Title(this Row row, NetworkCase network) => row switch
    {
        Row.Step => $"training step, batch {network.Batch}",
        Row.Forward => $"forward without gradients, batch {network.Batch}",
        Row.OneImage => "forward without gradients, 1 image",
        Row.Sampling => $"DDIM, {network.DrawnImages} images in {network.DrawnSteps} steps",
        Row.Update => "optimiser and EMA alone",
        Row.Construction => "construction",
        _ => throw Unknown(row),
    };

    /// <summary>Images that one execution is about; 0: it is about none.</summary>
    public static int Images(this Row row, NetworkCase network) => row switch
    {
        Row.Step or Row.Forward => network.Batch,
        Row.OneImage => 1,
        Row.Sampling => network.DrawnImages,
        _ => 0,
    };

    /// <summary>Floating point operations of one execution, as the plan counts them; 0: they are not what it is about.</summary>
    /// <remarks>For each product of the forward pass the backward pass computes two: by the input and by the weight.</remarks>
    public static double Flops(this Row row, NetworkCase network) => (double)network.ForwardFlops * row.Images(network) * row switch
    {
        Row.Step => 3,
        Row.Sampling => network.DrawnSteps,
        _ => 1,
    };

    /// <summary>
    /// Readings that don't count, before the first that does: .NET compiles what runs often once more, some of it after 200 passes of one
    /// image, and a training has thousands of steps.
    /// </summary>
    public static int WarmUps(this Row row) => row is Row.Step or Row.Forward or Row.OneImage ? 16 : 1;

    /// <summary>
    /// Executions in a reading: what takes little time is done more often, and a step follows a step, as in a training, instead of the
    /// other side's turn.
    /// </summary>
    public static int Executions(this Row row) => row switch
    {
        Row.Step => 4,
        Row.Forward => 4,
        Row.OneImage => 16,
        Row.Update => 5,
        _ => 1,
    };

    private static ArgumentOutOfRangeException Unknown(Row row) => new(nameof(row), row, null);
}
