using System.Security.Cryptography;
using System.Text;
using TorchSharp;
using UNetGen.Blocks;
using UNetGen.Networks;
using UNetGen.Tests;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>What holds for every generated network, whatever its keys.</summary>
public sealed class GeneratedNetworkTests
{
    public static TheoryData<string> Names => [.. AllNetworks.Small.Select(type => type.Name)];

    [Theory]
    [MemberData(nameof(Names))]
    public void One_that_is_made_in_a_dispose_scope_outlives_it(string name)
    {
        NoisePredictor network;
        using (NewDisposeScope())
            network = AllNetworks.Create(name);
        using var made = network;
        var info = network.Info;
        using var scope = NewDisposeScope();
        var x = zeros(1, info.Channels + info.ConditionChannels, info.ImageHeight, info.ImageWidth);
        var labels = info.NumClasses is null ? null : tensor([0L]);

        var y = network.forward(x, tensor([1L]), AllNetworks.Context(network, batch: 1), labels, null);

        Assert.Equal([1, info.OutChannels, info.ImageHeight, info.ImageWidth], y.shape);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_constant_counts_the_live_parameters(string name)
    {
        using var network = AllNetworks.Create(name);
        Assert.Equal(
            network.parameters().Where(parameter => parameter.requires_grad).Sum(parameter => parameter.numel()),
            network.Info.ParameterCount);
        // A level knows nothing of what is inside a user's own block.
        var own = network.modules().OfType<PlainBlock>().Sum(block => block.parameters().Sum(parameter => parameter.numel()));
        Assert.Equal(network.Info.ParameterCount, network.Info.Levels.Sum(level => level.Parameters) + own);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_gives_images_of_the_out_channels_and_every_parameter_a_gradient(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        var y = network.forward(Images(network), tensor([0L, 7L]), AllNetworks.Context(network), Labels(network), null);
        Assert.Equal([2, network.Info.OutChannels, network.Info.ImageHeight, network.Info.ImageWidth], y.shape);
        y.square().sum().backward();
        Assert.All(network.named_parameters().Where(pair => pair.parameter.requires_grad), pair => Assert.NotNull(pair.parameter.grad));
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void The_network_moves_to_another_type_and_computes_in_it(string name)
    {
        using var scope = NewDisposeScope();
        using var network = AllNetworks.Create(name);
        var keys = network.state_dict().Keys.ToArray();
        network.to(ScalarType.Float64);
        Assert.Equal(keys, network.state_dict().Keys);
        var (x, context) = (Images(network).to(ScalarType.Float64), AllNetworks.Context(network)?.to(ScalarType.Float64));
        Assert.Equal(ScalarType.Float64, network.forward(x, tensor([0L, 7L]), context, Labels(network), null).dtype);
    }

    [Theory]
    [MemberData(nameof(Names))]
    public void Forward_keeps_no_tensor_alive_but_its_result(string name)
    {
        using var network = AllNetworks.Create(name);
        network.eval();
        using var x = Images(network);
        using var t = tensor([0L, 7L]);
        using var labels = Labels(network);
        using var context = AllNetworks.Context(network);
        using var noGradients = no_grad();
        network.forward(x, t, context, labels, null).Dispose();
        var before = DisposeScopeManager.Statistics.ThreadTotalLiveCount;
        network.forward(x, t, context, labels, null).Dispose();
        Assert.Equal(before, DisposeScopeManager.Statistics.ThreadTotalLiveCount);
    }

    [Fact]
    public void Forward_flops_are_those_of_every_convolution_and_linear_layer_at_its_size()
    {
        using var network = new SeedNoAttentionUNet();
        long counted = 0;
        foreach (var (key, weight) in network.state_dict().Where(entry => entry.Value.dim() >= 2))
        {
            // The image is 16 x 16, and a level's last layer works at the next one's size; a linear layer has one position.
            var side = key switch
            {
                _ when weight.dim() == 2 => 1,
                _ when key.StartsWith("downs.1.3") || key.StartsWith("downs.2") || key.StartsWith("mid") || key.StartsWith("ups.0.0")
                    || key.StartsWith("ups.0.1") => 4,
                _ when key.StartsWith("downs.0.3") || key.StartsWith("downs.1") || key.StartsWith("ups.0.3") || key.StartsWith("ups.1.0")
                    || key.StartsWith("ups.1.1") => 8,
                _ => 16,
            };
            counted += 2 * weight.numel() * side * side;
        }

        Assert.Equal(counted, network.Info.ForwardFlops);
    }

    [Fact]
    public void Constructor_takes_device_and_type()
    {
        using var network = new FourierUNet(CPU, ScalarType.Float64);
        Assert.All(network.parameters(), parameter => Assert.Equal(ScalarType.Float64, parameter.dtype));
    }

    [Fact]
    public void Constants_and_info_say_what_the_spec_says()
    {
        using var network = new ManyKeys();
        Assert.Equal((2, 12, 16, 4), (ManyKeys.Channels, ManyKeys.ImageHeight, ManyKeys.ImageWidth, ManyKeys.DownsampleFactor));
        Assert.Equal(
            (2, 12, 16, 4), (network.Info.Channels, network.Info.ImageHeight, network.Info.ImageWidth, network.Info.DownsampleFactor));
        Assert.Equal((2, network.Info.ForwardFlops), (ManyKeys.OutChannels, ManyKeys.ForwardFlops));
        Assert.True(network.Info.SelfCondition);
        Assert.Equal("Specs/Variants/many_keys.unet.yaml", network.Info.SpecPath);
        Assert.Equal(["in", "0", "1", "2", "mid", "out"], network.Info.Levels.Select(level => level.Name));
        Assert.Equal(["-", "-", "full", "linear", "-", "-"], network.Info.Levels.Select(level => level.Attention));
        Assert.Equal(ManyKeys.SpecHash, Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(network.Info.Spec))));
        Assert.Equal(
            new UNetGen.Diffusion.DiffusionOptions
            {
                Timesteps = 50,
                Schedule = UNetGen.Diffusion.BetaSchedule.Sigmoid,
                Objective = UNetGen.Diffusion.Objective.X0,
                LossWeight = UNetGen.Diffusion.LossWeight.MinSnr,
                MinSnrGamma = 4,
                Variance = UNetGen.Diffusion.Variance.FixedLarge,
            },
            network.Diffusion);
    }

    [Fact]
    public void Self_conditioning_without_a_condition_is_with_zeros()
    {
        using var scope = NewDisposeScope();
        using var network = new ManyKeys();
        nn.init.normal_(network.final_conv.weight);
        network.eval();
        var (x, t) = (Images(network), tensor([0L, 7L]));
        var without = network.forward(x, t);
        Assert.True(network.forward(x, t, labels: null, selfCondition: zeros_like(x)).allclose(without));
        Assert.False(network.forward(x, t, labels: null, selfCondition: ones_like(x)).allclose(without));
        Assert.Throws<ArgumentException>(() => network.forward(x, t, labels: null, selfCondition: ones_like(x, ScalarType.Int64)));
    }

    [Fact]
    public void A_condition_for_a_network_without_self_conditioning_is_refused()
    {
        using var scope = NewDisposeScope();
        using var network = new FourierUNet();
        var x = Images(network);
        var error = Assert.Throws<ArgumentException>(() => network.forward(x, tensor([0L, 7L]), labels: null, selfCondition: x));
        Assert.Contains("self_condition: true", error.Message);
    }

    [Fact]
    public void Images_of_another_shape_are_refused_with_both_shapes()
    {
        using var scope = NewDisposeScope();
        using var network = new FourierUNet();
        var t = tensor([0L, 7L]);
        Assert.Contains(
            "[batch, 3, 8, 8], but got [2, 1, 8, 8]",
            Assert.Throws<ArgumentException>(() => network.forward(zeros(2, 1, 8, 8), t)).Message);
        Assert.Contains(
            "[2], but got [3]", Assert.Throws<ArgumentException>(() => network.forward(zeros(2, 3, 8, 8), tensor([0L, 1L, 2L]))).Message);
    }

    [Fact]
    public void Zero_init_starts_with_a_prediction_of_zero_and_identity_branches()
    {
        using var scope = NewDisposeScope();
        using var network = new FourierUNet();
        Assert.Equal(0, network.forward(Images(network), tensor([0L, 7L])).abs().max().item<float>());
        var block = network.downs_0.block1;
        using var x = randn(2, 8, 4, 4);
        Assert.Equal(0, (block.forward(x, null) - x).abs().max().item<float>());
    }

    [Fact]
    public void Dropout_acts_in_training_and_not_in_evaluation()
    {
        using var scope = NewDisposeScope();
        using var network = new ManyKeys();
        nn.init.normal_(network.final_conv.weight);
        nn.init.normal_(((TorchSharp.Modules.Conv2d)network.mid_block1.block2.proj).weight);
        var (x, t) = (Images(network), tensor([0L, 7L]));
        network.eval();
        Assert.True(network.forward(x, t).allclose(network.forward(x, t)));
        network.train();
        Assert.False(network.forward(x, t).allclose(network.forward(x, t)));
    }

    [Fact]
    public void A_fixed_fourier_embedding_is_in_the_state_dict_and_not_trained()
    {
        using var network = new FourierUNet();
        Assert.Equal([8L], network.state_dict()["time_mlp.0.weights"].shape);
        Assert.False(((FourierPosEmb)network.time_mlp.embedding).weights.requires_grad);
        using var learned = new LearnedFourierUNet();
        Assert.True(((FourierPosEmb)learned.time_mlp.embedding).weights.requires_grad);
    }

    /// <summary>The first class and the last; null for a network without classes.</summary>
    private static Tensor? Labels(NoisePredictor network) => network.Info.NumClasses is { } classes ? tensor([0L, classes - 1L]) : null;

    /// <summary>Two, with their condition where the network takes one.</summary>
    private static Tensor Images(NoisePredictor network) => randn(
        2, network.Info.Channels + network.Info.ConditionChannels, network.Info.ImageHeight, network.Info.ImageWidth);
}
