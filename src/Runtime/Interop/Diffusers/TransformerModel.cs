namespace UNetGen.Interop.Diffusers;

/// <summary>What a network with transformers, diffusers' UNet2DConditionModel, has beside what a UNet2DModel has.</summary>
internal sealed record TransformerModel
{
    /// <summary>Width of the context's tokens.</summary>
    public required int ContextDim { get; init; }

    /// <summary>Heads at every place that attends; null: as <see cref="HeadDim"/> says.</summary>
    public required int? Heads { get; init; }

    /// <summary>Features of each head at every place; null: as <see cref="Heads"/> says.</summary>
    public required int? HeadDim { get; init; }

    /// <summary>Layers of the transformers at each level, 1 where there are none; the middle has the last level's.</summary>
    public required IReadOnlyList<int> Layers { get; init; }

    /// <summary>Whether transformers begin and end with linear layers.</summary>
    public required bool LinearProjection { get; init; }

    /// <summary>Channels that go in behind the images and aren't predicted.</summary>
    public required int ConditionChannels { get; init; }

    /// <summary>Heads as diffusers has them, level by level.</summary>
    /// <param name="widths">Of the levels.</param>
    public IEnumerable<int> HeadsOf(IEnumerable<int> widths) =>
        widths.Select(width => Heads ?? Math.Max(1, width / HeadDim!.Value));
}
