using TorchSharp.Modules;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>Every layer starts with PyTorch's default values: convolutions and linear layers uniform in ±1/sqrt(fan in), norms 1 and 0.</summary>
public sealed class InitialValueTests
{
    public static TheoryData<string> Networks => [nameof(AnnotatedTinyRgbUNet), nameof(LucidrainsGroupUNet), nameof(LucidrainsRmsUNet), nameof(AnnotatedRmsUNet)];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_parameter_starts_as_in_PyTorch(string name)
    {
        manual_seed(1);
        using var network = Create(name);
        var seen = new HashSet<string>();
        foreach (var (key, module) in network.named_modules())
        {
            switch (module)
            {
                case Conv2d conv:
                    Uniform(seen, key, conv.weight, conv.weight.shape[1..].Aggregate(1L, (a, b) => a * b));
                    Uniform(seen, key, conv.bias, conv.weight.shape[1..].Aggregate(1L, (a, b) => a * b));
                    break;
                case WeightStandardizedConv2d conv:
                    Uniform(seen, key, conv.weight, conv.weight.shape[1..].Aggregate(1L, (a, b) => a * b));
                    Uniform(seen, key, conv.bias, conv.weight.shape[1..].Aggregate(1L, (a, b) => a * b));
                    break;
                case Linear linear:
                    Uniform(seen, key, linear.weight, linear.weight.shape[1]);
                    Uniform(seen, key, linear.bias, linear.weight.shape[1]);
                    break;
                case GroupNorm norm:
                    Constant(seen, key + ".weight", norm.weight!, 1);
                    Constant(seen, key + ".bias", norm.bias!, 0);
                    break;
                case RMSNorm norm:
                    Constant(seen, key + ".g", norm.g, 1);
                    break;
                case LinearAttention { mem_kv: { } memory }:
                    Normal(seen, key, memory);
                    break;
                case Attention { mem_kv: { } memory }:
                    Normal(seen, key, memory);
                    break;
            }
        }

        Assert.Equal(network.parameters().Count(), seen.Count);
    }

    private static NoisePredictor Create(string name) => name switch
    {
        nameof(AnnotatedTinyRgbUNet) => new AnnotatedTinyRgbUNet(),
        nameof(LucidrainsGroupUNet) => new LucidrainsGroupUNet(),
        nameof(LucidrainsRmsUNet) => new LucidrainsRmsUNet(),
        _ => new AnnotatedRmsUNet(),
    };

    private static void Uniform(HashSet<string> seen, string key, Parameter? parameter, long fanIn)
    {
        if (parameter is null)
            return;
        Assert.True(seen.Add($"{key} {parameter.dim()}"));
        var bound = 1 / Math.Sqrt(fanIn);
        var (low, high, n) = (parameter.min().item<float>(), parameter.max().item<float>(), parameter.numel());
        Assert.InRange(low, -bound * 1.0001, bound);
        Assert.InRange(high, -bound, bound * 1.0001);
        if (n < 64)
            return;
        // Five standard errors of the moments of a uniform distribution.
        Assert.InRange(parameter.mean().item<float>(), -5 * bound / Math.Sqrt(3 * n), 5 * bound / Math.Sqrt(3 * n));
        var square = bound * bound / 3;
        Assert.InRange(parameter.square().mean().item<float>(), square * (1 - 5 * Math.Sqrt(0.8 / n)), square * (1 + 5 * Math.Sqrt(0.8 / n)));
    }

    private static void Normal(HashSet<string> seen, string key, Parameter parameter)
    {
        Assert.True(seen.Add(key + ".mem_kv"));
        var n = parameter.numel();
        Assert.InRange(parameter.mean().item<float>(), -5 / Math.Sqrt(n), 5 / Math.Sqrt(n));
        Assert.InRange(parameter.square().mean().item<float>(), 1 - 5 * Math.Sqrt(2.0 / n), 1 + 5 * Math.Sqrt(2.0 / n));
    }

    private static void Constant(HashSet<string> seen, string key, Parameter parameter, float value)
    {
        Assert.True(seen.Add(key));
        Assert.Equal(value, parameter.min().item<float>());
        Assert.Equal(value, parameter.max().item<float>());
    }
}
