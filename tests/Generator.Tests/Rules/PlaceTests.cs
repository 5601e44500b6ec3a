using UNetGen.Generator.Tests.Harness;

namespace UNetGen.Generator.Tests.Rules;

/// <summary>Places are exact whatever stands before them: the parser counts in its own way, Roslyn in UTF-16 units.</summary>
public sealed class PlaceTests
{
    private const string Odd = "UNG0014: dim 15: the base width must be even, from 4 to 16384; use 14 or 16";

    [Theory]
    [InlineData("preset: annotated\r\nimage_size: 16\r\nchannels: 3\r\ndim: «15»\r\nchannel_multipliers: [1]\r\n")]
    [InlineData("preset: annotated\rimage_size: 16\rchannels: 3\rdim: «15»\rchannel_multipliers: [1]")]
    [InlineData("# a\r\n# b\n# c\r\npreset: annotated\nimage_size: 16\r\n\r\nchannels: 3\ndim: «15» # d\r\nchannel_multipliers: [1]")]
    public void Whatever_ends_the_lines(string marked) => Errors.In(marked, Odd);

    [Theory]
    [InlineData("\uFEFFpreset: annotated\nimage_size: 16\nchannels: 3\ndim: «15»\nchannel_multipliers: [1]")]
    [InlineData("\uFEFFdim: «15»\npreset: annotated\nimage_size: 16\nchannels: 3\nchannel_multipliers: [1]")]
    [InlineData("\uFEFF\r\n# \U0001F600\r\ndim: «15»\r\npreset: annotated\r\nimage_size: 16\r\nchannels: 3\r\nchannel_multipliers: [1]")]
    public void After_a_byte_order_mark(string marked) => Errors.In(marked, Odd);

    [Theory]
    [InlineData("# \U0001F600\U0001F600\npreset: annotated # \U0001D54C\nimage_size: 16\nchannels: 3\ndim: «15»\nchannel_multipliers: [1]")]
    [InlineData("{ preset: annotated, name: \"Net\\u0065\", image_size: 16, channels: 3, dim: «15», channel_multipliers: [1] }")]
    [InlineData("# \u65E5\u672C\u8A9E e\u0301\npreset: annotated\nimage_size: 16\nchannels: 3\ndim: «15»   # \U0001F600\nchannel_multipliers: [1]")]
    public void After_characters_of_one_two_and_three_bytes_and_two_units(string marked) => Errors.In(marked, Odd);

    [Fact]
    public void After_characters_outside_the_basic_plane_in_the_same_line() => Errors.In(
        "{ preset: annotated, name: «\"\U0001F600\U0001D54C\"», image_size: 16, channels: 3, dim: «'15'», «\U0001F600»: 1, channel_multipliers: [1] }",
        "UNG0012: '\U0001F600\U0001D54C' is no C# identifier; use letters, digits and '_', a letter first",
        "UNG0007: 'dim' must be an even whole number from 4 to 16384, not the text '15'; leave out the quotes",
        "UNG0004: unknown key '\U0001F600'; the keys here are name, namespace, preset, image_size, channels, dim, channel_multipliers, time_emb_dim, init_dim, init_kernel, "
        + "blocks_per_level, norm, groups, norm_eps, weight_standardization, activation, dropout, time_embedding, attention, downsample, upsample, self_condition, "
        + "zero_init, learned_variance, num_classes, blocks, extends and diffusion");

    [Fact]
    public void After_tabs_between_key_and_value() => Errors.In(
        "preset:\tannotated\t# a\t\nimage_size:\t\t16\nchannels: 3\ndim:\t \t«15»\t\nchannel_multipliers:\t[1,\t2]", Odd);

    [Theory]
    [InlineData("preset: annotated«\u0085»image_size: 16", "U+0085")]
    [InlineData("preset: annotated # a comment, or not?«\u2028»image_size: 16", "U+2028")]
    [InlineData("# \U0001F600\r\n«\u2029»", "U+2029")]
    public void Characters_that_end_a_line_in_one_YAML_and_not_in_the_other(string marked, string code) =>
        Errors.In(marked, $"UNG0001: not YAML: the character {code} ends a line in YAML 1.1 and doesn't in YAML 1.2; remove it");

    [Theory]
    [InlineData("preset: annotated\r\nattention:\r\n«\t»heads: 2\r\n")]
    [InlineData("preset: annotated\nattention:\n  «\t»heads: 2\n")]
    [InlineData("\uFEFF«\t»preset: annotated\n")]
    public void A_tab_that_indents(string marked) => Errors.In(marked, "UNG0002: a tab indents this line; YAML indents with spaces");

    [Theory]
    [InlineData("preset: \U0001F600anno«\0»tated", "U+0000")]
    [InlineData("preset: annotated\r\ndim: 16«\f»", "U+000C")]
    public void Characters_that_no_text_has(string marked, string code) =>
        Errors.In(marked, $"UNG0001: not YAML: the character {code} can't stand in a spec; remove it, and save the file as UTF-8");

    // Not as inline data: an attribute is stored as UTF-8, which has no such thing.
    [Fact]
    public void Halves_of_characters()
    {
        Characters_that_no_text_has("preset: anno«\uD800»tated", "U+D800");
        Characters_that_no_text_has("preset: annotated\n# «\uDC00»\uD800", "U+DC00");
    }

    [Theory]
    [InlineData("«»")]
    [InlineData("«»\n\n")]
    [InlineData("«»\uFEFF")]
    [InlineData("«»# annotated\r\n")]
    [InlineData("«»---\n...\n")]
    public void Nothing(string marked) =>
        Errors.In(marked, "UNG0006: the spec is empty; it needs at least preset, image_size, channels, dim and channel_multipliers");
}
