using UNetGen.Generator.Common;

namespace UNetGen.Generator.Planning;

/// <summary>
/// A whole network, ready to be written down: what there is, under which keys, with which shapes, and what runs in which order.
/// </summary>
internal sealed record NetworkPlan
{
    public required string Name { get; init; }
    public required string Namespace { get; init; }

    /// <summary>The effective spec as YAML.</summary>
    public required string Spec { get; init; }
    public required string SpecHash { get; init; }

    public required int Channels { get; init; }

    /// <summary>Channels of the condition that go in behind the images.</summary>
    public required int ConditionChannels { get; init; }
    public required int OutChannels { get; init; }
    public required int Height { get; init; }
    public required int Width { get; init; }
    public required int DownsampleFactor { get; init; }
    public required bool SelfCondition { get; init; }

    /// <summary>Null: the network takes no labels.</summary>
    public required int? NumClasses { get; init; }

    /// <summary>Width of the context's tokens; null: the network takes no context.</summary>
    public required int? ContextDim { get; init; }

    /// <summary>How it computes; null: as networks do of which nothing is said.</summary>
    public required EnumValue? Kernels { get; init; }

    /// <summary>What the network predicts: "the noise in them".</summary>
    public required string Predicts { get; init; }

    /// <summary>Values that several modules take, as named constants of the class.</summary>
    public required EquatableArray<SharedPlan> Shared { get; init; }

    /// <summary>Null: all blocks are the family's.</summary>
    public required UserBlockPlan? UserBlock { get; init; }
    public required EquatableArray<Argument> Diffusion { get; init; }

    /// <summary>In the order of PyTorch's state_dict.</summary>
    public required EquatableArray<ModulePlan> Modules { get; init; }
    public required EquatableArray<StepPlan> Forward { get; init; }
    public required EquatableArray<LevelPlan> Levels { get; init; }

    public long ParameterCount => Modules.Sum(module => module.ParameterCount);

    /// <summary>Whether some modules are the user's own, so that the parameters can be counted only when the network runs.</summary>
    public bool IsOpen => Modules.Any(module => module.IsOpen || module.Children.Any(child => child.IsOpen));

    /// <summary>Without those of modules that are the user's own.</summary>
    public long ForwardFlops => Levels.Aggregate(default(Cost), (sum, level) => sum + level.Cost).Flops;
}

/// <summary>A named constant of the class: an object of a runtime type.</summary>
internal sealed record SharedPlan(string Name, string Type, EquatableArray<Argument> Properties, string Summary);

/// <summary>The user's own class in the place of the family's residual block.</summary>
/// <param name="Type">With its namespace.</param>
internal sealed record UserBlockPlan(string Type)
{
    /// <summary>
    /// The type of the fields that hold it. Only one place names the user's class itself, so that a class which doesn't fit is one error.
    /// </summary>
    public const string Base = "TorchSharp.torch.nn.Module<TorchSharp.torch.Tensor, TorchSharp.torch.Tensor, TorchSharp.torch.Tensor>";

    /// <summary>That place, a method of the network's class.</summary>
    public const string Factory = "NewResnetBlock";

    /// <summary>The key that names the class.</summary>
    public const string Key = "blocks.resnet";
}

/// <summary>A layer of the runtime, or, with children, a class of its own inside the network's.</summary>
/// <param name="Key">Its name in PyTorch's state_dict, below its parent: <c>downs.0</c>.</param>
/// <param name="Field">Its name in C#: <c>downs_0</c>.</param>
/// <param name="Type">The C# type; of a runtime layer with its namespace.</param>
/// <param name="Summary">What it does, in words that a colon can follow.</param>
/// <param name="Shapes">From which shape to which: <c>[B, 16, 8, 8] -> [B, 32, 4, 4]</c>.</param>
internal sealed record ModulePlan(string Key, string Field, string Type, string Summary, string Shapes)
{
    /// <summary>
    /// The name of the factory that makes it, where it isn't made by <c>new Type(arguments)</c>; a name without dots is in the network's
    /// class.
    /// </summary>
    public string? Factory { get; init; }
    public EquatableArray<Argument> Arguments { get; init; } = EquatableArray<Argument>.Empty;
    public EquatableArray<ParameterPlan> Parameters { get; init; } = EquatableArray<ParameterPlan>.Empty;
    public EquatableArray<ModulePlan> Children { get; init; } = EquatableArray<ModulePlan>.Empty;
    public Cost Cost { get; init; }

    /// <summary>The user's own type: what it holds is known to the compiler alone, and counted here as nothing.</summary>
    public bool IsOpen { get; init; }

    /// <summary>The last convolution of the network, where it is to start at 0.</summary>
    public bool StartsAtZero { get; init; }

    public long ParameterCount =>
        Parameters.Where(parameter => parameter.Trainable).Sum(parameter => parameter.Count) + Children.Sum(child => child.ParameterCount);

    public Cost TotalCost => Children.Aggregate(Cost, (sum, child) => sum + child.TotalCost);
}

/// <summary>One entry of the state_dict, below its module.</summary>
internal sealed record ParameterPlan(string Key, EquatableArray<int> Shape, bool Trainable = true)
{
    public long Count => Shape.Aggregate(1L, (product, size) => product * size);
}

/// <summary>
/// For one image: floating point operations forward, a multiply-add as two; elements of tensors that the backward pass needs.
/// </summary>
internal readonly record struct Cost(long Flops, long Elements)
{
    /// <summary>The largest number is the largest cost: specs can ask for more, machines can't.</summary>
    public static Cost operator +(Cost a, Cost b) =>
        new(a.Flops > long.MaxValue - b.Flops ? long.MaxValue : a.Flops + b.Flops, a.Elements + b.Elements);
}

/// <summary>
/// An argument or property: int, double, string, bool, <see cref="EnumValue"/>, <see cref="SharedPlan"/> or <see cref="ModulePlan"/>.
/// </summary>
internal sealed record Argument(string? Name, object Value);

/// <summary>A value of one of the runtime's enums.</summary>
internal sealed record EnumValue(string Type, string Name);

/// <summary>One line of the forward pass: target = value, and the shape that comes out.</summary>
/// <param name="Heading">A comment before it, where a new part of the network begins.</param>
internal sealed record StepPlan(string Target, Expression Value, string Shape, string? Heading = null)
{
    /// <summary>The images that the network is given.</summary>
    public const string Input = "x";

    /// <summary>The embedding of the timesteps.</summary>
    public const string Time = "t";

    /// <summary>The tokens that transformers attend to.</summary>
    public const string Context = "context";
}

internal abstract record Expression;

internal sealed record Variable(string Name) : Expression;

/// <param name="Module">The path of fields: <c>downs_0.block1</c>.</param>
internal sealed record Call(string Module, EquatableArray<Expression> Arguments) : Expression;

/// <summary>A residual block of the user's own, which casts nothing and can return anything.</summary>
/// <param name="Module">As of <see cref="Call"/>.</param>
/// <param name="X">What goes in, beside the embedding of the timesteps.</param>
/// <param name="Channels">Those that must come out.</param>
internal sealed record OwnBlockCall(string Module, Expression X, int Channels) : Expression;

internal sealed record Concatenation(Expression First, Expression Second) : Expression;

/// <param name="Name">A method that every network has.</param>
internal sealed record Function(string Name, EquatableArray<Expression> Arguments) : Expression;

/// <param name="Made">What was just made takes the sum.</param>
/// <param name="Other">Stays as it is: it may be read again.</param>
internal sealed record Addition(Call Made, Expression Other) : Expression;

/// <summary>The previous estimate of the clean image, or zeros.</summary>
/// <param name="Like">Of whose shape it is.</param>
/// <param name="WithCondition">Whether a condition is behind the images there, which the estimate lacks.</param>
internal sealed record PreviousEstimate(string Like, bool WithCondition) : Expression;

/// <summary>One row of the table of levels; both halves of a level are one row.</summary>
internal sealed record LevelPlan(
    string Name, int Height, int Width, int Channels, string Blocks, string Attention, long Parameters, Cost Cost)
{
    /// <summary>The width on the way down, which the skips have, where it isn't the level's.</summary>
    public int DownChannels { get; init; } = Channels;
}
