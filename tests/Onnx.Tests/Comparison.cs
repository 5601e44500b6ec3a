using TorchSharp;
using UNetGen.Compiler;
using UNetGen.Diffusion;
using UNetGen.Networks;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests;

/// <summary>A network with weights of its own in every layer, and the same network as a file.</summary>
internal static class Comparison
{
    /// <summary>A network that is made and run in no time, with attention of both kinds and convolutions of kernel 1 and 3.</summary>
    public const string TinySpec = """
        preset: lucidrains
        image_size: 8
        channels: 3
        dim: 8
        channel_multipliers: [1, 2]
        """;

    private const double Closeness = 1e-4;

    // First weights come from libtorch's one generator of all threads.
    private static readonly Lock FirstWeights = new();

    /// <summary>The network of a spec, of which no weight is 0 or 1 as spec and PyTorch would begin with; the same in every run.</summary>
    public static NoisePredictor Network(CompiledNetwork compiled)
    {
        using var generator = new torch.Generator(1);
        NoisePredictor network;
        lock (FirstWeights)
        {
            manual_seed(1);
            network = compiled.Create();
        }
        network.eval();
        using var gradients = no_grad();
        foreach (var parameter in network.parameters())
        {
            using var scope = NewDisposeScope();
            parameter.add_(randn(parameter.shape, generator: generator), 0.05);
        }
        return network;
    }

    /// <summary>The same of a spec's text.</summary>
    public static NoisePredictor Network(string spec)
    {
        using var compiled = SpecCompiler.CompileText(spec);
        return Network(compiled);
    }

    /// <summary>Fails where file and network predict otherwise than within 1e-4, of 1 and of what they predict.</summary>
    public static void AssertSame(NoisePredictor network, OnnxRun file, int batch, double closeness = Closeness)
    {
        using var scope = NewDisposeScope();
        using var gradients = no_grad();
        using var generator = new torch.Generator((ulong)batch);
        var info = network.Info;
        long[] shape = [batch, info.Channels, info.ImageHeight, info.ImageWidth];
        var x = randn(shape, generator: generator);
        var isWhole = network.Diffusion.Type == DiffusionType.Ddpm;
        var timesteps = isWhole
            ? randint(0, network.Diffusion.Timesteps, [batch], ScalarType.Int64, generator: generator)
            : randn([batch], generator: generator);
        // EDM's are logarithms.
        if (network.Diffusion.Type == DiffusionType.Flow)
            timesteps = timesteps.abs();
        var labels = info.NumClasses is { } classes ? randint(0, classes, [batch], ScalarType.Int64, generator: generator) : null;
        var estimate = info.SelfCondition ? randn(shape, generator: generator) : null;
        // Of another number of tokens than of images.
        long[] contextShape = [batch, batch + 4, info.ContextDim ?? 0], behindShape = [batch, info.ConditionChannels, .. shape[2..]];
        var context = info.ContextDim is null ? null : randn(contextShape, generator: generator);
        var behind = info.ConditionChannels == 0 ? null : randn(behindShape, generator: generator);
        var expected = network.forward(behind is null ? x : cat([x, behind], 1), timesteps, context, labels, estimate);

        var inputs = new List<(string, Array, long[])>
        {
            ("x", Floats(x), shape),
            ("timesteps", isWhole ? Longs(timesteps) : Floats(timesteps), [batch]),
        };
        if (labels is not null)
            inputs.Add(("labels", Longs(labels), [batch]));
        if (estimate is not null)
            inputs.Add(("self_condition", Floats(estimate), shape));
        if (context is not null)
            inputs.Add(("context", Floats(context), contextShape));
        if (behind is not null)
            inputs.Add(("condition", Floats(behind), behindShape));
        var (values, size) = file.Run<float>([.. inputs]);

        Assert.Equal(expected.shape, size);
        var wanted = Floats(expected);
        var scale = Math.Max(1, wanted.Max(Math.Abs));
        var worst = wanted.Zip(values, (one, other) => Math.Abs(one - other)).Max();
        Assert.True(worst <= closeness * scale, $"{worst / scale:E2} of {scale:G3} at {batch}");
    }

    public static float[] Floats(Tensor tensor) => tensor.contiguous().data<float>().ToArray();

    public static long[] Longs(Tensor tensor) => tensor.contiguous().data<long>().ToArray();
}
