using System.Text.RegularExpressions;
using CsCheck;
using UNetGen.Interop;
using static TorchSharp.torch;

namespace UNetGen.Runtime.Tests.Interop;

/// <summary>What one reads when a file doesn't fit a network: what is wrong, and what was meant, in few lines.</summary>
public sealed class StateDictReportTests
{
    private static readonly IReadOnlyList<(string Key, TensorForm Form)> Network =
        [.. AnnotatedTinyRgbUNet.Description.StateDict.Select(entry => (entry.Key, new TensorForm(entry.DType, entry.Shape)))];

    private static readonly string[] Modules = [
        "init_conv", "time_mlp", "downs.0.0", "downs.0.1.block2", "downs.1", "ups", "mid_attn.fn.norm", "final_conv"];

    private static readonly Gen<Func<string, TensorForm, (string, TensorForm)?>> Change =
        from kind in Gen.Int[0, 4]
        from module in Gen.OneOf(Modules)
        select new Func<string, TensorForm, (string, TensorForm)?>(
            (key, form) => !key.StartsWith(module, StringComparison.Ordinal) ? (key, form) : kind switch
            {
                0 => null,
                1 => ("wrapped." + key, form),
                2 => (key.Replace(module, module + "_x"), form),
                3 => (key, form with { DType = ScalarType.Float16 }),
                _ => (key, form with { Shape = [.. form.Shape, 1] }),
            });

    [Fact]
    public void A_renamed_module_is_one_line() => AssertReport(
        Rename(Rename(Network, "mid_attn.", "mid.attn."), "ups.", "up_blocks."),
        """
        98 of 169 entries agree.
          renamed:
            ups.* seems to be up_blocks.* (66 entries)
            mid_attn.* seems to be mid.attn.* (5 entries)
        """);

    [Fact]
    public void A_network_that_was_part_of_another_module_is_one_line() => AssertReport(
        [.. Rename(Network, "", "model."), ("betas", new(ScalarType.Float32, [1000]))],
        """
        0 of 169 entries agree.
          renamed:
            everything seems to be model.* (169 entries)
          unexpected:
            betas float32 [1000]
        """);

    [Fact]
    public void Modules_of_the_same_contents_are_told_apart_by_near_names_or_not_at_all() => AssertReport(
        Rename(Rename(Rename(Network, "mid_block1.", "mid_blok1."), "mid_block2.", "mid_blok2."), "downs.0.", "downs.zero."),
        """
        120 of 169 entries agree.
          renamed:
            downs.0.* seems to be downs.zero.* (29 entries)
            mid_block1.* seems to be mid_blok1.* (10 entries)
            mid_block2.* seems to be mid_blok2.* (10 entries)
        """);

    [Fact]
    public void A_misspelt_key_is_asked_after_where_its_shape_is_right() => AssertReport(
        [.. Rename(Rename(Network, "final_conv.weight", "final_konv.weight"), "init_conv.bias", "other_bias")],
        """
        167 of 169 entries agree.
          missing:
            init_conv.bias float32 [16]
            final_conv.weight float32 [3, 16, 1, 1]
          unexpected:
            other_bias float32 [16]
            final_konv.weight float32 [3, 16, 1, 1]; did you mean final_conv.weight?
        """);

    [Fact]
    public void A_file_of_another_type_is_one_line() => AssertReport(
        Network.Select(entry => (entry.Key, entry.Form with { DType = ScalarType.Float16 })),
        """
        0 of 169 entries agree.
          of another type:
            init_conv.weight and 168 more: float16, expected float32
        """);

    [Fact]
    public void Shapes_stand_side_by_side_and_only_some_of_many() => AssertReport(
        Network.Select(
            entry => entry.Key.StartsWith("downs.0.", StringComparison.Ordinal) && entry.Key.EndsWith(".weight", StringComparison.Ordinal)
            ? (entry.Key, entry.Form with { Shape = [1, .. entry.Form.Shape] }) : entry),
        """
        154 of 169 entries agree.
          of another shape:
            downs.0.0.mlp.1.weight        [1, 32, 64]        expected [32, 64]
            downs.0.0.block1.proj.weight  [1, 16, 16, 3, 3]  expected [16, 16, 3, 3]
            downs.0.0.block1.norm.weight  [1, 16]            expected [16]
            downs.0.0.block2.proj.weight  [1, 16, 16, 3, 3]  expected [16, 16, 3, 3]
            downs.0.0.block2.norm.weight  [1, 16]            expected [16]
            downs.0.1.mlp.1.weight        [1, 32, 64]        expected [32, 64]
            downs.0.1.block1.proj.weight  [1, 16, 16, 3, 3]  expected [16, 16, 3, 3]
            downs.0.1.block1.norm.weight  [1, 16]            expected [16]
            and 7 more
        """);

    [Fact]
    public void An_empty_file_lacks_the_modules() => AssertReport(
        [],
        """
        0 of 169 entries agree.
          missing:
            init_conv.* (2 entries)
            time_mlp.* (4 entries)
            downs.* (58 entries)
            ups.* (66 entries)
            mid_block1.* (10 entries)
            mid_attn.* (5 entries)
            mid_block2.* (10 entries)
            final_res_block.* (12 entries)
            and 1 more
        """);

    [Fact]
    public void Whatever_differs_every_difference_is_counted_and_the_report_is_short() => Change.Array[1, 6].Sample(
        changes =>
        {
            var given = Network.Select(entry => ((string Key, TensorForm Form)?)entry).ToList();
            foreach (var change in changes)
                given = [.. given.Select(entry => entry is { } e ? change(e.Key, e.Form) : null)];
            var comparison = new StateDictComparison(Network, given.OfType<(string, TensorForm)>());
            var report = StateDictReport.Write(comparison);
            var lines = report.Split('\n');
            Assert.InRange(lines.Length, 2, 1 + 5 * 10);
            Assert.All(lines, line => Assert.InRange(line.Length, 1, 300));
            Assert.Equal(
                Network.Count - comparison.Missing.Count - comparison.OfOtherShape.Count - comparison.OfOtherType.Count,
                int.Parse(Regex.Match(report, @"^\d+").Value));
            Assert.Equal(
                comparison.Missing.Count + comparison.Unexpected.Count + comparison.OfOtherShape.Count + comparison.OfOtherType.Count,
                comparison.Differences.Count());
        },
        iter: 300, threads: 1);

    public static TheoryData<string> Attacks => ["dots", "one long key", "many keys", "many modules", "control characters"];

    [Theory]
    [MemberData(nameof(Attacks))]
    public void No_file_makes_the_report_long(string attack)
    {
        var scalar = new TensorForm(ScalarType.Float32, []);
        IEnumerable<(string, TensorForm)> given = attack switch
        {
            "dots" => [(new string('.', 1_000_000), scalar), (string.Concat(Enumerable.Repeat("a.", 500_000)), scalar)],
            "one long key" => [(new string('a', 10_000_000), scalar)],
            "many keys" => Enumerable.Range(0, 300_000).Select(i => ($"key{i}", scalar)),
            "many modules" => Enumerable.Range(0, 9_000).Select(
                i => ($"init_conv{i}.{(i % 2 == 0 ? "weight" : "bias")}", Network[i % 2].Form)),
            _ => [("init_conv.weigh\n\u2028\0t", Network[0].Form)],
        };
        var report = StateDictReport.Write(new StateDictComparison(Network.Take(2), given));
        Assert.InRange(report.Length, 10, 3000);
        Assert.DoesNotContain(report.Replace("\n", ""), char.IsControl);
    }

    private static void AssertReport(IEnumerable<(string, TensorForm)> given, string expected) =>
        Assert.Equal(expected.ReplaceLineEndings("\n"), StateDictReport.Write(new StateDictComparison(Network, given)));

    private static IEnumerable<(string Key, TensorForm Form)> Rename(
        IEnumerable<(string Key, TensorForm Form)> entries, string from, string to) =>
        entries.Select(entry => entry.Key.StartsWith(from, StringComparison.Ordinal) ? (to + entry.Key[from.Length..], entry.Form) : entry);
}
