using System.Globalization;
using System.Text.Json;
using UNetGen.Sampling;
using UNetGen.Tests;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Sampling;

/// <summary>The noise of images as it is made without libtorch, in C# and in a browser, is libtorch's.</summary>
public class NoiseElsewhereTests
{
    // Libtorch's own vector code differs from its plain code by as much.
    private const float Tolerance = 1e-6f;

    /// <summary>Channels, side, seed and number of an image: of whole blocks of 16 values and others, of all kinds of seeds.</summary>
    public static TheoryData<int, int, long, int> Images => new()
    {
        { 1, 4, 0, 0 },
        { 1, 5, 1, 3 },
        { 3, 7, 42, 1 },
        { 1, 28, 0, 0 },
        { 1, 28, 12345678901234, 999_999 },
        { 3, 33, long.MaxValue, int.MaxValue },
        { 4, 64, 7, 35 },
    };

    [Theory]
    [MemberData(nameof(Images))]
    public void The_noise_in_plain_csharp_is_libtorchs(int channels, int side, long seed, int image)
    {
        var values = new float[channels * side * side];
        Deploy.ImageNoise.Fill(seed, image, values);
        AssertClose(OfLibtorch(channels, side, seed, image), values);
    }

    [NodeTheory]
    [MemberData(nameof(Images))]
    public void The_noise_in_a_browser_is_libtorchs(int channels, int side, long seed, int image)
    {
        var module = File.ReadAllText(Path.Combine(AppContext.BaseDirectory, "Sampling", "noise.js"));
        var output = NodeJs.Run(string.Create(
            CultureInfo.InvariantCulture,
            $"{module}\nconsole.log(JSON.stringify([...imageNoise({seed}n, {image}, {channels * side * side})]));"));
        AssertClose(OfLibtorch(channels, side, seed, image), JsonSerializer.Deserialize<float[]>(output)!);
    }

    [Fact]
    public void Images_of_fewer_values_than_a_block_are_refused() =>
        Assert.Throws<ArgumentOutOfRangeException>(() => Deploy.ImageNoise.Fill(0, 0, new float[15]));

    private static float[] OfLibtorch(int channels, int side, long seed, int image)
    {
        using var noise = new ImageNoise(FunctionPredictor.ToyInfo("toy", channels, side, false, ""), seed, image, count: 1, CPU);
        using var values = noise.Next();
        return values.data<float>().ToArray();
    }

    private static void AssertClose(float[] expected, float[] actual)
    {
        Assert.Equal(expected.Length, actual.Length);
        var differences = expected.Zip(actual, (one, other) => Math.Abs(one - other)).ToArray();
        Assert.True(differences.Max() <= Tolerance, $"at {differences.IndexOf(differences.Max())} by {differences.Max()}");
    }
}
