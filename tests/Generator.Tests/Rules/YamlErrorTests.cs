using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.Text;
using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>What is no YAML, or YAML that the language leaves out.</summary>
public sealed class YamlErrorTests
{
    /// <summary>What a project lists and the compiler can't read.</summary>
    private sealed class Unreadable : AdditionalText
    {
        public override string Path => "/project/gone.unet.yaml";

        public override SourceText? GetText(CancellationToken cancellationToken = default) => null;
    }

    [Fact]
    public void A_file_that_can_t_be_read_is_not_called_empty_and_its_class_stays()
    {
        var result = CSharpGeneratorDriver.Create([new UNetGenerator().AsSourceGenerator()], [new Unreadable()])
            .RunGenerators(CSharpCompilation.Create("Shop")).GetRunResult();

        Assert.Equal(
            "/project/gone.unet.yaml(1,1): error UNG0001: the file can't be read: where it isn't there, take it out of the project's "
                + "AdditionalFiles, or put it there",
            Assert.Single(result.Diagnostics).ToString());
        Assert.Contains("class GoneUNet", Assert.Single(result.GeneratedTrees).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_list_left_open_is_shown_at_its_bracket() => Errors.In(
        """
        preset: annotated
        channel_multipliers: «[»1, 2
        dim: 16
        """,
        "UNG0001: not YAML: the list that begins here doesn't end as one, [a, b, c]");

    [Fact]
    public void A_list_left_open_in_the_last_line_is_shown_at_its_bracket() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: «[»1, 2
        """,
        "UNG0001: not YAML: the list that begins here doesn't end as one, [a, b, c]");

    [Theory]
    [InlineData("channel_multipliers: [1, «,» 4]")]
    [InlineData("channel_multipliers: [«,» 4]")]
    [InlineData("channel_multipliers: [1, 2\n  ,\n  «,» 4")]
    [InlineData("attention: {heads: 2, «,» mid: none}")]
    [InlineData("\uFEFFattention: {levels: [none,«,»none]}")]
    public void A_comma_too_many_is_shown_itself(string marked) => Errors.In(
        marked, "UNG0001: not YAML: no value stands before this comma; write one, or remove the comma");

    [Fact]
    public void A_mapping_left_open_is_shown_at_its_brace() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention: «{»heads: 2
        """,
        "UNG0001: not YAML: the mapping that begins here doesn't end as one, {a: 1, b: 2}");

    [Theory]
    [InlineData("[1, 2]")]
    [InlineData("[[1, '[', \"2]\"], [2]]")]
    public void What_follows_a_list_in_brackets_is_shown_itself(string list) => Errors.In(
        $"preset: annotated\nchannel_multipliers: {list}\n«-» x\n",
        "UNG0001: not YAML: here should be `key: value`, no deeper and no shallower than the others, with a colon and a space");

    [Fact]
    public void A_dash_without_its_space() => Errors.In(
        "preset: annotated\nchannel_multipliers:\n  - 1\n  «-2»\n  - 2\n",
        "UNG0001: not YAML: each entry of this list is a dash, a space and its value, `- 1`, one below the other; or write [1, 2, 3]");

    [Fact]
    public void A_line_without_a_colon() => Errors.In(
        """
        preset: annotated
        «image_size 16»
        channels: 3
        """,
        "UNG0001: not YAML: here should be `key: value`, no deeper and no shallower than the others, with a colon and a space");

    [Fact]
    public void A_quote_left_open() => Errors.In(
        """
        preset: «'annotated
        image_size: 16
        »
        """,
        "UNG0001: not YAML: this quote is never closed");

    [Fact]
    public void A_key_indented_too_far() => Errors.In(
        """
        preset: annotated
          image_size«»: 16
        """,
        "UNG0001: not YAML: a second colon in one value; put each `key: value` on a line of its own, no deeper than the others, "
        + "and quotes around a value with a colon");

    [Fact]
    public void Two_keys_in_a_line() => Errors.In(
        """
        preset: annotated image_size«»: 16
        """,
        "UNG0001: not YAML: a second colon in one value; put each `key: value` on a line of its own, no deeper than the others, "
        + "and quotes around a value with a colon");

    [Fact]
    public void A_value_that_begins_with_a_sign_of_YAML() => Errors.In(
        """
        name: «@»class
        """,
        "UNG0001: not YAML: a value can't begin with this character; put quotes around the value");

    [Fact]
    public void A_key_twice() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «dim»: 32
        """,
        "UNG0003: 'dim' stands twice, first in line 4; keep one of them");

    [Fact]
    public void A_key_thrice_in_a_group() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          heads: 2
          mid: none
          «heads»: 4
          «'heads'»: 4
        """,
        "UNG0003: 'heads' stands twice, first in line 7; keep one of them",
        "UNG0003: 'heads' stands twice, first in line 7; keep one of them");

    [Fact]
    public void Two_documents() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «---»
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        """,
        "UNG0009: a second document begins here; a file describes one network, so give each its own file");

    [Fact]
    public void The_first_of_two_documents_is_judged_but_for_what_may_stand_in_the_second() => Errors.In(
        """
        preset: annotated
        image_size: 15
        channels: «none»
        «dimm»: 16
        «---»
        channel_multipliers: [1, 2]
        """,
        "UNG0007: 'channels' must be a whole number from 1 to 4096, not 'none'",
        "UNG0004: unknown key 'dimm'; did you mean 'dim'?",
        "UNG0009: a second document begins here; a file describes one network, so give each its own file");

    [Fact]
    public void Lines_of_tabs_and_spaces_alone_are_blank() => GeneratorHarness.Run(
        "\t\npreset: annotated\n\t\nimage_size: 16\n \t \r\nchannels: 3\ndim: 16\nchannel_multipliers:\n\t\n  - 1\n\t\n  - 2\n"
        + "attention:\n\t\n  mid: none\n\t");

    [Fact]
    public void Two_documents_with_an_end_between_them() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        ...
        «---»
        dim: 3
        """,
        "UNG0009: a second document begins here; a file describes one network, so give each its own file");

    [Fact]
    public void An_anchor_and_its_alias_are_one_error_each() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «&wide 16»
        channel_multipliers: [1, 2]
        init_dim: «*wide»
        """,
        "UNG0010: the anchor '&wide': specs have no anchors; write the value itself",
        "UNG0010: the alias '*wide': specs have no aliases; write the value itself");

    [Fact]
    public void A_merge_key() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        attention:
          <<: «*defaults»
        """,
        "UNG0010: the alias '*defaults': specs have no aliases; write the value itself");

    [Fact]
    public void A_tag() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: «!!int 16»
        channel_multipliers: [1, 2]
        """,
        "UNG0010: the tag '!!int': specs have no tags; write the value alone");

    [Fact]
    public void A_list_instead_of_keys() => Errors.In(
        """
        «- preset: annotated
        - dim: 16»
        """,
        "UNG0007: a spec is a mapping, `key: value` on each line, not a list");

    [Fact]
    public void A_word_instead_of_keys() => Errors.In(
        """
        «annotated»
        """,
        "UNG0007: a spec is a mapping, `key: value` on each line, not 'annotated'");

    [Fact]
    public void Nothing_but_a_document_marker_is_an_empty_spec() => Errors.In(
        """
        «»---
        """,
        "UNG0006: the spec is empty; it needs at least preset, image_size, channels, dim and channel_multipliers");

    [Fact]
    public void Nothing_but_comments_is_an_empty_spec() => Errors.In(
        """
        «»# preset: annotated

        # dim: 16
        """,
        "UNG0006: the spec is empty; it needs at least preset, image_size, channels, dim and channel_multipliers");

    [Fact]
    public void An_empty_mapping() => Errors.In(
        """
        «««««{}»»»»»
        """,
        "UNG0006: 'preset' is missing: the family, and with it every default; it must be annotated, lucidrains, ddpm, adm or conditional",
        "UNG0006: 'image_size' is missing: height and width of the images, pixels; "
        + "it must be a whole number from 1 to 4096, or [height, width]",
        "UNG0006: 'channels' is missing: image channels, in and out; it must be a whole number from 1 to 4096",
        "UNG0006: 'dim' is missing: the base width; it must be an even whole number from 4 to 16384",
        "UNG0006: 'channel_multipliers' is missing: one entry per level; the level's width is dim times the entry; "
        + "it must be a list of whole numbers from 1, one per level");

    [Fact]
    public void A_key_that_is_a_list() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        «[1, 2]»: 3
        """,
        "UNG0007: a key is a word, not a list");

    [Fact]
    public void A_key_that_is_nothing() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        : «3»
        """,
        "UNG0007: a value without a key; write `key: value`");

    [Fact]
    public void Nested_too_deep() => Errors.In(
        """
        preset: annotated
        image_size: 16
        channels: 3
        dim: 16
        channel_multipliers: [1, 2]
        groups: [[[[[[[[[[[[[[[[«[»[[[]]]]]]]]]]]]]]]]]]]]
        """,
        "UNG0011: nested more than 16 deep; a spec needs two levels");

    [Fact]
    public void A_lone_colon_below_a_group() => Errors.In(
        "preset: annotated\nimage_size: 16\nchannels: 3\ndim: 16\nchannel_multipliers: [1, 2]\nattention:\n  mid: full\n:«»\n",
        "UNG0007: a value without a key; write `key: value`");

    [Fact]
    public void A_tag_that_is_none() => Errors.In(
        "preset: annotated\nimage_size«: !!]int 16»\nchannels: 3\n", "UNG0001: not YAML: this can't be read");
}
