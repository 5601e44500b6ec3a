
namespace UNetGen.Networks;

/// <summary>What a generated network is, in numbers that were known when it was compiled.</summary>
public sealed record NetworkInfo
{
    /// <summary>The class's name.</summary>
    public required string Name { get; init; }

    /// <summary>Where the spec lies, relative to the project.</summary>
    public required string SpecPath { get; init; }

    /// <summary>The whole spec with every default spelled out, as YAML; two specs that mean the same network have the same text.</summary>
    public required string Spec { get; init; }

    /// <summary>SHA-256 of <see cref="Spec"/> (UTF-8), in hex.</summary>
    public required string SpecHash { get; init; }

    /// <summary>Channels of the images that are noised and predicted.</summary>
    public required int Channels { get; init; }

    /// <summary>
    /// Channels of the images' condition, which <c>forward</c> takes behind the noised images and which aren't predicted; 0 for a network
    /// without one.
    /// </summary>
    public int ConditionChannels { get; init; }

    /// <summary>
    /// Channels out: those of the image, twice where the network predicts the variance too (<c>learned_variance: true</c>).
    /// </summary>
    public required int OutChannels { get; init; }

    /// <summary>Image height, pixels.</summary>
    public required int ImageHeight { get; init; }

    /// <summary>Image width, pixels.</summary>
    public required int ImageWidth { get; init; }

    /// <summary>Height and width of the image over those of the lowest level.</summary>
    public required int DownsampleFactor { get; init; }

    /// <summary>Trainable parameters.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Whether <c>forward</c> takes the previous estimate of the clean image as well.</summary>
    public required bool SelfCondition { get; init; }

    /// <summary>How many classes <c>forward</c> takes labels of; null for a network without classes.</summary>
    public int? NumClasses { get; init; }

    /// <summary>
    /// Width of the tokens of the context that <c>forward</c> takes, [batch, tokens, width]; null for a network without attention cross.
    /// </summary>
    public int? ContextDim { get; init; }

    /// <summary>The rows of the architecture's table, in the order of the forward pass; both halves of a level are one row.</summary>
    public required IReadOnlyList<LevelInfo> Levels { get; init; }

    /// <summary>What its <c>state_dict()</c> holds: every key with its type and shape, in PyTorch's order.</summary>
    public StateDictManifest StateDict { get; init; } = StateDictManifest.Empty;

    /// <summary>
    /// Floating point operations of one forward pass of one image: convolutions, linear layers and attention products, a multiply-add as
    /// two. A context is counted with 77 tokens.
    /// </summary>
    public long ForwardFlops => Levels.Sum(level => level.ForwardFlops);

    /// <summary>Elements of all the tensors that a forward pass of one image makes and a backward pass needs, estimated.</summary>
    public long ActivationElements => Levels.Sum(level => level.ActivationElements);
}

/// <summary>One row of the architecture's table.</summary>
/// <param name="Name">The level's number, or <c>in</c>, <c>mid</c>, <c>out</c>.</param>
/// <param name="Height">Pixels at this level.</param>
/// <param name="Width">Pixels at this level.</param>
/// <param name="Channels">The level's width.</param>
/// <param name="Blocks">Residual blocks down + up, as <c>2 + 2</c>.</param>
/// <param name="Attention"><c>-</c>, <c>linear</c>, <c>full</c> or <c>cross</c>.</param>
/// <param name="Parameters">Trainable parameters.</param>
/// <param name="ForwardFlops">Floating point operations of one image's forward pass.</param>
/// <param name="ActivationElements">Elements kept for the backward pass, one image, estimated.</param>
public sealed record LevelInfo(
    string Name, int Height, int Width, int Channels, string Blocks, string Attention,
    long Parameters, long ForwardFlops, long ActivationElements);
