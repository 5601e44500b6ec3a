using UNetGen.Runtime.Tests.Golden;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Generated networks against the references' keys and numbers.</summary>
public sealed class GoldenNetworkTests
{
    public static TheoryData<string> Cases => ["annotated_tiny_rgb", "annotated_gray_28", "lucidrains_group", "lucidrains_rms", "seed_no_attention"];

    [Theory]
    [MemberData(nameof(Cases))]
    public void Keys_order_and_shapes_are_the_references(string name)
    {
        using var network = Network(name);
        var golden = GoldenNetwork.Load(name);
        Agree.StateDict(golden.StateDict, network);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void The_parameter_count_is_the_references_as_constant_and_counted(string name)
    {
        using var network = Network(name);
        var golden = GoldenNetwork.Load(name);
        Assert.Equal(golden.ParameterCount, network.Info.ParameterCount);
        Assert.Equal(golden.ParameterCount, network.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(golden.ParameterCount, network.Info.Levels.Sum(level => level.Parameters));
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void Output_loss_and_every_gradient_are_the_references(string name)
    {
        using var scope = NewDisposeScope();
        using var network = Network(name);
        var golden = GoldenNetwork.Load(name);
        Fill.Parameters(network);

        var output = network.forward(Fill.Input("input:x", golden.InputShape), tensor(golden.Timesteps));
        Assert.Equal(golden.OutputShape, output.shape);
        Agree.Values(golden.Output, output);

        var loss = (output - Fill.Input("input:target", golden.OutputShape)).square().mean();
        Assert.Equal(golden.Loss, loss.item<float>(), golden.Loss * 1e-4);
        loss.backward();
        Agree.GradientNorms(golden.GradientNorms, network);
    }

    [Fact]
    public void The_published_parameter_counts_are_met_as_constant_and_counted()
    {
        foreach (var (network, count) in new (NoisePredictor, long)[]
        {
            (new PublishedAnnotatedUNet(), 2_020_257), (new PublishedLucidrainsGroupUNet(), 35_719_555), (new PublishedLucidrainsRmsUNet(), 35_711_491),
        })
        {
            Assert.Equal(count, network.Info.ParameterCount);
            Assert.Equal(count, network.parameters().Sum(parameter => parameter.numel()));
            network.Dispose();
        }
    }

    private static NoisePredictor Network(string name) => name switch
    {
        "annotated_tiny_rgb" => new AnnotatedTinyRgbUNet(),
        "annotated_gray_28" => new AnnotatedGray28UNet(),
        "lucidrains_group" => new LucidrainsGroupUNet(),
        "lucidrains_rms" => new LucidrainsRmsUNet(),
        "seed_no_attention" => new SeedNoAttentionUNet(),
        _ => throw new ArgumentOutOfRangeException(nameof(name)),
    };
}
