using CsCheck;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>
/// All that is wrong with a spec shows at once: an error hides none that doesn't depend on it, and causes none that would go with it.
/// </summary>
public sealed class ErrorsAtOnceTests
{
    private readonly Dictionary<string, List<(string Id, string Message, string Line, int Column)>> answers = [];

    private sealed record Case(MistakenSpec Spec, IReadOnlyList<Mistake> Mistakes)
    {
        public override string ToString() => $"{string.Join('\n', Mistakes)}\n\n{Spec.With(Mistakes)}";
    }

    /// <summary>Some mistakes of one spec, at different keys.</summary>
    private static Gen<Case> Cases(Func<Mistake, Mistake, bool> goTogether) =>
        from spec in Gen.OneOf(MistakenSpec.All.ToArray())
        from some in Gen.OneOf(spec.Mistakes).Array[2, 8]
        select new Case(spec, some.Aggregate(
            new List<Mistake>(), (chosen, next) => chosen.All(one => goTogether(one, next)) ? [.. chosen, next] : chosen));

    [Fact]
    public void Each_mistake_alone_is_one_error_of_its_rule() => Assert.All(
        MistakenSpec.All.SelectMany(spec => spec.Mistakes.Select(mistake => (Text: spec.With(mistake), mistake.Rule))),
        mistake => Assert.Equal(mistake.Rule, Assert.Single(Found(mistake.Text).Select(found => found.Id).Distinct())));

    [Fact]
    public void Independent_mistakes_are_reported_together_as_each_is_alone() => SpecGen.ForEach(
        Cases((one, other) => one.IsIndependentOf(other)), 200,
        it => Assert.Equal(
            it.Mistakes.SelectMany(mistake => Found(it.Spec.With(mistake))).Order(), Found(it.Spec.With(it.Mistakes)).Order()));

    [Fact]
    public void Mending_a_mistake_removes_no_error_but_its_own() => SpecGen.ForEach(
        Cases((one, other) => !one.ChangesWith(other)), 150, it =>
    {
        var before = Found(it.Spec.With(it.Mistakes));
        foreach (var mended in it.Mistakes)
        {
            var text = it.Spec.With(it.Mistakes.Where(mistake => mistake != mended));
            var (its, after) = (Found(it.Spec.With(mended)), Found(text));
            var others = before.Where(found =>
                text.Contains(found.Line, StringComparison.Ordinal) && !its.Any(own => (own.Id, own.Message) == (found.Id, found.Message)));
            Assert.All(others, found => Assert.Contains((found.Id, found.Line), after.Select(still => (still.Id, still.Line))));
        }
    });

    [Fact]
    public void Mistakes_of_a_spec_are_reported_whatever_independent_one_its_base_has() => SpecGen.ForEach(
        Cases((one, other) => one.IsIndependentOf(other)).Where(it => it.Mistakes.Count > 1), 200,
        it => Assert.Equal(InDerived(it.Spec.With(), it), InDerived(it.Spec.With(it.Mistakes.Skip(1)), it)));

    [Fact]
    public void A_mistake_of_a_base_causes_no_error_in_those_that_extend_it() => SpecGen.ForEach(
        Cases((one, other) => !one.ChangesWith(other)).Where(it => it.Mistakes.Count > 1), 150,
        it => Assert.Subset(RulesInDerived(it.Spec.With(), it), RulesInDerived(it.Spec.With(it.Mistakes.Skip(1)), it)));

    [Fact]
    public void A_width_stops_only_what_divides_by_it_and_a_value_out_of_range_nothing() => Errors.In(
        """
        preset: lucidrains
        image_size: «28»
        channels: 3
        dim: «33»
        channel_multipliers: [1, 2, 4, 8]
        dropout: «2»
        diffusion: { timesteps: «10» }
        attention: { levels: «[full]» }
        """,
        "UNG0016: 28 / 2 / 2 = 7 cannot halve again: four levels need a multiple of 8; use 24 or 32, or three levels",
        "UNG0014: dim 33: the base width must be even, from 4 to 16384; use 32 or 34",
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 2",
        "UNG0020: the last beta would be 0.02 * 1000 / 10 = 2, and must be below 1; "
        + "use at least 21 timesteps, schedule_scaling: false or schedule: cosine",
        "UNG0026: attention.levels has one entry, but channel_multipliers has four levels; give one entry per level");

    [Fact]
    public void A_misspelt_key_hides_nothing() => Errors.In(
        """
        preset: lucidrains
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2, 4]
        «dropot»: 0.2
        «groups»: 8
        attention: { levels: «[full]» }
        """,
        "UNG0004: unknown key 'dropot'; did you mean 'dropout'?",
        "UNG0018: 'groups' would have no effect: norm: rms has no groups; leave it out, or say norm: group",
        "UNG0026: attention.levels has one entry, but channel_multipliers has three levels; give one entry per level");

    [Fact]
    public void What_no_preset_changes_is_judged_without_one_and_the_rest_is_not() => Errors.In(
        """
        «presett»: ddpm
        image_size: «30»
        channels: 3
        dim: 20
        channel_multipliers: [1, 2, 4]
        groups: 7
        downsample: resblock
        attention: { heads: 3 }
        diffusion: { «min_snr_gamma»: 5 }
        """,
        "UNG0004: unknown key 'presett'; did you mean 'preset'?",
        "UNG0016: 30 / 2 = 15 cannot halve again: three levels need a multiple of 4; use 28 or 32, or two levels",
        "UNG0018: 'diffusion.min_snr_gamma' would have no effect: it belongs to loss_weight: min_snr; leave it out, or say that");

    [Fact]
    public void Of_two_presets_none_counts() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 20
        channel_multipliers: [1, 2]
        downsample: resblock
        «preset»: ddpm
        """,
        "UNG0003: 'preset' stands twice, first in line 1; keep one of them");

    [Fact]
    public void What_another_projects_key_stands_for_is_not_missed() => Errors.In(
        """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        «min_snr_loss_weight»: true
        diffusion: { min_snr_gamma: 5 }
        """,
        "UNG0004: unknown key 'min_snr_loss_weight'; write `diffusion: { loss_weight: min_snr }`");

    [Fact]
    public void The_middle_attends_wherever_else_there_may_be_attention() => Errors.In(
        """
        preset: adm
        image_size: «28»
        channels: 3
        dim: 32
        channel_multipliers: [1, 2, 4, 8]
        attention: { heads: «5» }
        """,
        "UNG0016: 28 / 2 / 2 = 7 cannot halve again: four levels need a multiple of 8; use 24 or 32, or three levels",
        "UNG0028: the middle is 256 wide: not divisible by heads 5; use heads 2, 4, 8 or 16");

    [Fact]
    public void Groups_by_default_that_do_not_fit_a_width_hide_no_heads_that_do_not() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: «48»
        channel_multipliers: [1, 2]
        attention: { heads: «5» }
        """,
        "UNG0015: the first convolution is 48 wide (dim 48): not divisible by groups 32, the preset's default; "
        + "use groups 12, 16, 24 or 48, or dim 64",
        "UNG0028: level 1 is 96 wide: not divisible by heads 5; use heads 3, 4, 6 or 8");

    [Fact]
    public void Resampling_in_blocks_is_expected_only_where_the_preset_has_it() => Errors.In(
        """
        preset: lucidrains
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        «dropout»: 0.1
        blocks: { resnet: My.Block }
        downsample: «foo»
        """,
        "UNG0018: 'dropout' would have no effect: all residual blocks here are those of blocks.resnet; leave it out",
        "UNG0005: 'foo' is no value of 'downsample', which must be unshuffle, conv, conv_asymmetric or avg_pool");

    [Fact]
    public void Norms_that_stand_around_whatever_block_are_judged() => Errors.In(
        """
        preset: ddpm
        image_size: 32
        channels: 3
        dim: 48
        channel_multipliers: [«1», 2]
        blocks: { resnet: «9» }
        """,
        "UNG0015: level 0 is 48 wide (dim 48 * 1): not divisible by groups 32, the preset's default; "
        + "use groups 12, 16, 24 or 48, or dim 64",
        "UNG0012: '9' is no C# type: '9' is no identifier; write identifiers with dots between them, as My.Blocks.MyBlock");

    [Fact]
    public void A_misspelt_extends_is_no_spec_without_its_required_keys() => Errors.In(
        [("base.unet.yaml", "preset: annotated\nimage_size: 32\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]"),
            ("derived.unet.yaml", "«extend»: base.unet.yaml\ndim: 16")],
        "UNG0004: unknown key 'extend'; did you mean 'extends'?");

    [Fact]
    public void A_base_is_not_judged_where_what_should_replace_it_is_misspelt() => Errors.In(
        [
            ("base.unet.yaml",
                "preset: annotated\nimage_size: 32\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\nattention: { levels: "
                + "[full, none] }"),
            ("derived.unet.yaml", "extends: base.unet.yaml\nchannel_multipliers: [1, 2, 4]\n«atention»: { levels: [full, none, none] }"),
        ],
        "UNG0004: unknown key 'atention'; did you mean 'attention'?");

    /// <summary>The errors of a spec that has the first of the mistakes and inherits the rest.</summary>
    private static List<string> InDerived(string inherited, Case it)
    {
        var derived = "extends: base.unet.yaml\n" + (it.Spec with { Right = [] }).With(it.Mistakes[0]);
        return [.. Answer.To([("base.unet.yaml", inherited), ("derived.unet.yaml", derived)]).Run.Diagnostics
            .Where(diagnostic => diagnostic.Location.GetLineSpan().Path.EndsWith("derived.unet.yaml", StringComparison.Ordinal))
            .Select(diagnostic => $"{diagnostic}")];
    }

    /// <summary>The same without what they say: places and rules.</summary>
    private static HashSet<string> RulesInDerived(string inherited, Case it) =>
        [.. InDerived(inherited, it).Select(error => string.Join(": ", error.Split(": ").Take(2)))];

    /// <summary>Each error with its line, which no other mistake changes; columns are the line's own.</summary>
    private List<(string Id, string Message, string Line, int Column)> Found(string text) =>
        answers.TryGetValue(text, out var known) ? known : answers[text] =
    [
        .. Answer.To(text).Run.Diagnostics.Select(diagnostic => (diagnostic.Id, diagnostic.GetMessage(),
            text.Split('\n')[diagnostic.Location.GetLineSpan().StartLinePosition.Line],
            diagnostic.Location.GetLineSpan().StartLinePosition.Character)),
    ];
}
