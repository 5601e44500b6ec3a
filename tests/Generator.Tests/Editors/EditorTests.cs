using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>What an editor with the schema shows, against what the generator says: asked of the tools that editors use.</summary>
public sealed partial class EditorTests
{
    private const string Modeline = "# yaml-language-server: $schema=unet.schema.json\n";
    private const string Spec = "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]\n";

    private static readonly Lazy<IReadOnlyList<Verdict>> Verdicts = new(Judge);

    [EditorFact]
    public void No_good_spec_has_a_message_in_an_editor()
    {
        var good = Verdicts.Value.Where(verdict => verdict.Errors.Count == 0).ToList();
        Assert.True(good.Count > 400, $"{good.Count}");
        Assert.All(good, verdict => Assert.True(verdict.Answer.Accepts, $"{verdict.Spec}\n{Messages(verdict.Answer)}"));

        static string Messages(SpecAnswer answer) => string.Join('\n', [.. answer.Yaml, .. answer.Schema, .. answer.Editor]);
    }

    [EditorFact]
    public void What_an_editor_lets_pass_is_listed_rule_by_rule_with_the_reason()
    {
        var unseen = Verdicts.Value
            .Where(verdict => verdict.Answer.Accepts)
            .SelectMany(verdict => verdict.Errors)
            .Distinct()
            .Order(StringComparer.Ordinal);
        var listed = Row()
            .Matches(File.ReadAllText(Path.Combine(SpecCorpus.Root(), "docs", "schema.md")))
            .Select(match => match.Groups[1].Value);
        Assert.Equal(string.Join('\n', unseen), string.Join('\n', listed));
    }

    [EditorFact]
    public void Most_bad_specs_are_bad_to_an_editor_too()
    {
        var bad = Verdicts.Value.Where(verdict => verdict.Errors.Count > 0).ToList();
        var seen = bad.Count(verdict => !verdict.Answer.Accepts);
        Assert.True(seen * 3 > bad.Count * 2, $"{seen} of {bad.Count}");
    }

    [EditorFact]
    public void The_validator_and_the_editor_say_the_same_of_every_good_spec_s_neighbours()
    {
        // What differs is YAML, not the schema: anchors, tags, further documents, files without anything, numbers too large.
        var yamlOnly = new[] { "UNG0001", "UNG0006", "UNG0007", "UNG0008", "UNG0009", "UNG0010" };
        Assert.All(
            Verdicts.Value.Where(verdict =>
                verdict.Answer.Yaml.Count == 0 && !verdict.Errors.Any(yamlOnly.Contains) && !verdict.Spec.StartsWith('{')),
            verdict => Assert.True(verdict.Answer.Schema.Count == 0 == (verdict.Answer.Editor.Count == 0), verdict.Spec));
    }

    [EditorFact]
    public void An_editor_completes_keys_and_the_values_that_the_preset_has()
    {
        var places = new[]
        {
            "preset: |", Spec + "activation: |", Spec + "downsample: |", Spec.Replace("annotated", "adm") + "downsample: |",
            "extends: a.unet.yaml\ndownsample: |", Spec + "zero_init: |",
            Spec + "diffusion:\n  |", Spec + "attention:\n  |",
        };
        Assert.Equal(
            [
                "annotated lucidrains ddpm adm conditional", "silu gelu relu mish", "unshuffle conv conv_asymmetric avg_pool",
                "unshuffle conv conv_asymmetric avg_pool resblock",
                "unshuffle conv conv_asymmetric avg_pool resblock", "false true",
                "type timesteps schedule objective loss_weight variance clip_sample schedule_scaling beta_start beta_end",
                "heads head_dim levels resolutions mid memory_tokens",
            ],
            Look(places).Select(answer => string.Join(' ', answer.Proposals)));
        var keys = Assert.Single(Look(Spec + "|")).Proposals;
        var here = Fields.All.Where(field => field.OnlyIn.Contains(Preset.Annotated)).Select(field => field.Key.Split('.')[0]).Distinct();
        Assert.Equal(here.Where(key => !Spec.Contains(key + ":")).Order(),
            keys.Distinct().Order());
    }

    [EditorFact]
    public void Hovering_over_a_key_shows_what_it_is_and_its_default()
    {
        var hovers = Look("preset: lucidrains\ngro|ups: 8\n", "preset: adm\natten|tion: none", "preset: adm\ntime_embedding:\n  the|ta: 3",
            "blo|cks_per_level: 2");
        Assert.Equal(
            [
                "Groups of the GroupNorms. Default: 4 in annotated, 8 in lucidrains, 32 in ddpm, adm and conditional.",
                "Where the network attends, and how; or none.",
                "The lowest frequency is about 1 / theta. Default: 10000.",
                "Residual blocks per level, on the way down; on the way up it is one more. Default: 2.",
            ],
            hovers.Select(answer => answer.Hover.Split("\n\n")[1]));
    }

    [EditorFact]
    public void Our_own_specs_are_checked_by_the_schema_that_they_name()
    {
        var good = EditorTools.Ask([.. SpecCorpus.Own]).Specs;
        Assert.All(good, answer => Assert.True(answer.Accepts));
        var named = EditorTools.Ask([],
            [.. SpecCorpus.Own.Select(text => (text + "\nactivation: ", text.Length + "\nactivation: ".Length))]).Places;
        Assert.All(named, answer => Assert.Contains("mish", answer.Proposals));
    }

    /// <summary>What an editor says at the mark | of a spec that names the schema.</summary>
    private static IReadOnlyList<PlaceAnswer> Look(params string[] marked) =>
        EditorTools.Ask([], [.. marked.Select(text => (Modeline + text.Replace("|", ""), Modeline.Length + text.IndexOf('|')))]).Places;

    private static IReadOnlyList<Verdict> Judge()
    {
        var judged =
            from project in SpecCorpus.Projects
            let run = new GeneratorProject(ProjectOptions.Unbounded, project).Run()
            from spec in project
            let its = run.Diagnostics
                .Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error)
                .Where(error => error.Location.GetLineSpan().Path == GeneratorProject.Directory + spec.Path)
            select (spec.Text, Errors: (IReadOnlyList<string>)[.. its.Select(diagnostic => diagnostic.Id).Distinct()]);
        var specs = judged.ToList();
        var answers = EditorTools.Ask([.. specs.Select(spec => spec.Text)]).Specs;
        return [.. specs.Zip(answers, (spec, answer) => new Verdict(spec.Text, spec.Errors, answer))];
    }

    /// <summary>A spec, the rules that the generator says it breaks, and what editors say.</summary>
    private sealed record Verdict(string Spec, IReadOnlyList<string> Errors, SpecAnswer Answer);

    [GeneratedRegex(@"^\| \[(UNG\d{4})\]", RegexOptions.Multiline)]
    private static partial Regex Row();
}
