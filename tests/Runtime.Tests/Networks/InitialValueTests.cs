using TorchSharp.Modules;
using UNetGen.Blocks;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Networks;

/// <summary>
/// Every layer starts with PyTorch's default values: convolutions and linear layers uniform in ±1/sqrt(fan in), embeddings and memory
/// standard normal, norms 1 and 0. With <c>zero_init</c> the last layer of each residual branch and of the network is 0.
/// </summary>
public sealed class InitialValueTests
{
    private static readonly Dictionary<string, string[]> StartAtZero = new()
    {
        [nameof(DdpmManyKeysUNet)] = ["conv2", "to_out.0", "conv_out"],
        [nameof(AdmFullUNet)] = ["out_layers.3", "proj_out", "out.2"],
        [nameof(AdmManyKeysUNet)] = ["out_layers.3", "to_out.0", "proj_out", "out.2"],
    };

    public static TheoryData<string> Networks =>
    [
        nameof(AnnotatedTinyRgbUNet), nameof(LucidrainsGroupUNet), nameof(LucidrainsRmsUNet), nameof(AnnotatedRmsUNet),
        nameof(DdpmClassesUNet), nameof(CondSd1TinyUNet), nameof(CondSd2TinyUNet),
        .. StartAtZero.Keys,
    ];

    [Theory]
    [MemberData(nameof(Networks))]
    public void Every_parameter_starts_as_in_PyTorch(string name)
    {
        manual_seed(1);
        using var network = AllNetworks.Create(name);
        var zero = StartAtZero.GetValueOrDefault(name, []);
        var seen = new HashSet<string>();
        foreach (var (key, module) in network.named_modules())
        {
            switch (module)
            {
                case Conv1d conv:
                    Layer(conv.weight, conv.bias);
                    break;
                case Conv2d conv:
                    Layer(conv.weight, conv.bias);
                    break;
                case ConvTranspose2d conv:
                    Layer(conv.weight, conv.bias);
                    break;
                case WeightStandardizedConv2d conv:
                    Layer(conv.weight, conv.bias);
                    break;
                case Linear linear:
                    Layer(linear.weight, linear.bias);
                    break;
                case GroupNorm norm:
                    Constant(seen, key + ".weight", norm.weight!, 1);
                    Constant(seen, key + ".bias", norm.bias!, 0);
                    break;
                case LayerNorm norm:
                    Constant(seen, key + ".weight", norm.weight!, 1);
                    Constant(seen, key + ".bias", norm.bias!, 0);
                    break;
                case RMSNorm norm:
                    Constant(seen, key + ".g", norm.g, 1);
                    break;
                case Embedding embedding:
                    Normal(seen, key + ".weight", embedding.weight!);
                    break;
                case FourierPosEmb embedding:
                    Normal(seen, key + ".weights", embedding.weights);
                    break;
                case LinearAttention { mem_kv: { } memory }:
                    Normal(seen, key + ".mem_kv", memory);
                    break;
                case Attention { mem_kv: { } memory }:
                    Normal(seen, key + ".mem_kv", memory);
                    break;
                case AttentionBlock { mem_kv: { } memory }:
                    Normal(seen, key + ".mem_kv", memory);
                    break;
                case QkvAttentionBlock { mem_kv: { } memory }:
                    Normal(seen, key + ".mem_kv", memory);
                    break;
            }

            void Layer(Parameter weight, Parameter? bias)
            {
                var fanIn = weight.shape[1..].Aggregate(1L, (product, size) => product * size);
                foreach (var (part, parameter) in new[] { (".weight", weight), (".bias", bias) })
                {
                    if (parameter is null)
                        continue;
                    if (zero.Any(suffix => key.EndsWith(suffix, StringComparison.Ordinal)))
                        Constant(seen, key + part, parameter, 0);
                    else
                        Uniform(seen, key + part, parameter, fanIn);
                }
            }
        }

        Assert.Equal(network.named_parameters().Select(pair => pair.name).Order(), seen.Order());
    }

    private static void Uniform(HashSet<string> seen, string key, Parameter parameter, long fanIn)
    {
        Assert.True(seen.Add(key));
        var bound = 1 / Math.Sqrt(fanIn);
        var (low, high, n) = (parameter.min().item<float>(), parameter.max().item<float>(), parameter.numel());
        Assert.InRange(low, -bound * 1.0001, bound);
        Assert.InRange(high, -bound, bound * 1.0001);
        if (n < 64)
            return;
        // Five standard errors of the moments of a uniform distribution.
        Assert.InRange(parameter.mean().item<float>(), -5 * bound / Math.Sqrt(3 * n), 5 * bound / Math.Sqrt(3 * n));
        var square = bound * bound / 3;
        Assert.InRange(
            parameter.square().mean().item<float>(), square * (1 - 5 * Math.Sqrt(0.8 / n)), square * (1 + 5 * Math.Sqrt(0.8 / n)));
    }

    private static void Normal(HashSet<string> seen, string key, Parameter parameter)
    {
        Assert.True(seen.Add(key));
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
