using UNetGen.Generator.Specs;

namespace UNetGen.Generator.Planning;

/// <summary>The runtime's layers as the planner sees them: constructor arguments, parameters under PyTorch's keys, cost.</summary>
internal static class LayerPlans
{
    public const string Blocks = "UNetGen.Blocks.";

    public static ModulePlan Conv2d(string key, string field, int from, int to, int kernel, ImageSize size, string summary) =>
        new(key, field, "TorchSharp.Modules.Conv2d", summary)
        {
            Factory = "TorchSharp.torch.nn.Conv2d",
            Arguments = Arguments(from, to, ("kernel_size", kernel), kernel == 1 ? null : ("padding", kernel / 2)),
            Parameters = Weights("", [to, from, kernel, kernel]),
            Cost = ConvCost(from, to, kernel, size),
        };

    public static ModulePlan TimeEmbedding(UNetSpec spec)
    {
        const int fourierFeatures = 16; // the reference's default; the language has no key for it
        var time = spec.TimeEmbedding;
        var sinusoidal = time.Type == TimeEmbeddingType.Sinusoidal;
        var features = sinusoidal ? spec.Dim : fourierFeatures + 1;
        var embedding = sinusoidal
            ? new ModulePlan("0", "embedding", Blocks + "SinusoidalPosEmb", "")
            {
                Arguments = Arguments(spec.Dim, time.Theta == 10000 ? null : ("theta", time.Theta),
                    time.Order == SinusoidOrder.SinCos ? null : ("order", Enum(time.Order)), time.FreqShift == 1 ? null : ("freqShift", time.FreqShift)),
            }
            : new ModulePlan("0", "embedding", Blocks + "FourierPosEmb", "")
            {
                Arguments = Arguments(("features", fourierFeatures), ("learned", time.Type == TimeEmbeddingType.LearnedFourier)),
            };
        var parameters = Linear("1.", features, spec.TimeEmbDim).Concat(Linear("3.", spec.TimeEmbDim, spec.TimeEmbDim));
        if (!sinusoidal)
            parameters = parameters.Prepend(new ParameterPlan("0.weights", Shape(fourierFeatures / 2), time.Type == TimeEmbeddingType.LearnedFourier));
        return new ModulePlan("time_mlp", "time_mlp", Blocks + "TimeEmbedding", $"Timesteps [batch] to the time embedding [batch, {spec.TimeEmbDim}].")
        {
            Arguments = Arguments(embedding, features, spec.TimeEmbDim),
            Parameters = parameters.ToEquatableArray(),
            Cost = new Cost(2L * spec.TimeEmbDim * (features + spec.TimeEmbDim), features + 3L * spec.TimeEmbDim),
        };
    }

    /// <param name="options">The class's shared ResnetBlockOptions.</param>
    public static ModulePlan ResnetBlock(string key, string field, UNetSpec spec, SharedPlan options, int from, int to, ImageSize size)
    {
        var projected = spec.TimeEmbedding.Conditioning == TimeConditioning.ScaleShift ? 2 * to : to;
        var parameters = Linear("mlp.1.", spec.TimeEmbDim, projected)
            .Concat(Half("block1.", from)).Concat(Half("block2.", to))
            .Concat(from == to ? [] : Weights("res_conv.", [to, from, 1, 1]));
        var pixels = (long)size.Height * size.Width;
        var cost = ConvCost(from, to, 3, size) + ConvCost(to, to, 3, size) + new Cost(2L * spec.TimeEmbDim * projected, 5 * to * pixels);
        return new ModulePlan(key, field, Blocks + "ResnetBlock", $"Residual block, {Widths(from, to)} at {size}.")
        {
            Arguments = Arguments(from, to, spec.TimeEmbDim, options),
            Parameters = parameters.ToEquatableArray(),
            Cost = from == to ? cost : cost + ConvCost(from, to, 1, size),
        };

        IEnumerable<ParameterPlan> Half(string prefix, int width) =>
            Weights(prefix + "proj.", [to, width, 3, 3]).Concat(spec.Norm == Norm.Group ? Affine(prefix + "norm.", to) : Gain(prefix + "norm.", to));
    }

    /// <summary>Attention with its residual sum inside (annotated) or outside (lucidrains).</summary>
    public static ModulePlan Attention(string key, string field, UNetSpec spec, AttentionKind kind, int width, ImageSize size)
    {
        var annotated = spec.Preset == Preset.Annotated;
        var attention = spec.Attention;
        var hidden = attention.Heads * attention.HeadDim;
        var linear = kind == AttentionKind.Linear;
        var type = Blocks + (linear ? "LinearAttention" : "Attention");
        var summary = $"{(linear ? "Linear" : "Full")} attention, {Heads(attention)}, {width} wide at {size}.";
        var inner = new ModulePlan(key, field, type, summary)
        {
            Arguments = Arguments(width, ("heads", attention.Heads), ("headDim", attention.HeadDim),
                attention.MemoryTokens == 0 ? null : ("memoryTokens", attention.MemoryTokens),
                ("norm", Enum(annotated ? Norm.Group : Norm.Rms)),
                annotated && linear ? ("normEps", spec.NormEps) : null,
                spec.ZeroInit ? ("zeroInit", true) : null),
            Parameters = Parameters(annotated ? "fn.fn." : "").ToEquatableArray(),
            Cost = AttentionCost(spec, kind, width, size),
        };
        return !annotated ? inner : new ModulePlan(key, field, $"{Blocks}ResidualPreNorm<{type}>", summary)
        {
            Arguments = Arguments(width, inner, ("normEps", spec.NormEps)),
            Parameters = inner.Parameters.Concat(Affine("fn.norm.", width)).ToEquatableArray(),
            Cost = inner.Cost,
        };

        IEnumerable<ParameterPlan> Parameters(string prefix)
        {
            if (attention.MemoryTokens > 0)
            {
                yield return new ParameterPlan(prefix + "mem_kv", linear
                    ? Shape(2, attention.Heads, attention.HeadDim, attention.MemoryTokens)
                    : Shape(2, attention.Heads, attention.MemoryTokens, attention.HeadDim));
            }

            if (!annotated)
                yield return Gain(prefix + "norm.", width)[0];
            yield return new ParameterPlan(prefix + "to_qkv.weight", Shape(3 * hidden, width, 1, 1));
            foreach (var weight in Weights(prefix + (linear ? "to_out.0." : "to_out."), [width, hidden, 1, 1]))
                yield return weight;
            if (!linear)
                yield break;
            foreach (var weight in annotated ? Affine(prefix + "to_out.1.", width) : Gain(prefix + "to_out.1.", width))
                yield return weight;
        }
    }

    public static ModulePlan Downsample(string key, string field, DownsampleKind kind, int from, int to, ImageSize size)
    {
        var half = new ImageSize(size.Height / 2, size.Width / 2);
        var (channels, kernel) = kind switch
        {
            DownsampleKind.Unshuffle => (4 * from, 1),
            DownsampleKind.AvgPool => (from, 1),
            _ => (from, 3),
        };
        return new ModulePlan(key, field, Blocks + "Downsample", $"{from} wide at {size} to {to} wide at {half}.")
        {
            Arguments = Arguments(from, to, kind == DownsampleKind.Unshuffle ? null : ("kind", Enum(kind))),
            Parameters = Weights("1.", [to, channels, kernel, kernel]),
            Cost = ConvCost(channels, to, kernel, half),
        };
    }

    public static ModulePlan Upsample(string key, string field, UpsampleKind kind, int from, int to, ImageSize size)
    {
        var twice = new ImageSize(size.Height * 2, size.Width * 2);
        var transposed = kind == UpsampleKind.ConvTranspose;
        return new ModulePlan(key, field, Blocks + "Upsample", $"{from} wide at {size} to {to} wide at {twice}.")
        {
            Arguments = Arguments(from, to, transposed ? ("kind", Enum(kind)) : null),
            Parameters = transposed
                ? new[] { new ParameterPlan("1.weight", Shape(from, to, 4, 4)), new ParameterPlan("1.bias", Shape(to)) }.ToEquatableArray()
                : Weights("1.", [to, from, 3, 3]),
            // Of a transposed convolution's 16 weights, each pixel of the result sees 4.
            Cost = ConvCost(from, to, transposed ? 2 : 3, twice) + new Cost(0, transposed ? 0 : (long)from * twice.Height * twice.Width),
        };
    }

    public static EnumValue Enum<T>(T value)
        where T : struct, Enum => new(Blocks + typeof(T).Name, value.ToString());

    public static string Widths(int from, int to) => $"{from} -> {to}";

    private static string Heads(AttentionSpec attention) =>
        $"{attention.Heads} {(attention.Heads == 1 ? "head" : "heads")} of {attention.HeadDim}{(attention.MemoryTokens == 0 ? "" : $", {attention.MemoryTokens} memory tokens")}";

    private static Cost ConvCost(int from, int to, int kernel, ImageSize size)
    {
        var pixels = (long)size.Height * size.Width;
        return new Cost(2L * from * to * kernel * kernel * pixels, to * pixels);
    }

    private static Cost AttentionCost(UNetSpec spec, AttentionKind kind, int width, ImageSize size)
    {
        var (heads, d) = (spec.Attention.Heads, spec.Attention.HeadDim);
        var hidden = heads * d;
        var pixels = (long)size.Height * size.Width;
        var keys = pixels + spec.Attention.MemoryTokens;
        var convolutions = ConvCost(width, 3 * hidden, 1, size) + ConvCost(hidden, width, 1, size) + new Cost(0, 2 * width * pixels);
        // Products with k and with v: through a d x d context, or through pixels x keys scores.
        return convolutions + (kind == AttentionKind.Linear
            ? new Cost(2L * heads * d * d * (keys + pixels), 3 * hidden * pixels)
            : new Cost(4L * heads * d * keys * pixels, hidden * pixels + heads * pixels));
    }

    /// <summary>Positional values, named pairs; nulls are left out.</summary>
    private static EquatableArray<Argument> Arguments(params object?[] values) => values
        .Where(value => value is not null)
        .Select(value => value switch
        {
            ValueTuple<string, int> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, bool> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, double> named => new Argument(named.Item1, named.Item2),
            ValueTuple<string, EnumValue> named => new Argument(named.Item1, named.Item2),
            _ => new Argument(null, value!),
        })
        .ToEquatableArray();

    private static EquatableArray<ParameterPlan> Weights(string prefix, int[] shape) =>
        new[] { new ParameterPlan(prefix + "weight", Shape(shape)), new ParameterPlan(prefix + "bias", Shape(shape[0])) }.ToEquatableArray();

    private static IEnumerable<ParameterPlan> Linear(string prefix, int from, int to) => Weights(prefix, [to, from]);

    private static EquatableArray<ParameterPlan> Affine(string prefix, int width) => Weights(prefix, [width]);

    private static EquatableArray<ParameterPlan> Gain(string prefix, int width) =>
        new[] { new ParameterPlan(prefix + "g", Shape(1, width, 1, 1)) }.ToEquatableArray();

    private static EquatableArray<int> Shape(params int[] sizes) => sizes.ToEquatableArray();
}
