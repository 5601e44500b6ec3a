using UNetGen.Generator.Common;
using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

// The names of these values, and in the runtime of the types that emitted code names, are the same on purpose.
internal enum KeyStyle { DenoisingDiffusion, Diffusers, GuidedDiffusion }

internal enum Resampling { None, Down, Up }

/// <summary>The runtime's layers as the planners see them: constructor arguments, parameters under PyTorch's keys, cost.</summary>
internal sealed partial class LayerPlans(UNetSpec spec)
{
    private const string Blocks = "UNetGen.Blocks.";
    private const string Backends = "UNetGen.Backends.";

    /// <summary>What all residual blocks have in common, a constant of the network's class.</summary>
    public SharedPlan BlockOptions { get; } = PlanBlockOptions(spec);

    /// <summary>What stands in the place of the family's residual block; null: nothing does.</summary>
    public UserBlockPlan? UserBlock { get; } = PlanUserBlock(spec);

    /// <param name="why">What there is to say of it, after a comma.</param>
    public static ModulePlan Conv2d(string key, string field, int from, int to, int kernel, ImageSize size, string why = "") =>
        new(key, field, "TorchSharp.Modules.Conv2d", $"{kernel} x {kernel} convolution{why}", Shapes(from, size, to, size))
        {
            Factory = "TorchSharp.torch.nn.Conv2d",
            Arguments = Arguments(
                ("in_channels", from), ("out_channels", to), ("kernel_size", kernel), kernel == 1 ? null : ("padding", kernel / 2)),
            Parameters = Weights("", [to, from, kernel, kernel]),
            Cost = ConvCost(from, to, kernel, size),
        };

    /// <param name="key">Its key, and its field.</param>
    public ModulePlan TimeEmbedding(string key, KeyStyle keys)
    {
        const int fourierFeatures = 16; // the reference's default; the language has no key for it
        var time = spec.TimeEmbedding;
        var sinusoidal = time.Type == TimeEmbeddingType.Sinusoidal;
        var features = sinusoidal ? spec.Dim : fourierFeatures + 1;
        var embedding = sinusoidal
            ? new ModulePlan("0", "embedding", Blocks + "SinusoidalPosEmb", "", "")
            {
                Arguments = Arguments(
                    ("dim", spec.Dim),
                    time.Theta == 10000 ? null : ("theta", time.Theta),
                    time.Order == SinusoidOrder.SinCos ? null : ("order", Enum(time.Order)),
                    time.FreqShift == 1 ? null : ("freqShift", time.FreqShift)),
            }
            : new ModulePlan("0", "embedding", Blocks + "FourierPosEmb", "", "")
            {
                Arguments = Arguments(("features", fourierFeatures), ("learned", time.Type == TimeEmbeddingType.LearnedFourier)),
            };
        var (keyOfEmbedding, first, second) = keys switch
        {
            KeyStyle.Diffusers => ("time_proj.", "linear_1.", "linear_2."),
            KeyStyle.GuidedDiffusion => ("time_proj.", "0.", "2."),
            _ => ("0.", "1.", "3."),
        };
        var parameters = Linear(first, features, spec.TimeEmbDim).Concat(Linear(second, spec.TimeEmbDim, spec.TimeEmbDim));
        if (!sinusoidal)
        {
            var learned = time.Type == TimeEmbeddingType.LearnedFourier;
            parameters = parameters.Prepend(new ParameterPlan(keyOfEmbedding + "weights", Shape(fourierFeatures / 2), learned));
        }

        return new ModulePlan(key, key, Blocks + "TimeEmbedding", "Timesteps to the time embedding", $"[B] -> [B, {spec.TimeEmbDim}]")
        {
            Arguments = Arguments(
                embedding, ("features", features), ("timeEmbDim", spec.TimeEmbDim),
                keys == KeyStyle.DenoisingDiffusion ? null : ("keys", Enum(keys))),
            Parameters = parameters.ToEquatableArray(),
            Cost = new Cost(2L * spec.TimeEmbDim * (features + spec.TimeEmbDim), features + 3L * spec.TimeEmbDim),
        };
    }

    /// <summary>What is added to the time embedding.</summary>
    /// <param name="key">Its key, and its field.</param>
    public ModulePlan LabelEmbedding(string key)
    {
        const string summary = "Class labels to what is added to the time embedding";
        return new ModulePlan(key, key, "TorchSharp.Modules.Embedding", summary, $"[B] -> [B, {spec.TimeEmbDim}]")
        {
            Factory = "TorchSharp.torch.nn.Embedding",
            Arguments = Arguments(("num_embeddings", spec.NumClasses!.Value), ("embedding_dims", spec.TimeEmbDim)),
            Parameters = new[] { new ParameterPlan("weight", Shape(spec.NumClasses.Value, spec.TimeEmbDim)) }.ToEquatableArray(),
        };
    }

    /// <param name="keyOfConv">Of the convolution inside.</param>
    public static ModulePlan Downsample(
        string key, string field, DownsampleKind kind, int from, int to, ImageSize size, string keyOfConv = "1")
    {
        var half = size.Halved;
        var (channels, kernel) = kind switch
        {
            DownsampleKind.Unshuffle => (4 * from, 1),
            DownsampleKind.AvgPool => (from, 1),
            _ => (from, 3),
        };
        return new ModulePlan(key, field, Blocks + "Downsample", "Halves the size", Shapes(from, size, to, half))
        {
            Arguments = Arguments(
                ("dim", from), ("dimOut", to),
                kind == DownsampleKind.Unshuffle ? null : ("kind", Enum(kind)),
                keyOfConv == "1" ? null : ("key", keyOfConv)),
            Parameters = Weights(keyOfConv + ".", [to, channels, kernel, kernel]),
            Cost = ConvCost(channels, to, kernel, half),
        };
    }

    /// <param name="keyOfConv">Of the convolution inside.</param>
    public static ModulePlan Upsample(string key, string field, UpsampleKind kind, int from, int to, ImageSize size, string keyOfConv = "1")
    {
        var twice = size.Doubled;
        var transposed = kind == UpsampleKind.ConvTranspose;
        return new ModulePlan(key, field, Blocks + "Upsample", "Doubles the size", Shapes(from, size, to, twice))
        {
            Arguments = Arguments(
                ("dim", from), ("dimOut", to),
                transposed ? ("kind", Enum(kind)) : null,
                keyOfConv == "1" ? null : ("key", keyOfConv)),
            Parameters = transposed
                ? Weights(keyOfConv + ".", [from, to, 4, 4], bias: to)
                : Weights(keyOfConv + ".", [to, from, 3, 3]),
            // Of a transposed convolution's 16 weights, each pixel of the result sees 4.
            Cost = ConvCost(from, to, transposed ? 2 : 3, twice) + new Cost(0, transposed ? 0 : (long)from * twice.Height * twice.Width),
        };
    }

    /// <summary>A value of one of the runtime's enums, which has the same name here.</summary>
    public static EnumValue Enum<T>(T value)
        where T : struct,
        Enum => new((value is Activation or KernelForm or Resampling ? Backends : Blocks) + typeof(T).Name, value.ToString());

    private static string Shapes(int from, ImageSize size, int to, ImageSize end) => $"{size.Shape(from)} -> {end.Shape(to)}";

    /// <summary>The user's own block: its type is known to the compiler alone, and with it its parameters.</summary>
    private ModulePlan OwnBlock(string key, string field, int from, int to, ImageSize size) =>
        new(key, field, UserBlockPlan.Base, $"Your own residual block, {spec.ResnetBlock}", Shapes(from, size, to, size))
        {
            Factory = UserBlockPlan.Factory,
            Arguments = Arguments(("dim", from), ("dimOut", to), ("timeEmbDim", spec.TimeEmbDim)),
            IsOpen = true,
        };

    private static UserBlockPlan? PlanUserBlock(UNetSpec spec) => spec.ResnetBlock is { } type
        ? new UserBlockPlan(type.Contains('.') ? type : spec.Namespace.Length > 0 ? $"{spec.Namespace}.{type}" : "global::" + type)
        : null;

    private static SharedPlan PlanBlockOptions(UNetSpec spec)
    {
        var properties = new List<Argument> { new("Norm", Enum(spec.Norm)) };
        if (spec.Norm == Norm.Group)
            properties.AddRange([new Argument("Groups", spec.Groups), new Argument("NormEps", spec.NormEps)]);
        properties.Add(new Argument("WeightStandardization", spec.WeightStandardization));
        properties.Add(new Argument("Activation", Enum(spec.Activation)));
        properties.Add(new Argument("Dropout", spec.Dropout));
        properties.Add(new Argument("Conditioning", Enum(spec.TimeEmbedding.Conditioning)));
        properties.Add(new Argument("ZeroInit", spec.ZeroInit));
        return new SharedPlan(
            "BlockOptions", Blocks + "ResnetBlockOptions", properties.ToEquatableArray(), "What all residual blocks have in common.");
    }

    /// <summary>GroupNorm's weight and bias, or RMSNorm's gain.</summary>
    private EquatableArray<ParameterPlan> NormWeights(string prefix, int width) =>
        spec.Norm == Norm.Group ? Affine(prefix, width) : Gain(prefix, width);

    private ParameterPlan Memory(string prefix, int width, bool linear)
    {
        var (heads, headDim, tokens) = (spec.HeadsAt(width), spec.HeadDimAt(width), spec.Attention.MemoryTokens);
        return new ParameterPlan(prefix + "mem_kv", linear ? Shape(2, heads, headDim, tokens) : Shape(2, heads, tokens, headDim));
    }

    private string Heads(int width)
    {
        var (heads, tokens) = (spec.HeadsAt(width), spec.Attention.MemoryTokens);
        return $"{heads} {(heads == 1 ? "head" : "heads")} of {spec.HeadDimAt(width)}{(tokens == 0 ? "" : $", {tokens} memory tokens")}";
    }

    private Cost AttentionCost(AttentionKind kind, int width, ImageSize size)
    {
        var (heads, d) = (spec.HeadsAt(width), spec.HeadDimAt(width));
        var hidden = heads * d;
        var pixels = (long)size.Height * size.Width;
        var keys = pixels + spec.Attention.MemoryTokens;
        var convolutions = ConvCost(width, 3 * hidden, 1, size) + ConvCost(hidden, width, 1, size) + new Cost(0, 2 * width * pixels);
        // Products with k and with v: through a d x d context, or through pixels x keys scores.
        return convolutions + (kind == AttentionKind.Linear
            ? new Cost(2L * heads * d * d * (keys + pixels), 3 * hidden * pixels)
            : new Cost(4L * heads * d * keys * pixels, hidden * pixels + heads * pixels));
    }

    private static Cost ConvCost(int from, int to, int kernel, ImageSize size)
    {
        var pixels = (long)size.Height * size.Width;
        return new Cost(2L * from * to * kernel * kernel * pixels, to * pixels);
    }

    /// <summary>Named pairs, and values that say themselves what they are, in their position; nulls are left out.</summary>
    private static EquatableArray<Argument> Arguments(params object?[] values) => values
        .Where(value => value is not null)
        .Select(value => value switch
        {
            ValueTuple<string, int> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, string> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, bool> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, double> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, EnumValue> named => new Argument(named.Item1, named.Item2),
            _ => new Argument(null, value!),
        })
        .ToEquatableArray();

    private static EquatableArray<ParameterPlan> Weights(string prefix, int[] shape) => Weights(prefix, shape, bias: shape[0]);

    private static EquatableArray<ParameterPlan> Weights(string prefix, int[] shape, int bias) =>
        new[] { new ParameterPlan(prefix + "weight", Shape(shape)), new ParameterPlan(prefix + "bias", Shape(bias)) }.ToEquatableArray();

    private static IEnumerable<ParameterPlan> Linear(string prefix, int from, int to) => Weights(prefix, [to, from]);

    private static EquatableArray<ParameterPlan> Affine(string prefix, int width) => Weights(prefix, [width]);

    private static EquatableArray<ParameterPlan> Gain(string prefix, int width) =>
        new[] { new ParameterPlan(prefix + "g", Shape(1, width, 1, 1)) }.ToEquatableArray();

    private static EquatableArray<int> Shape(params int[] sizes) => sizes.ToEquatableArray();
}
