using TorchSharp;
using UNetGen.Interop;
using UNetGen.Networks;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Onnx.Tests;

/// <summary>Files of networks that attend to a context, or take a condition behind their images.</summary>
public sealed class ContextTests : FileTests
{
    private const string Latents = """
        preset: conditional
        image_size: 8
        channels: 4
        out_channels: 2
        dim: 8
        channel_multipliers: [1, 2]
        groups: 4
        attention: { heads: 2, layers: [1, 2] }
        context_dim: 6
        diffusion: { timesteps: 100, schedule_scaling: false, objective: v }

        """;

    [Fact]
    public void A_network_s_context_and_condition_are_inputs_of_any_number_of_tokens()
    {
        using var network = Comparison.Network(Latents);
        var path = PathOf("network.onnx");

        var file = OnnxExport.Save(path, network);

        Assert.Equal(
            ["x float32 [batch, 2, 8, 8]", "timesteps int64 [batch]", "context float32 [batch, tokens, 6]",
                "condition float32 [batch, 2, 8, 8]"],
            file.Inputs);
        using var run = new OnnxRun(path);
        Comparison.AssertSame(network, run, 1);
        Comparison.AssertSame(network, run, 3);
    }

    [Fact]
    public void A_network_in_float16_attends_as_well()
    {
        using var network = Comparison.Network(Latents);
        var path = PathOf("network.onnx");
        OnnxExport.Save(path, network, new OnnxOptions { Half = true });
        using var run = new OnnxRun(path);
        Comparison.AssertSame(network, run, 2, closeness: 1e-2);
    }

    [Theory]
    [InlineData(1, "")]
    [InlineData(3, "")]
    [InlineData(0, "")]
    [InlineData(3, "num_classes: 4\nself_condition: true")]
    public void A_drawing_takes_a_context_and_one_to_lead_away_from(double guidance, string keys)
    {
        using var network = Comparison.Network(Latents + keys);
        var path = PathOf("draw.onnx");
        var sampler = new DdimSampler(6);

        var file = OnnxExport.Save(path, network, new OnnxOptions { Sampler = sampler });

        string[] labelled = keys.Length == 0 ? [] : ["labels int64 [batch]"];
        Assert.Equal(
            ["noise float32 [batch, 2, 8, 8]", .. labelled, "context float32 [batch, tokens, 6]", "condition float32 [batch, 2, 8, 8]",
                "negative_context float32 [batch, tokens, 6]", "guidance float32 []"],
            file.Inputs);
        Assert.Equal("latents float32 [batch, 2, 8, 8]", file.Output);
        using var scope = NewDisposeScope();
        using var generator = new torch.Generator(5);
        var given = new Given(
            randn([2, 5, 6], generator: generator), randn([2, 5, 6], generator: generator), randn([2, 2, 8, 8], generator: generator),
            guidance);
        var options = new SamplingOptions { Count = 2, Labels = keys.Length == 0 ? null : [0, 2] };
        using var noise = new ImageNoise(network.Info, options.Seed, 0, 2, CPU);
        var first = noise.Next();
        using var whole = new Conditioned(network, given);
        var expected = sampler.Sample(whole, options);

        using var run = new OnnxRun(path);
        List<(string, Array, long[])> inputs =
        [
            ("noise", Comparison.Floats(first), first.shape), ("context", Comparison.Floats(given.Context), given.Context.shape),
            ("negative_context", Comparison.Floats(given.Negative), given.Negative.shape),
            ("condition", Comparison.Floats(given.Condition), given.Condition.shape), ("guidance", new[] { (float)guidance }, []),
        ];
        if (keys.Length > 0)
            inputs.Add(("labels", new long[] { 0, 2 }, [2]));
        var (values, shape) = run.Run<float>([.. inputs]);

        Assert.Equal(expected.shape, shape);
        var wanted = Comparison.Floats(expected);
        Assert.InRange(wanted.Zip(values, (one, other) => Math.Abs(one - other)).Max(), 0, 1e-3);
        Assert.True(wanted.Distinct().Count() > wanted.Length / 2, "All is clipped, which proves nothing.");
    }

    [Fact]
    public void A_condition_is_an_input_of_a_drawing_of_any_family()
    {
        using var network = Comparison.Network(Comparison.TinySpec + "\ncondition_channels: 1");

        var file = OnnxExport.Save(PathOf("draw.onnx"), network, new OnnxOptions { Sampler = new DdimSampler(3) });

        Assert.Equal(["noise float32 [batch, 3, 8, 8]", "condition float32 [batch, 1, 8, 8]"], file.Inputs);
        Assert.Equal("images uint8 [batch, 8, 8, 3]", file.Output);
    }

    [Fact]
    public void A_live_network_of_three_channels_draws_latents_where_that_is_said_as_its_checkpoint_does()
    {
        using var network = Comparison.Network(Comparison.TinySpec + "\ndiffusion: { clip_sample: false }");
        var options = new OnnxOptions { Sampler = new DdimSampler(3) };
        var unsaid = OnnxExport.Save(PathOf("unsaid.onnx"), network, options);
        network.IsBounded = false;
        StateDict.Save(PathOf("latents.safetensors"), network);

        var ofCheckpoint = OnnxExport.Save(PathOf("checkpoint.onnx"), Checkpoint.Open(PathOf("latents.safetensors")), options);

        Assert.Equal("latents float32 [batch, 3, 8, 8]", ofCheckpoint.Output);
        Assert.Equal(ofCheckpoint.Output, OnnxExport.Save(PathOf("said.onnx"), network, options).Output);
        Assert.Equal("images uint8 [batch, 8, 8, 3]", unsaid.Output);
    }

    private sealed record Given(Tensor Context, Tensor Negative, Tensor Condition, double Guidance);

    /// <summary>A network with all that it is given besides images and labels, which samplers needn't know.</summary>
    private sealed class Conditioned(NoisePredictor network, Given given) : NoisePredictor(nameof(Conditioned))
    {
        public override NetworkInfo Info => network.Info with { ContextDim = null, ConditionChannels = 0 };

        public override UNetGen.Diffusion.DiffusionOptions Diffusion => network.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps) => forward(x, timesteps, null);

        public override Tensor forward(Tensor x, Tensor timesteps, Tensor? labels, Tensor? selfCondition = null)
        {
            var all = cat([x, given.Condition], 1);
            var with = network.forward(all, timesteps, given.Context, labels, selfCondition);
            if (given.Guidance == 1)
                return with;
            var none = labels is null ? null : full_like(labels, network.Info.NumClasses!.Value - 1);
            var without = network.forward(all, timesteps, given.Negative, none, selfCondition);
            return without + (with - without) * given.Guidance;
        }
    }
}
