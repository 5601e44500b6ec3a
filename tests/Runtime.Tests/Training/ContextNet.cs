using TorchSharp.Modules;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Training;

/// <summary>
/// The smallest network of latents with a context: two convolutions, with the timestep and the mean of the context's tokens as further
/// channels.
/// </summary>
public sealed class ContextNet : NoisePredictor
{
    public const int Width = 3;
    public const int Size = 4;

    private readonly Conv2d conv1;
    private readonly Conv2d conv2;

    public ContextNet(int? classes = null, bool clips = false) : base(nameof(ContextNet))
    {
        Diffusion = new() { Timesteps = 50, Objective = Objective.X0, LossWeight = LossWeight.Plain, ClipSample = clips };
        Info = FunctionPredictor.ToyInfo(nameof(ContextNet), channels: 2, Size) with { ContextDim = Width, NumClasses = classes };
        conv1 = nn.Conv2d(2 + 1 + Width, 16, 3, padding: 1);
        conv2 = nn.Conv2d(16, 2, 3, padding: 1);
        register_module("conv1", conv1);
        register_module("conv2", conv2);
        Fill.Parameters(this);
    }

    public override NetworkInfo Info { get; }

    public override DiffusionOptions Diffusion { get; }

    /// <summary>Of each image that it was asked for, the first number of its context and its label.</summary>
    public List<(float Context, long? Label)> Asked { get; } = [];

    public override Tensor forward(Tensor x, Tensor timesteps) => throw new ArgumentException("The context is missing.");

    public override Tensor forward(Tensor x, Tensor timesteps, Tensor? labels, Tensor? selfCondition = null) => forward(x, timesteps);

    public override Tensor forward(Tensor x, Tensor timesteps, Tensor? context, Tensor? labels, Tensor? selfCondition)
    {
        using var scope = NewDisposeScope();
        ArgumentNullException.ThrowIfNull(context);
        Asked.AddRange(
            context[TensorIndex.Colon, 0, 0].contiguous().data<float>().ToArray().Select(
                (first, i) => (first, labels is null ? (long?)null : labels[i].item<long>())));
        var time = (timesteps.to(ScalarType.Float32) / Diffusion.Timesteps).reshape(-1, 1, 1, 1).expand(-1, 1, Size, Size);
        var told = context.mean([1L]).reshape(-1, Width, 1, 1).expand(-1, -1, Size, Size);
        return conv2.forward(nn.functional.silu(conv1.forward(cat([x, time, told], 1)))).MoveToOuterDisposeScope();
    }

    public float[] Weights() => [.. state_dict().Values.SelectMany(value => value.data<float>().ToArray())];
}
