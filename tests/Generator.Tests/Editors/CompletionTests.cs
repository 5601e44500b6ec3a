using System.Text.RegularExpressions;
using Microsoft.CodeAnalysis;
using UNetGen.Generator.Specs;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Editors;

/// <summary>What an editor inserts for what the schema proposes is right to the generator, as it is inserted.</summary>
public sealed partial class CompletionTests
{
    private const string Modeline = "# yaml-language-server: $schema=unet.schema.json\n";
    private const string Rest = "\nimage_size: 32\nchannels: 3\ndim: 64\nchannel_multipliers: [1, 2, 2]\n";

    private static readonly IReadOnlyList<string> Beginnings =
    [
        .. new[] { "annotated", "lucidrains", "ddpm", "adm", "conditional" }.Select(preset => $"preset: {preset}{Rest}"),
        $"preset: adm{Rest}diffusion:\n  loss_weight: min_snr\n  ",
        $"preset: annotated{Rest}diffusion:\n  schedule: cosine\n  ",
        $"preset: annotated{Rest}diffusion:\n  type: flow\n  ",
        $"preset: annotated{Rest}diffusion:\n  type: flow\n  timestep_sampling: mode\n  ",
        $"preset: annotated{Rest}diffusion:\n  type: edm\n  ",
        $"preset: annotated{Rest}diffusion:\n  objective: v\n  ",
        $"preset: annotated{Rest}time_embedding:\n  type: fourier\n  ",
        "extends: base.unet.yaml\n",
    ];

    [EditorFact]
    public void Whatever_key_and_value_an_editor_proposes_is_right_as_it_is_inserted()
    {
        // All places of one depth in one question: the tools take longer to start than to answer.
        var tried = new HashSet<string>();
        var open = Beginnings.Select(beginning => (Length: beginning.Length, Text: beginning)).ToList();
        for (var depth = 0; open.Count > 0; depth++)
        {
            Assert.InRange(depth, 0, 3);
            var inserted = Look([.. open.Select(place => place.Text)]).Zip(open)
                .SelectMany(pair => pair.First.Insertions.SelectMany(Choices)
                    .Select(text => pair.Second with { Text = pair.Second.Text + text }))
                .ToList();
            Assert.NotEmpty(inserted);
            open = [.. inserted.Where(place => place.Text[^1] is ' ')];
            foreach (var (length, spec) in inserted.Except(open))
            {
                var run = new GeneratorProject(("a.unet.yaml", spec), ("base.unet.yaml", $"preset: adm{Rest}")).Run();
                var errors = run.Diagnostics.Where(diagnostic => diagnostic.Severity == DiagnosticSeverity.Error);
                Assert.True(!errors.Any(), $"{spec}\n{string.Join('\n', errors)}");
                tried.Add(spec[length..]);
            }
        }

        // All keys but those of the beginnings, each word of those that have words.
        Assert.All(
            Fields.All.Where(field => !field.Required && field.Key != "extends"),
            field => Assert.Contains(tried, text => Key(field).IsMatch(text)));
        Assert.True(tried.Count > 60, string.Join("\n", tried));

        static Regex Key(Field field) => new($@"\b{field.Key.Split('.').Last()}: \S");
    }

    [EditorFact]
    public void An_empty_file_is_offered_a_whole_spec_of_each_preset()
    {
        var answer = Look([""]).Single();
        var whole = answer.Proposals.Zip(answer.Insertions)
            .Where(pair => pair.First.StartsWith("a spec of", StringComparison.Ordinal))
            .ToList();
        Assert.Equal(
            ["annotated", "lucidrains", "ddpm", "adm", "conditional"],
            whole.Select(pair => pair.Second.Split('\n')[0].Split(": ")[1]));
        Assert.All(whole, pair => GeneratorHarness.Run(Choices(pair.Second).Single()));
    }

    [EditorFact]
    public void Keys_that_would_have_no_effect_are_not_proposed()
    {
        (string Spec, string[] Proposed, string[] NotProposed)[] places =
        [
            ($"preset: lucidrains{Rest}", [], ["groups"]),
            ($"preset: lucidrains{Rest}norm: group\n", ["groups"], []),
            ($"preset: ddpm{Rest}", [], ["context_dim"]),
            ($"preset: ddpm{Rest}norm: rms\n", [], ["groups"]),
            ($"preset: adm{Rest}diffusion:\n  ", [], ["min_snr_gamma"]),
            ($"preset: adm{Rest}diffusion:\n  loss_weight: min_snr\n  ", ["min_snr_gamma"], []),
            ($"preset: adm{Rest}diffusion:\n  schedule: cosine\n  ", [], ["schedule_scaling", "type"]),
            ($"preset: adm{Rest}diffusion:\n  type: flow\n  ", ["weighting_scheme"], ["timesteps"]),
            ($"preset: adm{Rest}diffusion:\n  type: flow\n  timestep_sampling: uniform\n  ", [], ["logit_mean"]),
            ($"preset: adm{Rest}diffusion:\n  type: flow\n  timestep_sampling: mode\n  ", ["mode_scale"], []),
            ($"preset: conditional{Rest}attention:\n  ", ["layers", "linear_projection"], ["resolutions"]),
            ($"preset: ddpm{Rest}attention:\n  ", [], ["layers", "linear_projection"]),
        ];
        Assert.All(Look([.. places.Select(place => place.Spec)]).Zip(places), pair =>
        {
            Assert.Superset(pair.Second.Proposed.ToHashSet(), pair.First.Proposals.ToHashSet());
            Assert.Empty(pair.Second.NotProposed.Intersect(pair.First.Proposals));
        });
    }

    private static IReadOnlyList<PlaceAnswer> Look(IReadOnlyList<string> specs) =>
        EditorTools.Ask([], [.. specs.Select(text => (Modeline + text, Modeline.Length + text.Length))]).Places;

    /// <summary>The texts that a snippet may become without anything written: its values, or one of several.</summary>
    private static IEnumerable<string> Choices(string snippet)
    {
        var plain = Placeholder().Replace(snippet, "$1");
        return Choice().Match(plain) is { Success: true } choice
            ? choice.Groups[1].Value.Split(',').Select(value => plain.Replace(choice.Value, value, StringComparison.Ordinal))
            : [Stop().Replace(plain, "")];
    }

    [GeneratedRegex(@"\$\{\d+:([^}]*)\}")]
    private static partial Regex Placeholder();

    [GeneratedRegex(@"\$\{\d+\|([^|]*)\|\}")]
    private static partial Regex Choice();

    [GeneratedRegex(@"\$\d+")]
    private static partial Regex Stop();
}
