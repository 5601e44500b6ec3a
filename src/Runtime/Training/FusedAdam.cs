using TorchSharp.Modules;
using UNetGen.Backends;
using UNetGen.Backends.Memory;
using UNetGen.Backends.Optimizers;
using UNetGen.Native;
using static TorchSharp.torch;

namespace UNetGen.Training;

/// <summary>
/// Adam (Kingma and Ba 2015) and AdamW (Loshchilov and Hutter 2019), all parameters at once, where <c>torch.optim.Adam</c> makes 29 calls
/// for each: by a kernel of our own (float32 on the CPU) or libtorch's fused ones. Make it after the network has been moved to its device:
/// moving replaces the parameters.
/// </summary>
public sealed class FusedAdam : IDisposable
{
    // The operator has no binding in TorchSharp; TorchScript reaches every operator of libtorch.
    private const string Source =
        """
        def step(params: List[Tensor], grads: List[Tensor], exp_avgs: List[Tensor], exp_avg_sqs: List[Tensor], steps: List[Tensor],
                 decoupled: bool, lr: float, beta1: float, beta2: float, eps: float, weight_decay: float):
            torch._foreach_add_(steps, 1)
            no_amsgrad: List[Tensor] = []
            if decoupled:
                torch._fused_adamw_(params, grads, exp_avgs, exp_avg_sqs, no_amsgrad, steps, lr=lr, beta1=beta1, beta2=beta2,
                                    weight_decay=weight_decay, eps=eps, amsgrad=False, maximize=False)
            else:
                torch._fused_adam_(params, grads, exp_avgs, exp_avg_sqs, no_amsgrad, steps, lr=lr, beta1=beta1, beta2=beta2,
                                   weight_decay=weight_decay, eps=eps, amsgrad=False, maximize=False)
            return 0
        def mark(views: List[Tensor]):
            torch._foreach_zero_(views)
            return 0

        """;

    private static readonly Lazy<jit.CompilationUnit> Script = new(() => jit.compile(Source.ReplaceLineEndings("\n")));

    private readonly List<State> states;
    private readonly Parameter[] parameters;
    private readonly Tensor[] means;
    private readonly Tensor[] squares;
    private readonly Tensor[] steps;
    private readonly WeightUpdate? kernel;
    private readonly Tensor[] marks;
    private readonly double beta1;
    private readonly double beta2;
    private readonly double epsilon;
    private readonly double weightDecay;
    private readonly Optimizer kind;

    /// <summary>Begins with moments of zero.</summary>
    /// <param name="parameters">What to train, by names that its state is saved under: a module's <c>named_parameters()</c>.</param>
    /// <param name="beta1">Decay of the mean of the gradients, in [0, 1).</param>
    /// <param name="beta2">Decay of the mean of their squares, in [0, 1).</param>
    /// <param name="epsilon">Added to the root of that mean.</param>
    /// <param name="weightDecay">
    /// Adam: times the weight, added to the gradient. AdamW: times the learning rate, the part that a step takes of the weight.
    /// </param>
    /// <param name="kind">Which of the two.</param>
    /// <exception cref="ArgumentException">A parameter to train is in bfloat16 or float16, where steps are mostly rounded away.</exception>
    public FusedAdam(
        IEnumerable<(string Name, Parameter Parameter)> parameters, double beta1 = 0.9, double beta2 = 0.999, double epsilon = 1e-8,
        double weightDecay = 0,
        Optimizer kind = Optimizer.Adam)
    {
        ArgumentNullException.ThrowIfNull(parameters);
        var trained = parameters.Where(named => named.Parameter.requires_grad).ToArray();
        NetworkCheck.RequirePrecise(trained.Select(named => (named.Name, (Tensor)named.Parameter)), nameof(parameters));
        states = [.. trained.Select(named => new State(named.Name, named.Parameter))];
        // For every step: a device that waits for this one's does nothing until it is begun.
        this.parameters = [.. states.Select(state => state.Parameter)];
        means = [.. states.Select(state => state.ExpAvg)];
        squares = [.. states.Select(state => state.ExpAvgSq)];
        steps = [.. states.Select(state => state.Steps)];
        var weights = states.ConvertAll(state => (Tensor)state.Parameter);
        kernel = CpuKernels.OfThisProcessor?.Update(weights);
        marks = kernel is null ? [] : [.. weights.Select(Nothing)];
        this.beta1 = beta1;
        this.beta2 = beta2;
        this.epsilon = epsilon;
        this.weightDecay = weightDecay;
        this.kind = kind;
    }

    /// <summary>
    /// All that it remembers, under PyTorch's names: <c>exp_avg.KEY</c>, <c>exp_avg_sq.KEY</c> and <c>step.KEY</c> for each parameter. The
    /// tensors stay this object's; copying into them puts back what was saved.
    /// </summary>
    public IReadOnlyDictionary<string, Tensor> StateDict => states
        .SelectMany(state => new (string Key, Tensor Value)[]
        {
            ($"exp_avg.{state.Name}", state.ExpAvg), ($"exp_avg_sq.{state.Name}", state.ExpAvgSq), ($"step.{state.Name}", state.Steps),
        })
        .ToDictionary(entry => entry.Key, entry => entry.Value);

    /// <summary>What it trains.</summary>
    internal IReadOnlyList<Parameter> Parameters => parameters;

    /// <summary>Moves every parameter that has a gradient.</summary>
    /// <param name="learningRate">Of this step.</param>
    /// <exception cref="InvalidOperationException">The network was moved or converted after this was made.</exception>
    public void Step(double learningRate)
    {
        ReplacedWeights.RequireNone(parameters, nameof(FusedAdam));
        using var scope = NewDisposeScope();
        Step(learningRate, Array.ConvertAll(parameters, parameter => parameter.grad));
    }

    /// <summary>The same, for who has the gradients already.</summary>
    /// <param name="learningRate">Of this step.</param>
    /// <param name="gradients">Of <see cref="Parameters"/>, in their order; null for one that has none.</param>
    internal void Step(double learningRate, Tensor?[] gradients)
    {
        using var scope = NewDisposeScope();
        using var noGradients = no_grad();
        if (kernel is null)
            StepByLibtorch(learningRate, gradients);
        else
            Step(kernel, learningRate, gradients);
    }

    /// <summary>Frees the moments; the parameters stay.</summary>
    public void Dispose()
    {
        foreach (var state in states)
        {
            state.ExpAvg.Dispose();
            state.ExpAvgSq.Dispose();
            state.Steps.Dispose();
        }
        Array.ForEach(marks, mark => mark.Dispose());
    }

    private unsafe void Step(WeightUpdate kernel, double learningRate, Tensor?[] given)
    {
        var gradients = Array.ConvertAll(
            given, gradient => gradient is null || gradient.is_contiguous() ? gradient : gradient.contiguous());
        float*[] weights =
            new float*[states.Count], by = new float*[states.Count], means = new float*[states.Count], squares = new float*[states.Count];
        var steps = new AdamStep[states.Count];
        foreach (var (index, state) in states.Index())
        {
            if (gradients[index] is not { } gradient)
                continue;
            weights[index] = TensorMemory.Of(state.Parameter);
            by[index] = TensorMemory.Of(gradient);
            means[index] = TensorMemory.Of(state.ExpAvg);
            squares[index] = TensorMemory.Of(state.ExpAvgSq);
            var number = ++*TensorMemory.Of(state.Steps);
            steps[index] = new(learningRate, beta1, beta2, epsilon, weightDecay, kind == Optimizer.AdamW, number);
        }
        kernel.Adam(weights, by, means, squares, steps);
        // Autograd refuses a backward pass through weights that have changed since its forward pass, if it knows.
        Script.Value.invoke("mark", [marks]);
        GC.KeepAlive((this, gradients));
    }

    /// <summary>No number of a weight: changed, it counts as a change of the weight.</summary>
    private static Tensor Nothing(Tensor weight)
    {
        using var scope = NewDisposeScope();
        return weight.detach().flatten().narrow(0, 0, 0).DetachFromDisposeScope();
    }

    private void StepByLibtorch(double learningRate, Tensor?[] gradients)
    {
        // Mostly all have one, and then the lists are those there are.
        var all = Array.IndexOf(gradients, null) < 0;
        if (gradients.All(gradient => gradient is null))
            return;
        using var rate = Number.Once(learningRate);
        Script.Value.invoke(
            "step", Of(parameters), Of(gradients), Of(means), Of(squares), Of(steps), kind == Optimizer.AdamW, rate, Number.Of(beta1),
            Number.Of(beta2), Number.Of(epsilon), Number.Of(weightDecay));

        Tensor[] Of(Tensor?[] list) => all ? (Tensor[])list! : [.. list.Where((_, index) => gradients[index] is not null).OfType<Tensor>()];
    }

    /// <summary>A parameter and its moments. The kernel wants the number of steps as a float32 tensor per parameter.</summary>
    private sealed class State(string name, Parameter parameter)
    {
        public string Name { get; } = name;

        public Parameter Parameter { get; } = parameter;

        public Tensor ExpAvg { get; } = zeros_like(parameter, requires_grad: false).DetachFromDisposeScope();

        public Tensor ExpAvgSq { get; } = zeros_like(parameter, requires_grad: false).DetachFromDisposeScope();

        public Tensor Steps { get; } = zeros([], dtype: ScalarType.Float32, device: parameter.device).DetachFromDisposeScope();
    }
}
