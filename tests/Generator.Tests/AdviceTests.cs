using System.Globalization;
using System.Text.RegularExpressions;
using CsCheck;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests;

/// <summary>Who takes an error's advice is rid of it: each value that a message proposes, put into the spec, mends that error.</summary>
public sealed partial class AdviceTests
{
    private static readonly int Specs = LongRuns.AreAsked ? 400 : 200;

    private static readonly Gen<(string Spec, int Levels)> Random =
        from levels in Gen.Int[1, 6]
        from multipliers in Gen.Int[1, 9].Array[levels]
        from dim in Gen.Int[2, 70]
        from groups in Gen.Int[1, 40]
        from withGroups in Gen.Bool
        from init in Gen.Int[1, 100]
        from withInit in Gen.Int[0, 3]
        from height in Gen.Int[1, 130]
        from width in Gen.Int[1, 130]
        from square in Gen.Bool
        select ($"""
            preset: annotated
            image_size: {(square ? $"{height}" : $"[{height}, {width}]")}
            channels: 1
            dim: {2 * dim}
            channel_multipliers: [{string.Join(", ", multipliers)}]
            {(withGroups ? $"groups: {groups}" : "")}
            {(withInit == 0 ? $"init_dim: {init}" : "")}
            """, levels);

    [Fact]
    public void Whoever_takes_the_advice_on_groups_is_rid_of_the_error()
    {
        var taken = new HashSet<string>();
        SpecGen.ForEach(Random, Specs, random =>
        {
            var errors = Count(random.Spec);
            for (var i = 0; i < errors; i++)
            {
                var message = Message(random.Spec, "UNG0015", i)!;
                var advice = GroupsAdvice().Match(message);
                Assert.True(advice.Success, message);
                foreach (var groups in Numbers(advice.Groups["groups"].Value))
                {
                    taken.Add("groups");
                    Assert.Equal(0, Count(With(random.Spec, "groups", groups)));
                }

                foreach (var key in new[] { "dim", "init_dim" })
                {
                    foreach (var width in Numbers(advice.Groups[key].Value))
                    {
                        taken.Add(key);
                        var mended = With(random.Spec, key, width);
                        Assert.Equal(errors - 1, Count(mended));
                        Assert.Null(Message(mended, "UNG0014", 0));
                    }
                }
            }
        });
        Assert.Equal(["dim", "groups", "init_dim"], taken.Order());

        static int Count(string spec) => Run(spec).Diagnostics.Count(diagnostic => diagnostic.Id == "UNG0015");
    }

    [Fact]
    public void Whoever_takes_the_advice_on_sizes_is_rid_of_the_error()
    {
        var taken = new HashSet<string>();
        SpecGen.ForEach(Random, Specs, random =>
        {
            var errors = Run(random.Spec).Diagnostics.Count(diagnostic => diagnostic.Id == "UNG0016");
            for (var i = 0; i < errors; i++)
            {
                var message = Message(random.Spec, "UNG0016", i)!;
                var advice = SizesAdvice().Match(message);
                Assert.True(advice.Success, message);
                var side = Array.IndexOf(["height", "width"], message.Split(' ')[0]);
                foreach (var size in Numbers(advice.Groups["sizes"].Value))
                {
                    taken.Add(side < 0 ? "size" : "side");
                    var left = Run(WithSize(random.Spec, side, size)).Diagnostics;
                    Assert.Equal(errors - 1, left.Count(diagnostic => diagnostic.Id == "UNG0016"));
                }

                var levels = Array.IndexOf(["", "one", "two", "three", "four", "five", "six"], advice.Groups["levels"].Value);
                Assert.InRange(levels, 1, random.Levels - 1);
                taken.Add("levels");
                var mended = Run(WithLevels(random.Spec, levels)).Diagnostics
                    .Where(diagnostic => diagnostic.Id == "UNG0016")
                    .Select(diagnostic => diagnostic.GetMessage());
                Assert.DoesNotContain(mended, other => other[..6] == message[..6]);
            }
        });
        Assert.Equal(["levels", "side", "size"], taken.Order());
    }

    [Theory]
    [InlineData("name: my-unet", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: class", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: true", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: 'null'", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("attention: false", "did you mean '(?<new>[^']+)'", "attention: NEW")]
    [InlineData("attention: None", "did you mean '(?<new>[^']+)'", "attention: NEW")]
    [InlineData("name: unet", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: 3d", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: forward", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("name: Down3", "'(?<new>[^']+)'$", "name: NEW")]
    [InlineData("norms: group", "did you mean '(?<new>[^']+)'", "NEW: group")]
    [InlineData("norm: gruop", "did you mean '(?<new>[^']+)'", "norm: NEW")]
    [InlineData("activation: swish", "did you mean '(?<new>[^']+)'", "activation: NEW")]
    [InlineData("self_condition: True", "did you mean '(?<new>[^']+)'", "self_condition: NEW")]
    [InlineData("self_condition: OFF", "did you mean '(?<new>[^']+)'", "self_condition: NEW")]
    [InlineData("zero_init: 1", "did you mean '(?<new>[^']+)'", "zero_init: NEW")]
    [InlineData("num_classes: NULL", "did you mean '(?<new>[^']+)'", "num_classes: NEW")]
    [InlineData("preset: ddpm\nimage_size: 28\ngroups: 8", "`(?<new>attention: { resol[^`]+)`",
        "preset: ddpm\nimage_size: 28\ngroups: 8\nNEW")]
    [InlineData("preset: adm\nimage_size: 4\ngroups: 8", "`(?<new>attention: { levels[^`]+)`",
        "preset: adm\nimage_size: 4\ngroups: 8\nNEW")]
    [InlineData("self-conditioning: true", "did you mean '(?<new>[^']+)'", "NEW: true")]
    [InlineData("diffusion: {timesteps: 20}", "at least (?<new>\\d+) timesteps", "diffusion: {timesteps: NEW}")]
    [InlineData("diffusion: {timesteps: 20}", "(?<new>schedule_scaling: false)", "diffusion: {timesteps: 20, NEW}")]
    [InlineData("diffusion: {timesteps: 20}", "(?<new>schedule: cosine)", "diffusion: {timesteps: 20, NEW}")]
    [InlineData("diffusion: {variance: learned_range}", "(?<new>learned_variance: true)", "NEW")]
    [InlineData("diffusion: {variance: learned_range}", "(?<new>variance: fixed_small)", "diffusion: {NEW}")]
    [InlineData("channel_multipliers: 1, 2, 2", "did you mean '(?<new>[^']+)'", "channel_multipliers: NEW")]
    [InlineData("channel_multipliers: (1, 2)", "did you mean '(?<new>[^']+)'", "channel_multipliers: NEW")]
    [InlineData("channel_multipliers: \"1,2\"", "did you mean '(?<new>[^']+)'", "channel_multipliers: NEW")]
    [InlineData("channel_multipliers: 2", "did you mean '(?<new>[^']+)'", "channel_multipliers: NEW")]
    [InlineData("preset: ddpm\ngroups: 8\nblocks_per_level: 1, 2", "did you mean '(?<new>[^']+)'",
        "preset: ddpm\ngroups: 8\nblocks_per_level: NEW")]
    [InlineData("image_size: 28 x 28", "did you mean '(?<new>[^']+)'", "image_size: NEW")]
    [InlineData("image_size: 28, 32", "did you mean '(?<new>[^']+)'", "image_size: NEW")]
    [InlineData("dim: 1.6e1", "did you mean '(?<new>[^']+)'", "dim: NEW")]
    [InlineData("dim: 16.0", "did you mean '(?<new>[^']+)'", "dim: NEW")]
    [InlineData("dropout: 0,1", "did you mean '(?<new>[^']+)'", "dropout: NEW")]
    [InlineData("diffusion: {timesteps: 1e3}", "did you mean '(?<new>[^']+)'", "diffusion: {timesteps: NEW}")]
    [InlineData("diffusion: {timesteps: 1_000}", "did you mean '(?<new>[^']+)'", "diffusion: {timesteps: NEW}")]
    [InlineData("attention: [none, full]", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("attention: [16]", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("attention: linear", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("attention: Full", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("attention: 8", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("attention: true", "; (?<new>)leave it out", "NEW")]
    [InlineData("time_embedding: fourier", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("time_embedding: add", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("diffusion: cosine", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("diffusion: 500", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("blocks: My.Block", "`(?<new>[^`]+)`", "NEW")]
    [InlineData("init_dim: '16'", "text '(?<new>16)'; leave out the quotes", "init_dim: NEW")]
    public void Whoever_takes_other_advice_is_rid_of_the_error_too(string line, string advice, string mended)
    {
        // A line of another preset or size takes the place of this one's.
        string[] all = ["preset: annotated\n", "image_size: 16\n", "channels: 3\n", "dim: 16\n", "channel_multipliers: [1, 2]\n"];
        var spec = string.Concat(all.Where(own => !$"\n{line}".Contains($"\n{own.Split(':')[0]}:", StringComparison.Ordinal)));
        var message = Assert.Single(Run(spec + line).Diagnostics).GetMessage();
        var match = Regex.Match(message, advice);
        Assert.True(match.Success, message);
        GeneratorHarness.Run(spec + mended.Replace("NEW", match.Groups["new"].Value));
    }

    private static GeneratorRun Run(string spec) => GeneratorHarness.RunTwice(null, ("a.unet.yaml", spec));

    private static string? Message(string spec, string rule, int index) =>
        Run(spec).Diagnostics.Where(diagnostic => diagnostic.Id == rule).ElementAtOrDefault(index)?.GetMessage();

    private static IEnumerable<int> Numbers(string text) =>
        Digits().Matches(text).Select(match => int.Parse(match.Value, CultureInfo.InvariantCulture));

    private static string With(string spec, string key, int value) =>
        string.Join('\n', spec.Split('\n').Where(line => !line.StartsWith(key + ":", StringComparison.Ordinal)).Append($"{key}: {value}"));

    private static string WithSize(string spec, int side, int size) => Regex.Replace(
        spec, @"image_size: (\[(\d+), (\d+)\]|\d+)",
        match => side switch
        {
            0 => $"image_size: [{size}, {match.Groups[3].Value}]",
            1 => $"image_size: [{match.Groups[2].Value}, {size}]",
            _ => $"image_size: {size}",
        });

    private static string WithLevels(string spec, int levels) => Regex.Replace(
        spec, @"channel_multipliers: \[(.*)\]",
        match => $"channel_multipliers: [{string.Join(", ", match.Groups[1].Value.Split(", ").Take(levels))}]");

    [GeneratedRegex(@"; use groups (?<groups>[\d, or]+?)(, or dim (?<dim>\d+))?(, or init_dim (?<init_dim>[\d or]+))?$")]
    private static partial Regex GroupsAdvice();

    [GeneratedRegex(@"; use (?<sizes>[\d or]+), or (?<levels>\w+) levels?$")]
    private static partial Regex SizesAdvice();

    [GeneratedRegex(@"\d+")]
    private static partial Regex Digits();
}
