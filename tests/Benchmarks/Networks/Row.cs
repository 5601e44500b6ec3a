namespace UNetGen.Benchmarks.Networks;

/// <summary>What is timed.</summary>
internal enum Row
{
    Step,
    Forward,
    Sampling,
    Update,
    Construction,
}

/// <summary>The rows in words.</summary>
internal static class Rows
{
    public static string Title(this Row row, NetworkCase network) => row switch
    {
        Row.Step => $"training step, batch {network.Batch}",
        Row.Forward => $"forward without gradients, batch {network.Batch}",
        Row.Sampling => $"DDIM, {Contender.DrawnImages} images in {Contender.DrawnSteps} steps",
        Row.Update => "optimiser and EMA alone",
        Row.Construction => "construction",
        _ => throw new ArgumentOutOfRangeException(nameof(row), row, null),
    };

    /// <summary>How often it is done for one reading: what takes less is done more often.</summary>
    public static int Repetitions(this Row row) => row switch
    {
        Row.Forward => 3,
        Row.Update => 5,
        _ => 1,
    };

    /// <summary>Floating point operations of one execution, as the plan counts them; null of what does other work.</summary>
    /// <remarks>The backward pass computes two products for each of the forward pass: by the input and by the weight.</remarks>
    public static double? Flops(this Row row, NetworkCase network) => row switch
    {
        Row.Step => 3.0 * network.ForwardFlops * network.Batch,
        Row.Forward => (double)network.ForwardFlops * network.Batch,
        Row.Sampling => (double)network.ForwardFlops * Contender.DrawnImages * Contender.DrawnSteps,
        _ => null,
    };
}
