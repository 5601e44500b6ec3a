using System.Globalization;
using UNetGen.Diffusion;
using UNetGen.Networks;
using UNetGen.Runtime.Tests.Training;
using UNetGen.Sampling;
using UNetGen.Training;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>What is refused in the same words everywhere, and what a network of one's own may not do.</summary>
public sealed class RefusalTests
{
    private static readonly FunctionPredictor Network = new(new() { Timesteps = 10 }, 4, (x, _, _, _) => x);

    [Theory]
    [InlineData("sv-SE")]
    [InlineData("fa-IR")]
    public void A_minus_is_the_same_in_every_culture(string culture)
    {
        var before = CultureInfo.CurrentCulture;
        CultureInfo.CurrentCulture = CultureInfo.GetCultureInfo(culture);
        try
        {
            var sampler = new DdimSampler(2);
            Assert.Contains("label -3 is asked for", Refusal(new() { Labels = [-3] }));
            Assert.Contains("but -3 is to be", Refusal(new() { Labels = [1], NegativeClass = -3, Guidance = 2 }));
            Assert.Contains("not -3.", Refusal(new() { Labels = [1], Count = -3 }));
            Assert.Contains("not -3.", Refusal(new() { Labels = [1], BatchSize = -3 }));
            Assert.Contains("from number -3 on", Refusal(new() { Labels = [1], FirstImage = -3 }));
            Assert.Contains("not -3.", Assert.Throws<ArgumentOutOfRangeException>(() => new DdimSampler(-3)).Message);

            string Refusal(SamplingOptions options) => Assert.Throws<UNetGenException>(() => sampler.Sample(Network, options)).Message;
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public void A_network_whose_pass_returns_null_is_told_what_it_must_return()
    {
        using var network = new NothingNet();

        Assert.Contains(
            "a prediction is [2, 1, 8, 8], but got null.",
            Assert.Throws<ArgumentException>(() => new DdimSampler(2).Sample(network, new() { Count = 2 })).Message);
        using var trainer = new Trainer(network, new Stripes(), new() { Steps = 1, BatchSize = 2 });
        Assert.Contains(
            "a prediction is [2, 1, 8, 8], but got null.", Assert.Throws<ArgumentException>(() => trainer.Train()).Message);
    }

    [Fact]
    public void Nothing_is_no_device_and_no_network_to_average()
    {
        Assert.Throws<ArgumentNullException>("device", () => Devices.Doubts(null!));
        Assert.Throws<ArgumentNullException>("network", () => new Ema(null!));
    }

    private sealed class NothingNet : NoisePredictor
    {
        private readonly TwoConvNet inner = new();

        public NothingNet() : base(nameof(NothingNet)) => register_module("inner", inner);

        public override NetworkInfo Info => inner.Info;

        public override DiffusionOptions Diffusion => inner.Diffusion;

        public override Tensor forward(Tensor x, Tensor timesteps) => null!;
    }
}
