using System.Runtime.CompilerServices;
using UNetGen.Backends;

namespace UNetGen.Networks;

/// <summary>What a generated network is, in numbers that were known when it was compiled.</summary>
public sealed record NetworkInfo
{
    /// <summary>The class's name.</summary>
    public required string Name { get; init => field = Given(value); }

    /// <summary>Where the spec lies, relative to the project.</summary>
    public required string SpecPath { get; init => field = Given(value); }

    /// <summary>The whole spec with every default spelled out, as YAML; two specs that mean the same network have the same text.</summary>
    public required string Spec { get; init => field = Given(value); }

    /// <summary>SHA-256 of <see cref="Spec"/> (UTF-8), in hex.</summary>
    public required string SpecHash { get; init => field = Given(value); }

    /// <summary>Channels of the images that are noised and predicted.</summary>
    public required int Channels { get; init => field = Positive(value); }

    /// <summary>
    /// Channels of the images' condition, which <c>forward</c> takes behind the noised images and which aren't predicted; 0 for a network
    /// without one.
    /// </summary>
    public int ConditionChannels { get; init => field = value == 0 ? 0 : Positive(value); }

    /// <summary>
    /// Channels out: those of the image, twice where the network predicts the variance too (<c>learned_variance: true</c>).
    /// </summary>
    public required int OutChannels { get; init => field = Positive(value); }

    /// <summary>Image height, pixels.</summary>
    public required int ImageHeight { get; init => field = Positive(value); }

    /// <summary>Image width, pixels.</summary>
    public required int ImageWidth { get; init => field = Positive(value); }

    /// <summary>Height and width of the image over those of the lowest level.</summary>
    public required int DownsampleFactor { get; init => field = Positive(value); }

    /// <summary>Trainable parameters.</summary>
    public required long ParameterCount { get; init; }

    /// <summary>Whether <c>forward</c> takes the previous estimate of the clean image as well.</summary>
    public required bool SelfCondition { get; init; }

    /// <summary>How many classes <c>forward</c> takes labels of; null for a network without classes.</summary>
    public int? NumClasses { get; init => field = value is { } number ? Positive(number) : null; }

    /// <summary>
    /// Width of the tokens of the context that <c>forward</c> takes, [batch, tokens, width]; null for a network without attention cross.
    /// </summary>
    public int? ContextDim { get; init => field = value is { } number ? Positive(number) : null; }

    /// <summary>
    /// How it computes where nobody sets <see cref="NoisePredictor.Kernels"/>: the spec's <c>kernels</c>, which are no part of
    /// <see cref="Spec"/>.
    /// </summary>
    public KernelForm Kernels { get; init; }

    /// <summary>The rows of the architecture's table, in the order of the forward pass; both halves of a level are one row.</summary>
    public required IReadOnlyList<LevelInfo> Levels { get; init => field = value ?? throw new ArgumentNullException(nameof(Levels)); }

    /// <summary>What its <c>state_dict()</c> holds: every key with its type and shape, in PyTorch's order.</summary>
    public StateDictManifest StateDict { get; init; } = StateDictManifest.Empty;

    /// <summary>
    /// Floating point operations of one forward pass of one image: convolutions, linear layers and attention products, a multiply-add as
    /// two. A context is counted with 77 tokens.
    /// </summary>
    public long ForwardFlops => Levels.Sum(level => level.ForwardFlops);

    /// <summary>Elements of all the tensors that a forward pass of one image makes and a backward pass needs, estimated.</summary>
    public long ActivationElements => Levels.Sum(level => level.ActivationElements);

    private static string Given(string value, [CallerMemberName] string property = "")
    {
        ArgumentNullException.ThrowIfNull(value, property);
        return value;
    }

    private static int Positive(int value, [CallerMemberName] string property = "")
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(value, property);
        return value;
    }
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
