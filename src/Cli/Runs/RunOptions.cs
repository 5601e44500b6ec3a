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

    /// <summary>The folder of what the images of <see cref="Data"/> are to be made from; none: there is none.</summary>
    public string Condition { get; init; } = TextFormat.None;

    /// <summary>What the images are to be made from of themselves.</summary>
    public ImageTask Task { get; init; }

    /// <summary>How many times smaller the pictures are that <see cref="ImageTask.Upscale"/> enlarges.</summary>
    public int TaskFactor { get; init; } = UpscalingSource.UsualFactor;

    public string Device { get; init; } = "auto";

    /// <summary>Pictures in the grid at the end.</summary>
    public int Count { get; init; } = 36;

    /// <summary>Steps from one grid of samples to the next; null: only at the end.</summary>
    public int? SampleEvery { get; init; } = 500;

    /// <summary>Steps in which the grids are drawn; null: few on the way, and at the end as many as the time allows.</summary>
    public int? SampleSteps { get; init; }

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

    /// <summary>Where its images are, by the options' keys.</summary>
    public IEnumerable<(string Key, string Path)> ImagePaths
    {
        get
        {
            if (Data != ImageSources.Shapes)
                yield return ("data", Data);
            if (Condition != TextFormat.None)
                yield return ("condition", Condition);
        }
    }

    /// <summary>With what follows from the rest spelled out.</summary>
    public RunOptions Effective() => this with
    {
        Spec = Spec ?? Catalog.UsualFor(Data),
        Training = Training with { TimeLimit = Training.TimeLimit ?? (Training.Steps is null ? DefaultTime : null) },
    };
}

/// <summary>What a network learns to make images from, where that is made of the images themselves.</summary>
internal enum ImageTask
{
    /// <summary>From nothing but noise, or from other pictures.</summary>
    None,

    /// <summary>From themselves in low resolution.</summary>
    Upscale,

    /// <summary>From themselves with holes.</summary>
    Inpaint,
}
