using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Specs that extend what isn't there, themselves, or what doesn't go together with what they say.</summary>
public sealed class ExtendsErrorTests
{
    private const string Base = """
        preset: annotated
        image_size: 32
        channels: 3
        dim: 32
        channel_multipliers: [1, 2]
        groups: 8
        """;

    private const string Alone = "UNG0021: the project has no spec base.unet.yaml; this is its only spec; "
        + "if the file is there, add it to the project: <AdditionalFiles Include=\"base.unet.yaml\" />";

    [Fact]
    public void A_misspelt_path() => Errors.In(
        [("specs/base.unet.yaml", Base), ("specs/small.unet.yaml", "extends: «bass.unet.yaml»\ndim: 16")],
        "UNG0021: the project has no spec specs/bass.unet.yaml; did you mean 'base.unet.yaml'?");

    [Fact]
    public void An_empty_path() => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", "extends: «\"\"»\ndim: 16")],
        "UNG0021: 'extends' names no spec; write the path of one, or remove the key");

    [Fact]
    public void A_path_without_its_ending() => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", "extends: «base»")],
        "UNG0021: the project has no spec base; did you mean 'base.unet.yaml'?");

    [Theory]
    [InlineData("base.yaml", "«base.yaml»")]
    [InlineData("base.yml", "«base.yml»")]
    [InlineData("base.unet.yml", "«base.unet.yml»")]
    [InlineData("base.unet.yaml ", "«'base.unet.yaml '»")]
    public void A_path_with_another_ending(string path, string marked) => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", $"extends: {marked}")],
        $"UNG0021: the project has no spec {path}; did you mean 'base.unet.yaml'?");

    [Fact]
    public void A_path_from_the_projects_folder_instead_of_the_files() => Errors.In(
        [("specs/base.unet.yaml", Base), ("specs/small.unet.yaml", "extends: «specs/base.unet.yaml» # not from here")],
        "UNG0021: the project has no spec specs/specs/base.unet.yaml; did you mean 'base.unet.yaml'?");

    [Fact]
    public void A_file_in_another_folder() => Errors.In(
        [("specs/common/base.unet.yaml", Base), ("specs/small/net.unet.yaml", "extends: «'base.unet.yaml'»")],
        "UNG0021: the project has no spec specs/small/base.unet.yaml; did you mean '../common/base.unet.yaml'?");

    [Fact]
    public void A_misspelt_file_in_another_folder() => Errors.In(
        [("specs/base.unet.yaml", Base), ("small.unet.yaml", "extends: «../spec/bases»")],
        "UNG0021: the project has no spec ../spec/bases; did you mean 'specs/base.unet.yaml'?");

    [Theory]
    [InlineData("small", "../shared/base.unet.yaml", "../shared/base.unet.yaml")]
    [InlineData("specs/small", "../../shared/base.unet.yaml", "../shared/base.unet.yaml")]
    [InlineData("../specs/small", "base.UNET.yaml", "../specs/base.UNET.yaml")]
    public void A_file_outside_the_project_is_added_by_the_line_that_the_message_shows(string spec, string path, string listed) =>
        Errors.In(
        [("other.unet.yaml", Base), (spec + ".unet.yaml", $"extends: «{path}»")], Unlisted(listed, listed));

    [Fact]
    public void The_line_says_what_means_something_else_to_XML_and_MSBuild_as_they_read_it() => Errors.In(
        [("other.unet.yaml", Base), ("small.unet.yaml", "extends: «../R&D/50% (1);$x/base.unet.yaml»")],
        Unlisted("../R&D/50% (1);$x/base.unet.yaml", "../R&amp;D/50%25 (1)%3B%24x/base.unet.yaml"));

    [Fact]
    public void A_file_outside_the_project_called_like_one_inside() => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", "extends: «../shared/base.unet.yaml»")],
        Unlisted("../shared/base.unet.yaml", "../shared/base.unet.yaml").Replace("; if", "; did you mean 'base.unet.yaml'? Else, if"));

    [Fact]
    public void A_file_on_another_drive()
    {
        var run = GeneratorHarness.RunTwice(new ProjectOptions("Shop", @"C:\shop"),
            (@"D:\specs\small.unet.yaml", "extends: ../base.unet.yaml"));
        Assert.Equal(Unlisted("D:/base.unet.yaml", "D:/base.unet.yaml"), $"UNG0021: {Assert.Single(run.Diagnostics).GetMessage()}");
    }

    [Fact]
    public void A_file_based_app_has_no_project_file_for_the_line()
    {
        var run = GeneratorHarness.RunTwice(
            new ProjectOptions("Shop", "/shop", fileBased: "true"), ("/shop/small.unet.yaml", "extends: ../base.unet.yaml"));
        Assert.Equal(
            "the project has no spec ../base.unet.yaml; if the file is there, list it in a Directory.Build.props beside the app: "
                + "<Project><ItemGroup><AdditionalFiles Include=\"../base.unet.yaml\" /></ItemGroup></Project>",
            Assert.Single(run.Diagnostics).GetMessage());
    }

    [Fact]
    public void What_no_spec_is_called_is_not_to_be_added() => Errors.In(
        [("other.unet.yaml", Base), ("small.unet.yaml", "extends: «../shared/base.yaml»")],
        "UNG0021: the project has no spec ../shared/base.yaml; it has other.unet.yaml");

    [Theory]
    [InlineData(GeneratorProject.Directory + "base.unet.yaml")]
    [InlineData("C:/project/base.unet.yaml")]
    [InlineData(@"C:\project\base.unet.yaml")]
    public void An_absolute_path(string path) => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", $"extends: «{path}»")],
        $"UNG0021: '{path}' is an absolute path, and paths in specs begin at the file's own folder, so that they hold on every machine; "
        + "did you mean 'base.unet.yaml'?");

    [Fact]
    public void Backslashes() => Errors.In(
        [("specs/base.unet.yaml", Base), ("small.unet.yaml", "extends: «specs\\base.unet.yaml»")],
        "UNG0021: 'specs\\base.unet.yaml' has a backslash, and paths in specs have slashes on every system; "
        + "did you mean 'specs/base.unet.yaml'?");

    [Theory]
    [InlineData("«specs\\middle»",
        "UNG0021: 'specs\\middle' has a backslash, and paths in specs have slashes on every system; it has derived.unet.yaml")]
    [InlineData("«[]»", "UNG0007: 'extends' must be a path to another *.unet.yaml, from this file's folder, not an empty list")]
    public void A_base_that_is_whole_but_for_its_own_path_gives_nothing_on(string marked, string problem)
    {
        (string, string)[] files = [("base.unet.yaml", $"{Base}\nextends: {marked}"), ("derived.unet.yaml", "extends: base.unet.yaml")];
        Errors.In(files, problem);
        var run = GeneratorHarness.RunTwice(null, [.. files.Select(file => (file.Item1, Errors.Strip(file.Item2).Text))]);
        Assert.Contains(", which has errors", run.Sources["derived.unet.g.cs"], StringComparison.Ordinal);
    }

    [Fact]
    public void The_only_spec_of_a_project() => Errors.In(
        "extends: «base.unet.yaml»", Alone);

    [Fact]
    public void No_name_that_is_near() => Errors.In(
        [.. "abcdefg".Select(name => ($"{name}.unet.yaml", Base)), ("small.unet.yaml", "extends: «https://example.org/networks»")],
        "UNG0021: the project has no spec https://example.org/networks; "
        + "it has a.unet.yaml, b.unet.yaml, c.unet.yaml, d.unet.yaml, e.unet.yaml and others");

    [Theory]
    [InlineData("«» ", "nothing")]
    [InlineData(" «[base.unet.yaml]»", "a list")]
    [InlineData(" «{path: base.unet.yaml}»", "a mapping of keys")]
    public void No_path(string marked, string kind) => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", $"extends:{marked}\ndim: 16")],
        $"UNG0007: 'extends' must be a path to another *.unet.yaml, from this file's folder, not {kind}");

    [Fact]
    public void A_spec_that_extends_itself() => Errors.In(
        [("specs/tiny.unet.yaml", Base + "\nextends: «../specs/tiny.unet.yaml»")],
        "UNG0022: specs/tiny.unet.yaml -> specs/tiny.unet.yaml: a spec can't extend itself");

    [Fact]
    public void A_circle_is_shown_in_each_of_its_specs_and_in_no_other() => Errors.In(
        [
            ("a.unet.yaml", "extends: «b.unet.yaml»"), ("b.unet.yaml", Base + "\nextends: «c.unet.yaml»"),
            ("c.unet.yaml", "extends: «a.unet.yaml»\ndim: 8"),
            ("d.unet.yaml", "extends: a.unet.yaml\nimage_size: 8"), ("e.unet.yaml", Base),
        ],
        "UNG0022: a.unet.yaml -> b.unet.yaml -> c.unet.yaml -> a.unet.yaml: specs can't extend one another in a circle; "
        + "let one of them extend none of the others",
        "UNG0022: b.unet.yaml -> c.unet.yaml -> a.unet.yaml -> b.unet.yaml: specs can't extend one another in a circle; "
        + "let one of them extend none of the others",
        "UNG0022: c.unet.yaml -> a.unet.yaml -> b.unet.yaml -> c.unet.yaml: specs can't extend one another in a circle; "
        + "let one of them extend none of the others");

    [Fact]
    public void A_chain_of_eight_bases_is_as_long_as_it_gets() => Errors.In(
        [("0.unet.yaml", Base),
            .. Enumerable.Range(1, 9).Select(i => ($"{i}.unet.yaml", $"extends: {(i == 9 ? "«8.unet.yaml»" : $"{i - 1}.unet.yaml")}"))],
        "UNG0011: 9.unet.yaml -> 8.unet.yaml -> 7.unet.yaml -> 6.unet.yaml -> 5.unet.yaml -> 4.unet.yaml -> 3.unet.yaml -> 2.unet.yaml "
        + "-> 1.unet.yaml -> ...: "
        + "a spec has at most 8 others to build on; let it extend a later one");

    [Fact]
    public void An_inherited_value_that_no_longer_fits_is_shown_at_the_path() => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", "# smaller\nextends: «base.unet.yaml»\ndim: 20")],
        "UNG0015: the first convolution is 20 wide (dim 20): not divisible by groups 8; use groups 4, 5, 10 or 20, or dim 24; "
        + "'groups: 8' is inherited from base.unet.yaml");

    [Fact]
    public void A_value_of_its_own_that_does_not_fit_is_shown_at_its_own_place() => Errors.In(
        [("base.unet.yaml", Base), ("small.unet.yaml", "extends: base.unet.yaml\ngroups: «24»\nimage_size: [«33», 32]")],
        "UNG0015: the first convolution is 32 wide (dim 32): not divisible by groups 24; use groups 4, 8, 16 or 32, or dim 24",
        "UNG0016: height 33 cannot halve even once: two levels need a multiple of 2; use 32 or 34, or one level");

    [Fact]
    public void Several_faults_of_inherited_values_stand_at_one_place_and_name_the_files_that_they_are_from() => Errors.In(
        [
            ("base.unet.yaml", Base + "\nattention:\n  levels: [none, linear]"),
            ("middle.unet.yaml", "extends: base.unet.yaml\nimage_size: 36"),
            ("small.unet.yaml", "extends: ««middle.unet.yaml»»\nchannel_multipliers: [1, 2, 4, 4]"),
        ],
        "UNG0016: 36 / 2 / 2 = 9 cannot halve again: four levels need a multiple of 8; use 32 or 40, or three levels; "
        + "'image_size: 36' is inherited from middle.unet.yaml",
        "UNG0026: attention.levels has two entries, but channel_multipliers has four levels; give one entry per level; "
        + "'attention.levels: [none, linear]' is inherited from base.unet.yaml");

    [Fact]
    public void A_value_that_another_preset_forbids_is_shown_at_the_path() => Errors.In(
        [
            ("base.unet.yaml",
                "preset: adm\nimage_size: 32\nchannels: 3\ndim: 32\nchannel_multipliers: [1, 2]\nblocks_per_level: [1, 3]\ndownsample: "
                + "resblock\nlearned_variance: true"),
            ("small.unet.yaml", "preset: lucidrains\nextends: ««base.unet.yaml»»"),
        ],
        "UNG0018: 'blocks_per_level' is fixed by the presets annotated and lucidrains; here it must be 2; "
        + "'blocks_per_level: [1, 3]' is inherited from base.unet.yaml",
        "UNG0018: 'downsample: resblock' is for presets ddpm, adm and conditional; here it must be unshuffle, conv, "
            + "conv_asymmetric or avg_pool; "
        + "'downsample: resblock' is inherited from base.unet.yaml");

    [Fact]
    public void Faults_of_a_base_are_shown_there_alone()
    {
        (string, string)[] files = [
            ("base.unet.yaml", Base.Replace("dim: 32", "dim: «15»")),
            ("middle.unet.yaml", "extends: base.unet.yaml\nimage_size: «36»\nchannel_multipliers: [1, 2, 4, 4]"),
            ("small.unet.yaml", "extends: middle.unet.yaml\ndim: «21»"),
        ];
        Errors.In(
            files,
            "UNG0014: dim 15: the base width must be even, from 4 to 16384; use 8 or 16",
            "UNG0016: 36 / 2 / 2 = 9 cannot halve again: four levels need a multiple of 8; use 32 or 40, or three levels",
            "UNG0014: dim 21: the base width must be even, from 4 to 16384; use 16 or 24");
        var run = GeneratorHarness.RunTwice(null, [.. files.Select(file => (file.Item1, Errors.Strip(file.Item2).Text))]);
        Assert.Equal(3, run.Sources.Values.Count(source => source.Contains(", which has errors", StringComparison.Ordinal)));
    }

    [Fact]
    public void What_is_no_YAML_or_no_key_is_shown_whatever_the_base_is() => Errors.In(
        [("base.unet.yaml", "dim: «[»"), ("small.unet.yaml", "extends: base.unet.yaml\n«dimm»: 21\nimage_size: «x»"),
            ("tiny.unet.yaml", "extends: base.unet.yaml\n«\t»dim: 3")],
        "UNG0001: not YAML: the list that begins here doesn't end as one, [a, b, c]",
        "UNG0004: unknown key 'dimm'; did you mean 'dim'?",
        "UNG0007: 'image_size' must be a whole number from 1 to 4096, or [height, width], not 'x'",
        "UNG0002: a tab indents this line; YAML indents with spaces");

    [Fact]
    public void A_misspelt_key_beside_a_missing_base() => Errors.In(
        "extends: «base.unet.yaml»\n«imagesize»: 16\npreset: annotated\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]",
        Alone,
        "UNG0004: unknown key 'imagesize'; did you mean 'image_size'?");

    [Fact]
    public void Beside_a_missing_base_all_is_judged_that_depends_on_the_specs_own_keys() => Errors.In(
        "extends: «base.unet.yaml»\npreset: lucidrains\ndim: «31»\nnorm: rms\n«groups»: 4\ndropout: «2»\nchannel_multipliers: "
        + "[1, 2]\nattention: { levels: «[full]», heads: 0.5 }".Replace("0.5", "«0.5»"),
        Alone,
        "UNG0014: dim 31: the base width must be even, from 4 to 16384; use 30 or 32",
        "UNG0018: 'groups' would have no effect: norm: rms has no groups; leave it out, or say norm: group",
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 2",
        "UNG0026: attention.levels has one entry, but channel_multipliers has two levels; give one entry per level",
        "UNG0007: 'attention.heads' must be a whole number from 1 to 16384, not '0.5'");

    [Fact]
    public void Beside_a_missing_base_nothing_is_concluded_from_what_it_may_give() => Errors.In(
        "extends: «base.unet.yaml»\ngroups: 7\ninit_dim: 9\nimage_size: 31\nattention: { heads: 5, levels: [full] }\ndiffusion: "
        + "{ variance: learned_range, min_snr_gamma: 3, timesteps: 3 }\nblocks_per_level: [1, 2, 3]",
        Alone);

    [Fact]
    public void A_base_with_an_error_hides_only_what_depends_on_the_key_where_it_stands() => Errors.In(
        [
            ("base.unet.yaml", Base.Replace("dim: 32", "dim: «28»").Replace("groups: 8", "dropout: 0.1").Replace("annotated", "ddpm")),
            ("heads.unet.yaml", "extends: base.unet.yaml\nattention: { levels: «[full]», heads: 5 }"),
            ("wide.unet.yaml", "extends: base.unet.yaml\ndim: 64\nattention: { heads: «5» }"),
        ],
        "UNG0015: the first convolution is 28 wide (dim 28): not divisible by groups 32, the preset's default; "
        + "use groups 4, 7, 14 or 28, or dim 32",
        "UNG0026: attention.levels has one entry, but channel_multipliers has two levels; give one entry per level",
        "UNG0028: level 1 is 128 wide: not divisible by heads 5; use heads 2, 4, 8 or 16");

    [Fact]
    public void Levels_of_a_base_that_are_not_known_stop_nothing() => Errors.In(
        [("base.unet.yaml", Base.Replace("[1, 2]", "«*m»")), ("small.unet.yaml", "extends: base.unet.yaml\ndropout: 0.1"),
            ("tiny.unet.yaml", "extends: base.unet.yaml\ndropout: «1»")],
        "UNG0010: the alias '*m': specs have no aliases; write the value itself",
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 1");

    [Fact]
    public void What_a_base_misspells_or_says_twice_is_not_missed_in_those_that_extend_it() => Errors.In(
        [("base.unet.yaml", Base.Replace("dim: 32", "«dimm»: 32") + "\n«groups»: 3"),
            ("small.unet.yaml", "extends: base.unet.yaml\ndropout: «1»"), ("tiny.unet.yaml", "extends: base.unet.yaml\ndim: 4")],
        "UNG0004: unknown key 'dimm'; did you mean 'dim'?",
        "UNG0003: 'groups' stands twice, first in line 6; keep one of them",
        "UNG0008: 'dropout' must be a number from 0 to below 1, not 1");

    [Fact]
    public void A_base_that_another_base_misses_is_reported_once() => Errors.In(
        [("middle.unet.yaml", "extends: «base.unet.yaml»"), ("small.unet.yaml", "extends: middle.unet.yaml\ndim: 16")],
        Alone.Replace("this is its only spec", "it has small.unet.yaml"));

    [Fact]
    public void A_key_of_its_own_without_effect_is_an_error_an_inherited_one_is_not() => Errors.In(
        [("base.unet.yaml", Base), ("rms.unet.yaml", "extends: base.unet.yaml\nnorm: rms\n«norm_eps»: 1e-3\nattention: none"),
            ("good.unet.yaml", "extends: base.unet.yaml\nnorm: rms")],
        "UNG0018: 'norm_eps' would have no effect: there is no GroupNorm here; leave it out, or say norm: group");

    private static string Unlisted(string path, string include) =>
        $"UNG0021: the project has no spec {path}; if the file is there, add it to the project: <AdditionalFiles Include=\"{include}\" />";
}
