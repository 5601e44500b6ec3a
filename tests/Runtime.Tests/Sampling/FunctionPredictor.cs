using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>A noise predictor that is a function, not a network: for laws and golden numbers of the diffusion alone.</summary>
public sealed class FunctionPredictor : NoisePredictor
{
    private readonly Func<Tensor, Tensor, Tensor?, Tensor?, Tensor> function;
    private Func<Tensor, Tensor, Tensor?, Tensor>? ofContext;

    /// <summary>A function of images, timesteps and the condition.</summary>
    public FunctionPredictor(
        DiffusionOptions diffusion, Func<Tensor, Tensor, Tensor?, Tensor> function, int channels = 1, int size = 4,
        bool selfCondition = false)
        : this(diffusion, (x, t, _, condition) => function(x, t, condition), ToyInfo(
            nameof(FunctionPredictor), channels, size, selfCondition))
    {
    }

    /// <summary>A function of images, timesteps, labels and the condition.</summary>
    public FunctionPredictor(DiffusionOptions diffusion, int classes, Func<Tensor, Tensor, Tensor?, Tensor?, Tensor> function)
        : this(diffusion, function, ToyInfo(nameof(FunctionPredictor), channels: 1, size: 4) with { NumClasses = classes })
    {
    }

    /// <summary>A function of images with their condition, timesteps and the previous estimate, of a network of any shape.</summary>
    public FunctionPredictor(DiffusionOptions diffusion, Func<Tensor, Tensor, Tensor?, Tensor> function, NetworkInfo info)
        : this(diffusion, (x, t, _, estimate) => function(x, t, estimate), info)
    {
    }

    private FunctionPredictor(DiffusionOptions diffusion, Func<Tensor, Tensor, Tensor?, Tensor?, Tensor> function, NetworkInfo info) : base(
        nameof(FunctionPredictor))
    {
        this.function = function;
        Diffusion = diffusion;
        Info = info;
    }

    /// <summary>A function of images, contexts and labels.</summary>
    public static FunctionPredictor OfContext(
        DiffusionOptions diffusion, int width, Func<Tensor, Tensor, Tensor?, Tensor> function, int? classes = null)
    {
        var info = ToyInfo(nameof(FunctionPredictor), channels: 1, size: 4) with { ContextDim = width, NumClasses = classes };
        return new(diffusion, (_, _, _, _) => throw new ArgumentException("The context is missing."), info) { ofContext = function };
    }

    public override NetworkInfo Info { get; }

    public override DiffusionOptions Diffusion { get; }

    public List<bool> TrainingDuringCalls { get; } = [];

    public override Tensor forward(Tensor x, Tensor timesteps) => forward(x, timesteps, null, null);

    public override Tensor forward(Tensor x, Tensor timesteps, Tensor? labels, Tensor? selfCondition = null)
    {
        TrainingDuringCalls.Add(training);
        using var scope = NewDisposeScope();
        return function(x, timesteps, labels, selfCondition).MoveToOuterDisposeScope();
    }

    public override Tensor forward(Tensor x, Tensor timesteps, Tensor? context, Tensor? labels, Tensor? selfCondition)
    {
        if (ofContext is null)
            return base.forward(x, timesteps, context, labels, selfCondition);
        using var scope = NewDisposeScope();
        return ofContext(x, context!, labels).MoveToOuterDisposeScope();
    }

    public static NetworkInfo ToyInfo(string name, int channels, int size, bool selfCondition = false, string spec = "toy: true\n") => new()
    {
        Name = name,
        SpecPath = "none",
        Spec = spec,
        SpecHash = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(System.Text.Encoding.UTF8.GetBytes(spec))),
        Channels = channels,
        OutChannels = channels,
        ImageHeight = size,
        ImageWidth = size,
        DownsampleFactor = 1,
        ParameterCount = 0,
        SelfCondition = selfCondition,
        Levels = [],
    };
}
