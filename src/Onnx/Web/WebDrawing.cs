namespace UNetGen.Onnx.Web;

/// <summary>What the page of a drawing is told of it; the drawing itself is a file of ONNX beside the page.</summary>
internal sealed record WebDrawing
{
    /// <summary>The network's name.</summary>
    public required string Network { get; init; }

    /// <summary>Channels of a picture: 1 is shown grey, 3 as RGB, and of another number each channel for itself.</summary>
    public required int Channels { get; init; }

    /// <summary>Pixels.</summary>
    public required int Height { get; init; }

    /// <summary>Pixels.</summary>
    public required int Width { get; init; }

    /// <summary>
    /// How many classes the page offers for the input <c>labels</c>, with one that stands for none; null where the drawing has no such
    /// input.
    /// </summary>
    public int? NumClasses { get; init; }

    /// <summary>Whether there is an input <c>guidance</c>: then the last class stands for none.</summary>
    public bool Guidance { get; init; }

    /// <summary>The classes' names in the order of their numbers, but for one that stands for none; null where nothing says them.</summary>
    public IReadOnlyList<string>? Classes { get; init; }

    /// <summary>The sampler and what it was told, in words.</summary>
    public required string Sampler { get; init; }

    /// <summary>How many steps lead from noise to a picture.</summary>
    public required int Steps { get; init; }

    /// <summary>The network's trainable parameters.</summary>
    public required long Parameters { get; init; }
}
