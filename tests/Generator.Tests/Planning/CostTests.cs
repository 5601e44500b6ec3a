using UNetGen.Generator.Planning;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Planning;

/// <summary>What a forward pass costs, counted by hand: a product of two numbers and the sum that takes it in are two operations.</summary>
public sealed class CostTests
{
    // 8 x 8 pixels at level 0, 8 wide; 4 x 4 at level 1, 16 wide. The time embedding is 32 wide, attention has 4 heads of 32 and 4 memory
    // tokens.
    private static readonly NetworkPlan Plan = NetworkPlanner.Plan(ParsedSpec.Of("""
        preset: lucidrains
        image_size: 8
        channels: 3
        dim: 8
        channel_multipliers: [1, 2]
        """));

    [Fact]
    public void A_residual_block_costs_its_convolutions_and_its_projection_of_time()
    {
        const long first = 2 * (8 * 8) * 8 * (16 * 3 * 3); // 64 pixels of 8 channels, each from 16 channels of 3 x 3 pixels
        const long second = 2 * (8 * 8) * 8 * (8 * 3 * 3);
        const long shortcut = 2 * (8 * 8) * 8 * 16;
        const long time = 2 * 32 * (2 * 8); // to scale and shift
        Assert.Equal(238_592, first + second + shortcut + time);
        Assert.Equal(238_592, Module("final_res_block").Cost.Flops);
    }

    [Fact]
    public void Linear_attention_costs_its_convolutions_and_two_products_with_a_context()
    {
        const long qkv = 2 * (8 * 8) * (3 * 4 * 32) * 8;
        const long context = 2 * 4 * (32 * 32) * (8 * 8 + 4); // in each head, over all pixels and memory tokens
        const long result = 2 * 4 * (8 * 8) * 32 * 32;
        const long output = 2 * (8 * 8) * 8 * (4 * 32);
        Assert.Equal(1_605_632, qkv + context + result + output);
        Assert.Equal(1_605_632, Module("downs.0").Children.Single(child => child.Field == "attn").Cost.Flops);
    }

    [Fact]
    public void Full_attention_costs_its_convolutions_and_two_products_with_the_scores()
    {
        const long qkv = 2 * (4 * 4) * (3 * 4 * 32) * 16;
        const long scores = 2 * 4 * (4 * 4) * (4 * 4 + 4) * 32; // in each head, each pixel with all pixels and memory tokens
        const long result = 2 * 4 * (4 * 4) * 32 * (4 * 4 + 4);
        const long output = 2 * (4 * 4) * 16 * (4 * 32);
        Assert.Equal(425_984, qkv + scores + result + output);
        Assert.Equal(425_984, Module("mid_attn").Cost.Flops);
    }

    [Theory]
    [InlineData("annotated", 1)]
    [InlineData("lucidrains", 7)]
    [InlineData("ddpm", 3)]
    [InlineData("adm", 3)]
    public void A_condition_costs_the_first_convolution_alone(string preset, int kernel)
    {
        var spec = $"preset: {preset}\nimage_size: 16\nchannels: 4\ndim: 32\nchannel_multipliers: [1, 2]\nself_condition: true\n";
        var (plain, conditioned) =
            (NetworkPlanner.Plan(ParsedSpec.Of(spec)), NetworkPlanner.Plan(ParsedSpec.Of(spec + "condition_channels: 5")));
        Assert.Equal(plain.ParameterCount + 5 * 32 * kernel * kernel, conditioned.ParameterCount);
        Assert.Equal(plain.ForwardFlops + 2 * 16 * 16 * 5 * 32 * kernel * kernel, conditioned.ForwardFlops);
        Assert.Equal((4, 5, 4), (conditioned.Channels, conditioned.ConditionChannels, conditioned.OutChannels));
    }

    [Fact]
    public void The_network_costs_what_its_modules_cost() =>
        Assert.Equal(Plan.Modules.Sum(module => module.TotalCost.Flops), Plan.ForwardFlops);

    private static ModulePlan Module(string key) => Plan.Modules.Single(module => module.Key == key);
}
