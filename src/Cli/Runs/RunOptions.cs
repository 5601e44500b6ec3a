using System.Drawing;
using UNetGen.Data;
using UNetGen.Training;

namespace UNetGen.Cli.Runs;

/// <summary>
/// All that a run of <c>train</c> can be told, as it is where nothing is said. <see cref="RunFields"/> says how each is called.
/// </summary>
internal sealed record RunOptions
{
    // With starting, drawing and writing, a little over two and a half minutes in all.
    private static readonly TimeSpan DefaultTime = TimeSpan.FromSeconds(150);

    /// <summary>The network; null: what suits the data.</summary>
    public string? Spec { get; init; }

    /// <summary>A checkpoint whose weights are the first ones; none: they are drawn.</summary>
    public string InitFrom { get; init; } = TextFormat.None;

    public string Data { get; init; } = ImageSources.Shapes;

    /// <summary>What lies behind transparent pixels.</summary>
    public Color Background { get; init; } = Color.Black;

    public string Device { get; init; } = "auto";

    /// <summary>Pictures in the grid at the end.</summary>
    public int Count { get; init; } = 36;

    /// <summary>Steps from one grid of samples to the next; null: only at the end.</summary>
    public int? SampleEvery { get; init; } = 500;

    /// <summary>Guidance towards the class in the grids, 1 is off; null: on where the network has a class that stands for none.</summary>
    public double? Guidance { get; init; }

    public int KeepCheckpoints { get; init; } = 3;

    /// <summary>
    /// For short runs: warm-up, a rate that falls to 0, and an average over the last few hundred steps, updated at every one.
    /// </summary>
    public TrainingOptions Training { get; init; } = new()
    {
        LearningRate = 2e-3,
        WarmupSteps = 50,
        Decay = LearningRateDecay.Cosine,
        Ema = [new() { Decay = 0.99, UpdateEvery = 1, StartAfter = 0 }],
        CheckpointInterval = TimeSpan.FromMinutes(10),
    };

    /// <summary>With what follows from the rest spelled out.</summary>
    public RunOptions Effective() => this with
    {
        Spec = Spec ?? Catalog.UsualFor(Data),
        Training = Training with { TimeLimit = Training.TimeLimit ?? (Training.Steps is null ? DefaultTime : null) },
    };
}
