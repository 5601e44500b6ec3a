using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Emission;

/// <summary>What one reads when hovering over a class.</summary>
public sealed class ClassDocumentationTests
{
    [Fact]
    public void One_level_is_already_a_U() => Assert.Equal(
        """
        in   1 @ 9 x 9  channels @ height x width  1 @ 9 x 9
        0    └─ 4 @ 9 x 9 ─────── skips ─────── 4 @ 9 x 9 ─┘
        mid     └────────────── 4 @ 9 x 9 ──────────────┘
        """.ReplaceLineEndings("\n"),
        Diagram(Spec("9", 1, 4, "1")));

    [Fact]
    public void Every_level_is_a_step_further_in() => Assert.Equal(
        """
        in   3 @ 256 x 256      channels @ height x width       3 @ 256 x 256
        0    └─ 128 @ 256 x 256 ───────── skips ────────── 128 @ 256 x 256 ─┘
        1       └─ 128 @ 128 x 128 ──────────────────── 128 @ 128 x 128 ─┘
        2          └─ 128 @ 64 x 64 ────────────────── 256 @ 64 x 64 ─┘
        3             └─ 256 @ 32 x 32 ──────────── 256 @ 32 x 32 ─┘
        4                └─ 256 @ 16 x 16 ────── 512 @ 16 x 16 ─┘
        5                   └─ 512 @ 8 x 8 ──── 512 @ 8 x 8 ─┘
        mid                    └────── 512 @ 8 x 8 ───────┘
        """.ReplaceLineEndings("\n"),
        Diagram(Spec("256", 3, 128, "1, 1, 2, 2, 4, 4")));

    [Fact]
    public void The_widest_and_deepest_network_fits_into_a_hundred_columns()
    {
        var lines = Documentation(Spec("4096", 4096, 256, "1, 1, 2, 2, 4, 4, 8, 8, 16, 16, 16, 16, 16"));
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
        Assert.Contains(lines, line => line.StartsWith("/// 12 ", StringComparison.Ordinal));
    }

    [Fact]
    public void Whatever_the_network_the_sides_of_the_U_stand_upright() => SpecGen.ForEach(SpecGen.Valid, 300, spec =>
    {
        var lines = Documentation(spec);
        Assert.All(lines, line => Assert.InRange(line.Length, 0, 100));
        var drawn = lines.Where(line => line.Contains('└')).ToList();
        var sides = drawn.Select(line => (Left: line.IndexOf('└'), Right: line.IndexOf('┘'))).ToList();
        Assert.All(sides.Zip(sides.Skip(1)), pair =>
            Assert.Equal(pair.Second.Left - pair.First.Left, pair.First.Right - pair.Second.Right));
        Assert.All(drawn, line => Assert.Contains("──", line, StringComparison.Ordinal));
    });

    [Theory]
    [InlineData("16", "MFLOP")]
    [InlineData("256", "GFLOP")]
    public void The_table_counts_in_a_unit_that_fits(string size, string unit) =>
        Assert.Contains(Documentation(Spec(size, 3, 64, "1, 2")), line => line.EndsWith(unit, StringComparison.Ordinal));

    [Fact]
    public void The_constructor_shows_what_the_class_shows_to_whoever_hovers_over_new() => Assert.All(Specimens.Good, spec =>
    {
        var source = GeneratorHarness.Run(spec).Source;
        var shown = source.Split("/// <code>\n").Skip(1)
            .Select(part => part.Split("/// </code>")[0].Replace("    ///", "///").TrimEnd())
            .ToList();
        Assert.Equal(2, shown.Count);
        Assert.Equal(shown[0], shown[1]);
        Assert.Contains("/// </remarks>\n    /// <param name=\"device\">", source, StringComparison.Ordinal);
    });

    private static string Spec(string size, int channels, int dim, string multipliers) =>
        $"preset: annotated\nimage_size: {size}\nchannels: {channels}\ndim: {dim}\nattention: none\nchannel_multipliers: [{multipliers}]";

    private static string Diagram(string spec) => string.Join('\n', Documentation(spec)
        .SkipWhile(line => line != "/// <code>").Skip(1).TakeWhile(line => line != "///").Select(line => line["/// ".Length..]));

    private static List<string> Documentation(string spec) =>
        [.. GeneratorHarness
            .Run(spec, ProjectOptions.Unbounded).Source.Split('\n')
            .SkipWhile(line => line != "/// <summary>")
            .TakeWhile(line => line.StartsWith("///", StringComparison.Ordinal))];
}
