using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Data;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>The smallest network that can learn to denoise: two convolutions, and the timestep as one more channel.</summary>
public sealed class TwoConvNet : NoisePredictor
{
    private readonly Conv2d conv1;
    private readonly Conv2d conv2;
    private readonly double dropout;

    public TwoConvNet(
        int width = 8, DiffusionOptions? diffusion = null, bool selfCondition = false, string name = nameof(TwoConvNet),
        int? classes = null,
        double dropout = 0, bool learnedVariance = false) : base(name)
    {
        Diffusion = diffusion ?? new() { Timesteps = 100, Objective = Objective.V, Schedule = BetaSchedule.Cosine };
        if (learnedVariance)
            Diffusion = Diffusion with { Variance = Variance.LearnedRange };
        Described = FunctionPredictor.ToyInfo(name, 1, 8, selfCondition, $"name: {name}\nimage_size: 8\nwidth: {width}\n") with
        {
            NumClasses = classes,
            OutChannels = learnedVariance ? 2 : 1,
        };
        this.dropout = dropout;
        conv1 = nn.Conv2d(2 + (selfCondition ? 1 : 0) + (classes is null ? 0 : 1), width, 3, padding: 1);
        conv2 = nn.Conv2d(width, Info.OutChannels, 3, padding: 1);
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        register_buffer("calls", zeros(1, ScalarType.Int64));
        Fill.Parameters(this);
    }

    /// <summary>
    /// With <see cref="Precision.Float16"/> the prediction goes through float16, divided by this, so that its gradient is so many times as
    /// large there; null: it doesn't.
    /// </summary>
    public double? InFloat16 { get; set; }

    public override NetworkInfo Info => Described;

    /// <summary>What it says of itself, be it wrong.</summary>
    public NetworkInfo Described { get; set; }

    public override DiffusionOptions Diffusion { get; }

    /// <summary>The conditions that it was given, and whether their pass had gradients.</summary>
    public List<(bool Given, bool Gradients)> Calls { get; } = [];

    /// <summary>The labels that it was given.</summary>
    public List<long> Labels { get; } = [];

    /// <summary>The number, from 1, of the pass with gradients that answers with what are no numbers; 0: none.</summary>
    public int Spoil { get; set; }

    public override Tensor forward(Tensor x, Tensor timesteps) => forward(x, timesteps, null, null);

    public override Tensor forward(Tensor x, Tensor timesteps, Tensor? labels, Tensor? selfCondition = null)
    {
        using var scope = NewDisposeScope();
        Calls.Add((selfCondition is not null, is_grad_enabled()));
        get_buffer("calls")!.add_(1);
        var most = Diffusion.Type == DiffusionType.Edm ? 1 : Diffusion.Timesteps;
        var time = (timesteps.to(ScalarType.Float32) / most).reshape(-1, 1, 1, 1).expand(-1, 1, x.shape[2], x.shape[3]);
        var input = Info.SelfCondition ? cat([selfCondition ?? zeros_like(x), x, time], 1) : cat([x, time], 1);
        if (Info.NumClasses is { } classes)
        {
            CheckLabels(labels, x, classes);
            Labels.AddRange(labels.data<long>());
            input = cat([input, ((labels.to(ScalarType.Float32) + 1) / classes).reshape(-1, 1, 1, 1).expand_as(time)], 1);
        }
        var hidden = nn.functional.dropout(nn.functional.silu(conv1.forward(input)), dropout, training);
        var prediction = conv2.forward(hidden);
        if (is_grad_enabled() && Calls.Count(call => call.Gradients) == Spoil)
            prediction = prediction * float.NaN;
        if (InFloat16 is { } part && Precision == Precision.Float16)
            prediction = (prediction / part).to(ScalarType.Float16).to(ScalarType.Float32) * part;
        return prediction.MoveToOuterDisposeScope();
    }

    public float[] Weights() => [.. state_dict().Values.SelectMany(value => value.to(ScalarType.Float32).data<float>().ToArray())];
}

/// <summary>Four images of stripes, in values from -1 to 1 and without classes unless told otherwise.</summary>
public sealed class Stripes(int size = 8, float low = -1, float high = 1, int classes = 0) : IImageSource
{
    public string Description => "four images of stripes";

    public int Count => 4;

    public int Channels => 1;

    public int Height => size;

    public int Width => size;

    public IReadOnlyList<string> Classes { get; } = [.. Enumerable.Range(0, classes).Select(label => $"class {label}")];

    public int Label(int index) => index % classes;

    public void Read(int index, Span<float> pixels)
    {
        for (var i = 0; i < pixels.Length; i++)
        {
            var across = index % 2 == 0 ? i % size : i / size;
            pixels[i] = (across / (1 + index / 2)) % 2 == 0 ? low : high;
        }
    }
}
