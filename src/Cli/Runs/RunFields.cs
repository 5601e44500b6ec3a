using System.Text.RegularExpressions;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Training;
using static UNetGen.Cli.Runs.RunField;
using static UNetGen.Cli.Runs.TextFormat;

namespace UNetGen.Cli.Runs;

/// <summary>
/// Every option of a run. Command line, help, run file and what may change when a run goes on are all made of this table.
/// </summary>
internal static partial class RunFields
{
    private static readonly TextFormat<double> Part = Real("a number from 0 to below 1", value => value >= 0 && (float)value < 1);
    private static readonly TextFormat<double> Probability = Real("a number from 0 to 1", value => value is >= 0 and <= 1);
    private static readonly TextFormat<double> Positive = Real("a positive number from 1.2e-38 to 3.4e38", value => value > 0);
    private static readonly TextFormat<double> NotNegative = Real("a number of at least 0, up to 3.4e38", value => value >= 0);

    /// <summary>What has another name on the command line than in C#, and is no option of a run.</summary>
    private static readonly Dictionary<string, string> InWordsOfCommands = new(StringComparer.Ordinal)
    {
        ["Checkpoint.Begin"] = "`train --init-from`",
        ["OnnxOptions.Half"] = "`--half`",
    };

    /// <summary>In the order in which they are written and take effect.</summary>
    public static readonly IReadOnlyList<RunField> All =
    [
        OfRun(
            "spec", "NAME|FILE",
            "The network: one of the program's, or a .unet.yaml file. Without: the only one, else shapes, or mnist for MNIST.", Word,
            // Under whatever name, it is the same network.
            run => run.Spec!, (run, value) => run with { Spec = Catalog.Spelled(value) },
            // A run that goes on says whether it is the same network, wherever its spec lies now.
            free: true),
        OfRun(
            "init_from", "PATH",
            "The run, checkpoint or .safetensors file with whose averaged weights to begin, as for fine-tuning; none: drawn ones.",
            PathOrNone, run => run.InitFrom, (run, value) => run with { InitFrom = value }),
        OfRun(
            "data", "shapes|PATH", "shapes, a folder of pictures or latents, or the folder of MNIST or CIFAR-10.", Images,
            run => run.Data, (run, value) => run with { Data = value }, free: true),
        OfRun(
            "background", "COLOUR", "What lies behind the transparent pixels of pictures: black, white or #rrggbb.", Colour,
            run => run.Background, (run, value) => run with { Background = value }),
        OfRun(
            "condition", "FOLDER",
            "A folder of pictures from which those of the same names in data are to be made, for specs with condition_channels; none: "
                + "there are none.",
            PathOrNone, run => run.Condition, (run, value) => run with { Condition = value }, free: true),
        OfRun(
            "task", "NAME",
            "What images are to be made from, for specs with condition_channels: upscale, from themselves in low resolution, or inpaint, "
                + "from themselves with holes.",
            Choice<ImageTask>(), run => run.Task, (run, value) => run with { Task = value }),
        OfRun(
            "task_factor", "N", "How many times smaller upscale's pictures are, on each side.", Whole(2, 4096), run => run.TaskFactor,
            (run, value) => run with { TaskFactor = value }),
        OfTraining("steps", "N", "How many steps.", Whole(1).OrNone(), o => o.Steps, (o, value) => o with { Steps = value }, free: true),
        OfTraining(
            "time", "SECONDS",
            "How many seconds to train, the learning rate falling with the clock; 150 where neither is given. Drawing at the end comes "
                + "on top: a quarter of it, or more where ten steps of all pictures and a grid take longer.",
            Time("seconds", TimeSpan.FromSeconds(1)).OrNone(), o => o.TimeLimit, (o, value) => o with { TimeLimit = value }, free: true),
        OfTraining(
            "batch_size", "N", "Images a step; of several ranks, those of each.", Whole(1, 65536), o => o.BatchSize,
            (o, value) => o with { BatchSize = value }),
        OfTraining(
            "accumulation", "N", "Parts in which a step's images go through the network, for less memory.", Whole(1, 65536),
            o => o.Accumulation, (o, value) => o with { Accumulation = value }),
        OfTraining(
            "checkpoint", "true|false",
            "Gradient checkpointing: blocks keep their inputs alone and compute again in the backward pass, for less memory and more time.",
            Flag, o => o.GradientCheckpointing, (o, value) => o with { GradientCheckpointing = value }, free: true,
            instead: MeantOption.OfTraining),
        OfTraining(
            "precision", "NAME", "float32; or bfloat16, or float16 with a scaled loss, for convolutions, linear layers and attention.",
            Choice<Precision>(), o => o.Precision, (o, value) => o with { Precision = value }),
        OfTraining(
            "optimizer", "NAME", "adam or adamw.", Choice<Optimizer>(), o => o.Optimizer, (o, value) => o with { Optimizer = value }),
        OfTraining(
            "learning_rate", "X", "After the warm-up and before the decay.",
            Real("a number above 0 and below 1", value => value is > 0 and < 1),
            o => o.LearningRate, (o, value) => o with { LearningRate = value }),
        OfTraining("beta1", "X", "Adam's decay of the gradients' mean.", Part, o => o.Beta1, (o, value) => o with { Beta1 = value }),
        OfTraining("beta2", "X", "Adam's decay of the squares' mean.", Part, o => o.Beta2, (o, value) => o with { Beta2 = value }),
        OfTraining(
            "epsilon", "X", "What Adam adds to the root of that mean.", Positive, o => o.Epsilon, (o, value) => o with { Epsilon = value }),
        OfTraining(
            "weight_decay", "X", "How strongly weights are drawn to 0.", NotNegative, o => o.WeightDecay,
            (o, value) => o with { WeightDecay = value }),
        OfTraining(
            "warmup_steps", "N", "Steps in which the learning rate rises.", Whole(0), o => o.WarmupSteps,
            (o, value) => o with { WarmupSteps = value }),
        OfTraining(
            "decay", "NAME", "How the learning rate falls: constant or cosine.", Choice<LearningRateDecay>(), o => o.Decay,
            (o, value) => o with { Decay = value }),
        OfTraining(
            "gradient_clip", "X", "The greatest norm of a gradient, or none.", Positive.OrNone(), o => o.GradientClip,
            (o, value) => o with { GradientClip = value }),
        OfTraining(
            "ema_decay", "X,...", "Averages of the weights to keep, by their decay; the first draws.", Part.OneOrMore(),
            o => [.. o.Ema.Select(average => average.Decay)],
            (o, values) => o with { Ema = [.. values.Select((decay, i) => o.Ema[Math.Min(i, o.Ema.Count - 1)] with { Decay = decay })] }),
        OfAverage(
            "ema_power", "X,...", "Power of an average's warm-up: 0.6667 (denoising-diffusion-pytorch), 0.75 (diffusers) or none.",
            Positive.OrNone(), average => average.Power, (average, value) => average with { Power = value }),
        OfAverage(
            "ema_update_every", "N,...", "Steps from one update of an average to the next.", Whole(1), average => average.UpdateEvery,
            (average, value) => average with { UpdateEvery = value }),
        OfAverage(
            "ema_start_after", "N,...", "Steps up to which an average is a copy.", Whole(0), average => average.StartAfter,
            (average, value) => average with { StartAfter = value }),
        OfTraining(
            "offset_noise", "X", "How much of the noise is one value for a whole channel.", NotNegative, o => o.OffsetNoise,
            (o, value) => o with { OffsetNoise = value }),
        OfTraining(
            "label_dropout", "X", "Part of the labels that are dropped, for guidance; none: 0.1 where the network has a class for it.",
            Probability.OrNone(), o => o.LabelDropout, (o, value) => o with { LabelDropout = value }),
        OfTraining(
            "context_dropout", "X", "Part of the contexts that are dropped, for guidance; none: 0.1 where the network takes contexts.",
            Probability.OrNone(), o => o.ContextDropout, (o, value) => o with { ContextDropout = value }),
        OfTraining(
            "self_condition_probability", "X", "Part of the steps in which a self-conditioned network sees its own estimate.", Probability,
            o => o.SelfConditionProbability, (o, value) => o with { SelfConditionProbability = value }),
        OfTraining(
            "explosion_factor", "X", "A loss or gradient so many times the recent greatest is skipped, or none.",
            Real("a number above 1, up to 3.4e38", value => value > 1).OrNone(), o => o.ExplosionFactor,
            (o, value) => o with { ExplosionFactor = value }),
        OfTraining(
            "max_consecutive_skips", "N", "More skipped steps in a row end the run.", Whole(0), o => o.MaxConsecutiveSkips,
            (o, value) => o with { MaxConsecutiveSkips = value }, free: true),
        OfTraining(
            "max_skips", "N", "More skipped steps in all end the run.", Whole(0), o => o.MaxSkips,
            (o, value) => o with { MaxSkips = value }, free: true),
        OfTraining(
            "refuse_non_negative_images", "true|false", "Refuse images without a value below 0, which usually were meant to be in [-1, 1].",
            Flag, o => o.RefuseNonNegativeImages, (o, value) => o with { RefuseNonNegativeImages = value }, free: true),
        OfTraining(
            "flips", "true|false", "Mirror half of the images; not for digits or letters.", Flag, o => o.HorizontalFlips,
            (o, value) => o with { HorizontalFlips = value }),
        OfTraining("seed", "N", "Another seed is another run.", Integer, o => o.Seed, (o, value) => o with { Seed = value }),
        OfTraining(
            "workers", "N", "Threads that read images ahead; 0: chosen by the machine.", Whole(0, BatchLoader.MostWorkers), o => o.Workers,
            (o, value) => o with { Workers = value }, free: true),
        OfRun(
            "device", "DEVICE", "auto (CUDA where there is a GPU), cpu, cuda or cuda:N.", Word, run => run.Device,
            (run, value) => run with { Device = value }, free: true),
        OfTraining(
            "checkpoint_every", "N", "Steps from one checkpoint to the next, or none.", Whole(1).OrNone(), o => o.CheckpointEvery,
            (o, value) => o with { CheckpointEvery = value }, free: true),
        OfTraining(
            "checkpoint_minutes", "X", "Minutes from one checkpoint to the next, or none.",
            Time("minutes", TimeSpan.FromMinutes(1)).OrNone(), o => o.CheckpointInterval,
            (o, value) => o with { CheckpointInterval = value }, free: true),
        OfRun(
            "keep_checkpoints", "N", "How many of the newest checkpoints stay, besides the best.", Whole(1), run => run.KeepCheckpoints,
            (run, value) => run with { KeepCheckpoints = value }, free: true),
        OfRun(
            "sample_every", "N", "Steps from one grid of samples to the next, or none.", Whole(1).OrNone(), run => run.SampleEvery,
            (run, value) => run with { SampleEvery = value }, free: true),
        OfRun(
            "sample_steps", "N",
            "Steps of the sampler (ddim) that draws the grids; none: 25 on the way and 100 at the end, or fewer where the time is short.",
            Whole(1).OrNone(), run => run.SampleSteps, (run, value) => run with { SampleSteps = value }, free: true),
        OfRun(
            "guidance", "W",
            "Guidance towards class or context in the grids, 1 is off; none: 2 where something stands for none in training.",
            NotNegative.OrNone(), run => run.Guidance, (run, value) => run with { Guidance = value }, free: true),
        OfRun(
            "count", "N", "Samples in the grid at the end.", Whole(1, 1_000_000), run => run.Count,
            (run, value) => run with { Count = value }, free: true),
    ];

    /// <summary>
    /// A message of the library, which names options by their properties, in the words of run files and of the command line: `batch_size`
    /// for `BatchSize`.
    /// </summary>
    public static string InWordsOfRuns(string message) => Quoted().Replace(
        message,
        quoted => All.FirstOrDefault(field => field.Property == quoted.Groups[1].Value) is { } field ? $"`{field.Key}`"
            : InWordsOfCommands.GetValueOrDefault(quoted.Groups[1].Value, quoted.Value));

    [GeneratedRegex("`([A-Za-z0-9.]+)`")]
    private static partial Regex Quoted();

    /// <summary>Changes options by texts, in the table's order.</summary>
    public static RunOptions Apply(this RunOptions run, IReadOnlyDictionary<RunField, Func<RunOptions, RunOptions>> changes) =>
        All.Where(changes.ContainsKey).Aggregate(run, (changed, field) => changes[field](changed));
}
