using UNetGen.Backends;
using UNetGen.Runtime.Tests.Golden;
using UNetGen.Runtime.Tests.Networks;
using UNetGen.Sampling;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>Generated networks, rather than functions, draw.</summary>
public class NetworkSamplingTests
{
    private static readonly Dictionary<string, Sampler> Samplers = new()
    {
        ["ddim"] = new DdimSampler(4, eta: 1),
        ["dpm"] = new DpmSolverSampler(4),
        ["heun"] = new HeunSampler(3, churn: 1),
    };

    public static TheoryData<string, string> Cases => new()
    {
        { nameof(DdpmClassesUNet), "ddim" }, { nameof(DdpmResblockUNet), "dpm" }, { nameof(AdmFullUNet), "heun" },
        { nameof(LucidrainsRmsUNet), "dpm" },
    };

    [Theory]
    [InlineData(ScalarType.Float16)]
    [InlineData(ScalarType.BFloat16)]
    [InlineData(ScalarType.Float64)]
    public void A_network_whose_weights_are_no_float32_is_told_from_the_noise(ScalarType type)
    {
        using var network = new DdpmTinyUNet(dtype: type);
        var error = Assert.Throws<UNetGenException>(() => new DdimSampler(2).Sample(network, new() { Count = 1 }));
        Assert.StartsWith(
            $"DdpmTinyUNet has weights of {type}, as conv_in.weight, and the noise that is drawn from is Float32: call "
                + "`to(ScalarType.Float32)` on the network before. To draw in 16 bits, set its `Precision`.",
            error.Message);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void A_seed_gives_the_same_pictures_whatever_the_batch_size(string network, string sampler)
    {
        using var scope = NewDisposeScope();
        using var net = AllNetworks.Create(network);
        Fill.Parameters(net);
        var options = new SamplingOptions
        {
            Count = 5,
            Seed = 2,
            Labels = net.Info.NumClasses is null ? null : [1, 0, 2],
            Guidance = net.Info.NumClasses is null ? 1 : 1.5,
        };

        // The fast kernels round in more places, and these weights, which nobody has trained, pass rounding on thousandfold.
        foreach (var (kernels, bound) in new[] { (KernelForm.Reference, 5e-4), (KernelForm.Fast, 2e-3) })
        {
            net.Kernels = kernels;
            var together = Samplers[sampler].Sample(net, options);
            Assert.True(together.isfinite().all().item<bool>());
            foreach (var size in new[] { 1, 2 })
            {
                // Convolutions and matrix products add in another order for another batch, so that the last bits differ.
                var apart = Samplers[sampler].Sample(net, options with { BatchSize = size });
                var difference = (together - apart).abs().max().item<float>();
                Assert.True(difference < bound, $"in batches of {size} pictures differ by {difference:g3}");
            }
            var rest = Samplers[sampler].Sample(net, options with { FirstImage = 3, Count = 2 });
            Assert.True((together[3..] - rest).abs().max().item<float>() < bound);
        }
    }
}
