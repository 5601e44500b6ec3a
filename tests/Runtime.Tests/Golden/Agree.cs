using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Golden;

/// <summary>How near two implementations in float32 have to be.</summary>
public static class Agree
{
    /// <summary>The largest difference, relative to the largest value, is at most <paramref name="tolerance"/>.</summary>
    public static void Values(float[] expected, Tensor actual, double tolerance = 1e-4)
    {
        var values = actual.detach().cpu().contiguous().data<float>().ToArray();
        Assert.Equal(expected.Length, values.Length);
        var largest = expected.Max(Math.Abs);
        var difference = expected.Zip(values, (e, a) => Math.Abs(e - a)).Max();
        Assert.True(difference <= tolerance * largest, $"differs by {difference:g4} where the largest value is {largest:g4}");
    }

    /// <summary>
    /// Every parameter's gradient has the norm of the reference's. Norms under 1e-4 are zero but for rounding: compared absolutely.
    /// </summary>
    public static void GradientNorms(IReadOnlyDictionary<string, double> expected, nn.Module network, double tolerance = 1e-3)
    {
        var actual = network.named_parameters().ToDictionary(pair => pair.name, pair => pair.parameter.grad!.norm().item<float>());
        Assert.Equal(expected.Keys.Order(), actual.Keys.Order());
        var wrong = expected
            .Where(pair => Math.Abs(pair.Value - actual[pair.Key]) > (pair.Value < 1e-4 ? 1e-4 : tolerance * pair.Value))
            .Select(pair => $"{pair.Key}: {pair.Value:g6}, not {actual[pair.Key]:g6}");
        Assert.Empty(wrong);
    }

    /// <summary>Keys, order and shapes of the state_dict are the reference's.</summary>
    public static void StateDict(IEnumerable<GoldenNetwork.Entry> expected, nn.Module network) => Assert.Equal(
        expected.Select(entry => $"{entry}"),
        network.state_dict().Select(pair => $"{new GoldenNetwork.Entry(pair.Key, pair.Value.shape)}"));
}
