using System.Text.RegularExpressions;
using UNetGen.Onnx.Tests.Checker;

namespace UNetGen.Onnx.Tests;

public sealed partial class RandomSpecTests(RandomSpecs random) : IClassFixture<RandomSpecs>
{
    [Fact]
    public void Files_of_all_families_predict_what_their_networks_do() =>
        Assert.True(!random.Failures.Any(), string.Join('\n', random.Failures));

    [CheckerFact]
    public void Files_of_all_families_are_ONNX() => Assert.Empty(OnnxChecker.Complaints(random.Files));

    /// <summary>So that the comparison can't go blind: what changes a network's mathematics is in some spec, value by value.</summary>
    [Theory]
    [InlineData("preset", "annotated", "lucidrains", "ddpm", "adm", "conditional")]
    [InlineData("norm", "group", "rms")]
    [InlineData("groups", "1", "2", "3", "4", "8")]
    [InlineData("weight_standardization", "true", "false")]
    [InlineData("activation", "silu", "gelu", "relu", "mish")]
    [InlineData("init_kernel", "1", "3", "5", "7", "31")]
    [InlineData("type", "sinusoidal", "fourier", "learned_fourier")]
    [InlineData("order", "sin_cos", "cos_sin")]
    [InlineData("freq_shift", "0", "1")]
    [InlineData("theta", "2", "10000", "15000")]
    [InlineData("conditioning", "scale_shift", "add")]
    [InlineData("downsample", "unshuffle", "conv", "conv_asymmetric", "avg_pool", "resblock")]
    [InlineData("upsample", "nearest_conv", "conv_transpose", "resblock")]
    [InlineData("self_condition", "true", "false")]
    [InlineData("zero_init", "true", "false")]
    [InlineData("learned_variance", "true", "false")]
    [InlineData("num_classes", "1", "10", "1000", "null")]
    [InlineData("blocks_per_level", "1", "2", "3", "4")]
    [InlineData("mid", "none", "full", "cross")]
    [InlineData("linear_projection", "true", "false")]
    [InlineData("new_order", "true")]
    [InlineData("heads", "1", "2", "4")]
    [InlineData("channels", "1", "2", "3", "4")]
    public void All_values_of_a_key_occur(string key, params string[] values) => Assert.All(values, value =>
        Assert.Contains(random.Effective, spec => Regex.IsMatch(spec, $"^ *{key}: {value}\r?$", RegexOptions.Multiline)));

    [Theory]
    [InlineData(@"^channel_multipliers: \[\d\]$")] // one level
    [InlineData(@"^image_size: \[(\d+), (?!\1\])")] // another height than width
    [InlineData(@"^blocks_per_level: \[")]
    [InlineData(@"^init_dim: (\d+)$")]
    [InlineData(@"^norm_eps: 0.001$")]
    [InlineData(@"^condition_channels: [1-9]$")]
    [InlineData(@"^  layers: \[.*[23]")]
    [InlineData(@"^  levels: \[.*cross")]
    public void All_forms_of_a_key_occur(string pattern) =>
        Assert.Contains(random.Effective, spec => Regex.IsMatch(spec, pattern, RegexOptions.Multiline));

    [Theory]
    [InlineData("annotated|lucidrains", "linear")]
    [InlineData("annotated|lucidrains", "full")]
    [InlineData("ddpm", "full")]
    [InlineData("adm", "full")]
    public void All_kinds_of_attention_occur_with_memory_and_without(string presets, string kind)
    {
        var specs = random.Effective.Where(spec => Regex.IsMatch(spec, $"^preset: ({presets})$", RegexOptions.Multiline)
            && Regex.IsMatch(spec, $@"^  levels: \[.*{kind}", RegexOptions.Multiline)).ToList();

        Assert.Contains(specs, spec => Memory().Match(spec).Groups[1].Value == "0");
        Assert.Contains(specs, spec => Memory().Match(spec).Groups[1].Value is not ("0" or ""));
    }

    [GeneratedRegex(@"^  memory_tokens: (\d+)$", RegexOptions.Multiline)]
    private static partial Regex Memory();
}
